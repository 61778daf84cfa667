"""`slipway experiment`: let several approved models serve shares of the users, and see which one earns the most."""

import argparse
import dataclasses
from typing import TYPE_CHECKING

from slipway.cli.arguments import add_command, add_json, add_use_case, deployed_stage, log, write
from slipway.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.operations.audit_log import Recorder
    from slipway.operations.deployed_stage import DeployedStage

_EPILOG = """\
exit codes:
  0    done
  1    refused, nothing to act on, or AWS refuses a call
  2    settings or arguments are not acceptable

example:
  slipway experiment {}
"""
_OVERVIEW = """\
Needs [experiment] in the settings, deployed. The commands act in the account of your AWS credentials; every change is
recorded in the endpoint's audit log. `slipway lint --requests-per-second N` says whether your traffic is enough.

exit codes:
  0    done
  1    refused, nothing to act on, or AWS refuses a call
  2    settings or arguments are not acceptable

examples:
  slipway experiment start --package 7 --reason "is version 7 better?"
  slipway experiment status --json
  slipway experiment stop --reason "sale weekend"
"""
_START = """\
Add challengers beside the live model, the champion, and move shares of the users by what outcomes say. Each challenger
passes the gates and a smoke test first. At the planned size one test decides: a challenger that has won is rolled out
as every approved version is, otherwise the champion stays. While rollouts are paused, no experiment begins.
"""
_STOP = """\
End the experiment: the challengers are removed, and the champion serves all users.
"""
_STATUS = "Show what each arm has earned, the weights, and how far the experiment is."
_ACTIONS = {
    "start": ("add challengers beside the live model", _START, 'start --package 7 --reason "is version 7 better?"'),
    "stop": ("end the experiment; the champion stays", _STOP, 'stop --reason "sale weekend"'),
    "status": ("show what the arms have earned", _STATUS, "status --json"),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "experiment",
        help="compare approved models on live users, by outcomes",
        description="Start, stop or follow an A/B test or a bandit on the live endpoint.",
        epilog=_OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True)
    start = _action(actions, "start", _start)
    start.add_argument(
        "--package",
        action="append",
        default=[],
        metavar="N|ARN",
        help="a challenger, by number or ARN; repeatable (default: the newest approved versions)",
    )
    _action(actions, "stop", _stop)
    _action(actions, "status", _status)


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: "Callable[[argparse.Namespace, DeployedStage], int]",
) -> argparse.ArgumentParser:
    def run_on_stage(arguments: argparse.Namespace) -> int:
        with deployed_stage(arguments) as stage:
            return run(arguments, stage)

    summary, description, example = _ACTIONS[name]
    parser = add_command(
        actions, name, run_on_stage, summary=summary, description=description, epilog=_EPILOG.format(example)
    )
    add_use_case(parser)
    if "--reason" in example:
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why; recorded in the audit log")
    add_json(parser)
    return parser


def _start(arguments: argparse.Namespace, stage: "DeployedStage") -> int:
    from slipway.operations.experiments import start  # noqa: PLC0415

    execution = start(stage, _recorder(stage), arguments.package, reason=_reason(arguments))
    text = f"the experiment on {stage.names.endpoint} begins; `slipway experiment status` follows it\n"
    write(arguments, {"execution": execution}, lambda: text)
    return 0


def _stop(arguments: argparse.Namespace, stage: "DeployedStage") -> int:
    from slipway.operations.experiments import stop  # noqa: PLC0415

    execution = stop(stage, _recorder(stage), reason=_reason(arguments))
    text = f"the challengers of {stage.names.endpoint} are being removed; `slipway experiment status` shows when\n"
    write(arguments, {"execution": execution}, lambda: text)
    return 0


def _status(arguments: argparse.Namespace, stage: "DeployedStage") -> int:
    from slipway.cli.experiment_text import experiment_text  # noqa: PLC0415
    from slipway.operations.experiments import status  # noqa: PLC0415

    found = status(stage)
    write(arguments, dataclasses.asdict(found), lambda: experiment_text(found))
    return 0


def _recorder(stage: "DeployedStage") -> "Recorder":
    from slipway.operations.audit_log import AuditLog, Recorder  # noqa: PLC0415

    return Recorder(AuditLog.of(stage), stage.caller, warn=log)


def _reason(arguments: argparse.Namespace) -> str:
    reason: str = arguments.reason.strip()
    if not 1 <= len(reason) <= 1000 or not reason.isprintable():
        raise InputError(f"--reason must be 1..1000 printable characters, got {len(reason)}")
    return reason
