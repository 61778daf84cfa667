"""`slipway rollout`: see, approve, pause, resume or abort a rollout, and verify its audit log."""

import argparse
import dataclasses
from typing import TYPE_CHECKING

from slipway.cli.arguments import add_command, add_json, add_number, add_use_case, confirmed, deployed_stage, log, write
from slipway.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.operations.audit_log import Recorder
    from slipway.operations.deployed_stage import DeployedStage

_ACTION_EPILOG = """\
exit codes:
  0    done
  1    refused, nothing to act on, or AWS refuses a call
  2    settings or arguments are not acceptable

example:
  slipway rollout {}
"""
_EPILOG = """\
The commands act in the account of your AWS credentials; with AWS_ENDPOINT_URL, in an embedded AWS. Every change is
recorded in the endpoint's audit log: the intention before, the outcome after.

exit codes:
  0    done
  1    refused, nothing to act on, or AWS refuses a call
  2    settings or arguments are not acceptable

examples:
  slipway rollout status
  slipway rollout approve --package 7 --reason "reviewed by Ada"
  slipway rollout pause --reason "sale weekend" --stage prod
  slipway rollout resume --reason "sale is over" --stage prod
  slipway rollout abort --reason "support sees wrong offers"
  slipway rollout audit --json
"""

_STATUS = """\
Show what the endpoint serves, the rollouts under way with their alarms, an experiment under way with its arms, and the
versions to approve.
"""

_APPROVE = """\
Approve a version of the model package group, which starts its rollout through every gate, canary and alarm; nothing is
skipped. While rollouts are paused, the rollout waits until `slipway rollout resume`.
"""

_PAUSE = """\
Let no rollout begin from now on: an approved one waits before its gates and before its update. Deployments of the
stacks do not end the pause; `slipway rollout resume` does. A rollout that waits for three days is rejected, and its
package must be approved again. Rejecting the live model still restores the model before it.

An update that has begun continues, because SageMaker cannot pause a bake; `slipway rollout abort` rolls it back.

No experiment begins either. One under way goes on with the weights as they are, and nothing is decided until the pause
ends; `slipway experiment stop` ends it.
"""

_RESUME = """\
End a pause: the rollouts that wait continue. A bake under way cannot be shortened, because SageMaker has no call for
that.
"""

_ABORT = """\
End the rollout that is under way. If it waits or is in its gates, it is rejected before it changes anything. If it is
updating the endpoint, the new fleet's alarm is made to fire, and SageMaker's own rollback returns every request to the
old fleet. In both cases the package is rejected, with your reason.
"""

_AUDIT = """\
List who did what. Every entry has the hash of the one before it, so an entry that was edited, removed, swapped or
inserted is found. Whether the newest entries are missing is found only with --head: a hash that you noted at your last
audit, or one from the log of the audit function.
"""

_ACTIONS = {
    "status": ("show what serves, what is being rolled out, and what waits", _STATUS, "status --stage prod"),
    "approve": (
        "approve a version, which starts its rollout",
        _APPROVE,
        'approve --package 7 --reason "reviewed by Ada"',
    ),
    "pause": ("let no rollout begin from now on", _PAUSE, 'pause --reason "sale weekend"'),
    "resume": ("end a pause", _RESUME, 'resume --reason "sale is over"'),
    "abort": ("end the rollout that is under way", _ABORT, 'abort --reason "support sees wrong offers"'),
    "audit": ("list who did what, and verify that no entry was changed", _AUDIT, "audit --head HASH"),
}
"""Summary, description and example of each; a change has --reason."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "rollout",
        help="see, approve, pause, resume or abort a rollout",
        description="Follow and control what happens between an approved model and a live one.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True)
    _action(actions, "status", _status)
    approve = _action(actions, "approve", _approve)
    approve.add_argument("--package", required=True, metavar="N|ARN", help="the version, by number or ARN")
    approve.add_argument("--reapprove", action="store_true", help="approve it although it was rejected before")
    approve.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    _action(actions, "pause", _pause)
    _action(actions, "resume", _resume)
    abort = _action(actions, "abort", _abort)
    wait = "how long to wait until the rollout has ended"
    add_number(abort, "--timeout", 1, 36_000, default=1800, metavar="SECONDS", about=wait)
    audit = _action(actions, "audit", _audit)
    audit.add_argument("--head", metavar="HASH", help="a hash that must be among the entries")


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: "Callable[[argparse.Namespace, DeployedStage], int]",
) -> argparse.ArgumentParser:
    def run_on_stage(arguments: argparse.Namespace) -> int:
        with deployed_stage(arguments) as stage:
            return run(arguments, stage)

    summary, description, example = _ACTIONS[name]
    epilog = _ACTION_EPILOG.format(example)
    parser = add_command(actions, name, run_on_stage, summary=summary, description=description, epilog=epilog)
    add_use_case(parser)
    if "--reason" in example:
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why; recorded in the audit log")
    add_json(parser)
    return parser


def _recorder(stage: "DeployedStage") -> "Recorder":
    from slipway.operations.audit_log import AuditLog, Recorder  # noqa: PLC0415

    return Recorder(AuditLog.of(stage), stage.caller, warn=log)


def _status(arguments: argparse.Namespace, stage: "DeployedStage") -> int:
    from slipway.cli.rollout_text import status_text  # noqa: PLC0415
    from slipway.operations.status import status  # noqa: PLC0415

    found = status(stage)
    write(arguments, dataclasses.asdict(found), lambda: status_text(stage.names.endpoint, found))
    return 0


def _approve(arguments: argparse.Namespace, stage: "DeployedStage") -> int:
    from slipway.cli.rollout_text import approval_text  # noqa: PLC0415
    from slipway.operations.approving import approve, check_approval  # noqa: PLC0415

    approval = check_approval(stage, arguments.package, reapprove=arguments.reapprove)
    question = f"{approval_text(stage.names.endpoint, approval)}Continue? [y/N] "
    if not arguments.yes and not confirmed(question, answers=("y", "yes", "Y", "YES", "Yes")):
        log("nothing was changed")
        return 1
    done = approve(stage, _recorder(stage), approval, reason=_reason(arguments))
    waits = "; it waits until `slipway rollout resume --reason …`, because rollouts are paused"
    text = done + (waits if approval.paused else "")
    write(arguments, {"package": approval.package.arn, "done": done, "paused": approval.paused}, lambda: f"{text}\n")
    return 0


def _pause(arguments: argparse.Namespace, stage: "DeployedStage") -> int:
    from slipway.operations.experiments import under_way  # noqa: PLC0415
    from slipway.operations.pausing import pause  # noqa: PLC0415

    pending = pause(stage, _recorder(stage), reason=_reason(arguments))
    text = f"rollouts of {stage.names.endpoint} are paused; `slipway rollout resume --reason …` ends the pause\n"
    if pending:
        text += (
            f"an update to {pending.config} is under way and continues, because SageMaker cannot pause a "
            "bake; `slipway rollout abort --reason …` rolls it back\n"
        )
    experiment = under_way(stage)
    if experiment and experiment.is_paused:
        text += (
            "the experiment goes on with the weights as they are, and nothing is decided until the pause ends; "
            "`slipway experiment stop --reason …` ends it\n"
        )
    found = {
        "paused": True,
        "under_way": pending and dataclasses.asdict(pending),
        "experiment": experiment and experiment.execution,
    }
    write(arguments, found, lambda: text)
    return 0


def _resume(arguments: argparse.Namespace, stage: "DeployedStage") -> int:
    from slipway.operations.pausing import resume  # noqa: PLC0415

    resume(stage, _recorder(stage), reason=_reason(arguments))
    write(arguments, {"paused": False}, lambda: f"rollouts of {stage.names.endpoint} continue\n")
    return 0


def _abort(arguments: argparse.Namespace, stage: "DeployedStage") -> int:
    from slipway.operations.aborting import Abort  # noqa: PLC0415
    from slipway.operations.polling import Polling  # noqa: PLC0415

    polling = Polling(longest_wait_seconds=3, timeout_seconds=arguments.timeout)
    abort = Abort(stage, _recorder(stage), report=log, polling=polling)
    ended = abort.run(reason=_reason(arguments))
    write(arguments, {"ended": ended}, lambda: f"{ended}\n")
    return 0


def _audit(arguments: argparse.Namespace, stage: "DeployedStage") -> int:
    from slipway.cli.rollout_text import audit_text  # noqa: PLC0415
    from slipway.operations.audit_log import AuditLog  # noqa: PLC0415
    from slipway.rollout.audit import verify  # noqa: PLC0415

    entries = AuditLog.of(stage).entries()
    broken = verify(entries, head=arguments.head)
    write(arguments, {"entries": entries, "broken_at": broken}, lambda: audit_text(entries, broken))
    return 0 if broken is None else 1


def _reason(arguments: argparse.Namespace) -> str:
    reason: str = arguments.reason.strip()
    # The registry allows a description of 1,024 characters.
    if not 1 <= len(reason) <= 1000 or not reason.isprintable():
        raise InputError(f"--reason must be 1..1000 printable characters, got {len(reason)}")
    return reason
