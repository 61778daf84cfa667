"""`slipway monitor`: what the endpoint was asked lately, held against what its model was trained on."""

import argparse
import dataclasses
import json
import sys
from typing import TYPE_CHECKING

from slipway.cli.numbers import bounded
from slipway.cli.use_case import add_use_case
from slipway.settings import load_settings
from slipway.training.monitoring_job import MOST_HOURS

if TYPE_CHECKING:
    from slipway.operations.monitoring import Examined

_EPILOG = """\
Runs the job of monitoring.schedule now, in your account, on the requests that data capture has put in S3; it takes
some minutes, and its reports stay in the artifacts bucket.

exit codes:
  0    examined, and nothing is wrong
  1    nothing to examine, the job failed, or AWS cannot be asked
  2    settings or arguments are not acceptable
  3    examined, and the reports hold violations

examples:
  slipway monitor
  slipway monitor --stage prod --hours 6 --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "monitor",
        help="examine now what the endpoint was asked and answered",
        description="Statistics, constraints and violations of the last hours, in the format of Model Monitor.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_use_case(parser)
    parser.add_argument(
        "--hours",
        type=bounded(1, MOST_HOURS, whole=True),
        default=1,
        metavar="N",
        help=f"so many hours back from now, 1..{MOST_HOURS} (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the job and tell what it found."""
    # boto3 takes a while to import, and --help needs none of it.
    from slipway.operations.account import Account  # noqa: PLC0415
    from slipway.operations.errors import plainly  # noqa: PLC0415
    from slipway.operations.monitoring import examine_now  # noqa: PLC0415
    from slipway.operations.site import Site  # noqa: PLC0415

    settings = load_settings(arguments.config, arguments.stage)
    with plainly():
        found = examine_now(Site(settings, Account(settings)), hours=int(arguments.hours))
    sys.stdout.write(json.dumps(dataclasses.asdict(found), indent=2) + "\n" if arguments.json else _told(found))
    return 3 if found.violations else 0


def _told(found: "Examined") -> str:
    lines = [found.message]
    for violation in found.violations:
        about = violation.get("feature_name") or violation.get("metric_name")
        lines.append(f"  {about}: {violation['constraint_check_type']}: {violation['description']}")
    lines.append(f"reports: {found.reports}")
    return "".join(f"{line}\n" for line in lines)
