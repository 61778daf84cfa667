"""`slipway rollout`: see what a rollout does, hold it, let it go, or end it."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from slipway.cli.numbers import bounded
from slipway.cli.use_case import add_use_case
from slipway.errors import InputError
from slipway.settings import load_settings

if TYPE_CHECKING:
    from slipway.operations.audit_log import Recorder
    from slipway.operations.site import Site

_EPILOG = """\
The account is the one your AWS credentials are of; AWS_ENDPOINT_URL leads to an embedded one. Everything that is
changed is recorded in the endpoint's audit log, the intention first and the outcome after.

exit codes:
  0    done
  1    refused, nothing to act on, or AWS cannot be asked
  2    settings or arguments are not acceptable

examples:
  slipway rollout status
  slipway rollout pause --reason "sale weekend" --stage prod
  slipway rollout promote --reason "sale is over" --stage prod
  slipway rollout promote --package 7 --reason "reviewed by Ada"
  slipway rollout abort --reason "support sees wrong offers"
  slipway rollout audit --json
"""

_PAUSE = """\
No rollout begins from now on: one that is approved waits before its gates and before its update. Deployments
of the stacks do not let it go; `promote` does. A rollout that waits for three days is refused, and is approved anew.
Rejecting the live model goes back to the one before it all the same.

An update that has begun goes on: SageMaker has no call that pauses a bake. `abort` sends it back.
"""

_PROMOTE = """\
Without --package: what `pause` holds goes on. With --package: approve a version of the registry group, which
starts its rollout through every gate, canary and alarm; nothing is skipped.

A bake under way cannot be shortened: SageMaker has no call for it.
"""

_ABORT = """\
A rollout that is held or in its gates is refused before it changes anything. One that updates the endpoint is
sent back by a verdict of 2 on the new fleet's metric: its alarm fires, and SageMaker's own rollback brings every
request back to the old fleet. Either way the package is rejected, with the reason.
"""

_AUDIT = """\
Every entry holds the hash of the one before it, so that an entry that was edited, removed, swapped or inserted
is found. That the newest ones are gone shows only with --head: a hash that you noted when you looked last, or one
from the log of the audit function.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "rollout",
        help="see, hold, let go or end a rollout",
        description="What happens between an approved model and a live one, and an operator's hand in it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True)
    _action(actions, "status", "what serves, what is on its way, what waits", _status)
    _action(actions, "pause", "let no rollout begin from now on", _pause, _PAUSE, changes=True)
    promote = _action(actions, "promote", "let go what is held, or approve a package", _promote, _PROMOTE, changes=True)
    promote.add_argument("--package", metavar="N|ARN", help="the version to approve, by number or ARN")
    promote.add_argument("--reapprove", action="store_true", help="even if it was rejected")
    promote.add_argument("--yes", action="store_true", help="do not ask")
    abort = _action(actions, "abort", "end the rollout that is under way", _abort, _ABORT, changes=True)
    abort.add_argument(
        "--timeout",
        type=bounded(1, 36_000),
        default=1800.0,
        metavar="SECONDS",
        help="how long to wait for the endpoint to be back, 1..36000 (default: %(default)g)",
    )
    audit = _action(actions, "audit", "list who did what, and verify that nothing of it was changed", _audit, _AUDIT)
    audit.add_argument("--head", metavar="HASH", help="a hash that must be among the entries")


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    help_: str,
    run: "Callable[[argparse.Namespace, Site], int]",
    description: str = "",
    *,
    changes: bool = False,
) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        name,
        help=help_,
        description=description or help_,
        epilog="exit codes: 0 done, 1 refused or nothing to act on, 2 settings or arguments are not acceptable",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=_on_site(run))
    add_use_case(parser)
    if changes:
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why; it goes into the audit log")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    return parser


def _on_site(run: "Callable[[argparse.Namespace, Site], int]") -> Callable[[argparse.Namespace], int]:
    def bound(arguments: argparse.Namespace) -> int:
        # boto3 takes a while to import, and --help needs none of it.
        from slipway.operations.account import Account  # noqa: PLC0415
        from slipway.operations.errors import plainly  # noqa: PLC0415
        from slipway.operations.site import Site  # noqa: PLC0415

        settings = load_settings(arguments.config, arguments.stage)
        with plainly():
            site = Site(settings, Account(settings))
            _ = site.caller  # of the stage's account, or nothing is even read
            return run(arguments, site)

    return bound


def _recorder(site: "Site") -> "Recorder":
    from slipway.operations.audit_log import AuditLog, Recorder  # noqa: PLC0415

    return Recorder(AuditLog.of(site), site.caller, warn=_warn)


def _status(arguments: argparse.Namespace, site: "Site") -> int:
    from slipway.cli.told import status_told  # noqa: PLC0415
    from slipway.operations.status import status  # noqa: PLC0415

    found = status(site)
    _answer(arguments, dataclasses.asdict(found), lambda: status_told(site.names.endpoint, found))
    return 0


def _pause(arguments: argparse.Namespace, site: "Site") -> int:
    from slipway.operations.pausing import pause  # noqa: PLC0415

    paused = pause(site, _recorder(site), reason=_reason(arguments))
    text = f"rollouts of {site.names.endpoint} are held; `slipway rollout promote --reason …` lets them go\n"
    if paused.under_way:
        text += (
            f"an update to {paused.under_way.config} is under way and goes on: SageMaker cannot pause a bake; "
            "`slipway rollout abort --reason …` sends it back\n"
        )
    _answer(arguments, {"hold": "hold", **dataclasses.asdict(paused)}, lambda: text)
    return 0


def _promote(arguments: argparse.Namespace, site: "Site") -> int:
    if arguments.package:
        return _approve(arguments, site)
    if arguments.reapprove:
        raise InputError("--reapprove needs --package")
    from slipway.operations.pausing import let_go  # noqa: PLC0415

    let_go(site, _recorder(site), reason=_reason(arguments))
    _answer(arguments, {"hold": "go"}, lambda: f"rollouts of {site.names.endpoint} go on\n")
    return 0


def _approve(arguments: argparse.Namespace, site: "Site") -> int:
    from slipway.cli.told import approval_told  # noqa: PLC0415
    from slipway.operations.approving import approve, consider  # noqa: PLC0415

    approval = consider(site, arguments.package, reapprove=arguments.reapprove)
    if not arguments.yes and not _agreed(approval_told(site.names.endpoint, approval)):
        _warn("nothing was changed")
        return 1
    done = approve(site, _recorder(site), approval, reason=_reason(arguments))
    waits = "; it waits until `slipway rollout promote --reason …`, since rollouts are held"
    text = done + (waits if approval.held else "")
    _answer(arguments, {"package": approval.package.arn, "done": done, "held": approval.held}, lambda: f"{text}\n")
    return 0


def _abort(arguments: argparse.Namespace, site: "Site") -> int:
    from slipway.operations.aborting import Abort, Pace  # noqa: PLC0415

    abort = Abort(site, _recorder(site), tell=_warn, pace=Pace(timeout_seconds=arguments.timeout))
    ended = abort.run(reason=_reason(arguments))
    _answer(arguments, {"ended": ended}, lambda: f"{ended}\n")
    return 0


def _audit(arguments: argparse.Namespace, site: "Site") -> int:
    from slipway.cli.told import audit_told  # noqa: PLC0415
    from slipway.operations.audit_log import AuditLog  # noqa: PLC0415
    from slipway.rollout.audit import verify  # noqa: PLC0415

    entries = AuditLog.of(site).entries()
    broken = verify(entries, head=arguments.head)
    _answer(arguments, {"entries": entries, "broken_at": broken}, lambda: audit_told(entries, broken))
    return 0 if broken is None else 1


def _reason(arguments: argparse.Namespace) -> str:
    reason: str = arguments.reason.strip()
    # Below what the registry takes as a description, with room for nothing else.
    if not 1 <= len(reason) <= 1000 or not reason.isprintable():
        raise InputError(f"reason must be 1..1000 printable characters, got {len(reason)}")
    return reason


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise InputError("nobody is there to ask: add --yes")
    sys.stderr.write(f"{question}Go on? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _answer(arguments: argparse.Namespace, found: dict[str, Any], text: Callable[[], str]) -> None:
    sys.stdout.write(json.dumps(found, indent=2, default=_plain) + "\n" if arguments.json else text())


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _warn(line: str) -> None:
    sys.stderr.write(f"slipway: {line}\n")
