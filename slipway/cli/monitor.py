"""`slipway monitor`: compare the endpoint's recent requests with the data that its model was trained on."""

import argparse
import dataclasses
from typing import TYPE_CHECKING

from slipway.cli.arguments import add_command, add_json, add_number, add_use_case, deployed_stage, write
from slipway.training.monitoring_job import MOST_HOURS

if TYPE_CHECKING:
    from slipway.operations.monitoring_run import MonitoringResult

_EPILOG = """\
Runs the job of monitoring.schedule now, in your account, on the requests that data capture has written to S3. It takes
some minutes; its reports stay in the artifacts bucket.

exit codes:
  0    no violations
  1    there are no requests, the job failed, or AWS refuses a call
  2    settings or arguments are not acceptable
  3    the reports have violations

examples:
  slipway monitor
  slipway monitor --stage prod --hours 6 --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "monitor",
        run,
        summary="run the monitoring job now on the endpoint's recent requests",
        description="Statistics, constraints and violations of the last hours, in the format of Model Monitor.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    add_number(parser, "--hours", 1, MOST_HOURS, default=1, whole=True, about="so many hours back from now")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the job and print what it found."""
    from slipway.operations.monitoring_run import run_monitoring  # noqa: PLC0415 — boto3 takes a while

    with deployed_stage(arguments) as stage:
        found = run_monitoring(stage, hours=int(arguments.hours))
    write(arguments, dataclasses.asdict(found), lambda: _text(found))
    return 3 if found.violations else 0


def _text(found: "MonitoringResult") -> str:
    lines = [found.message]
    for violation in found.violations:
        about = violation.get("feature_name") or violation.get("metric_name")
        lines.append(f"  {about}: {violation['constraint_check_type']}: {violation['description']}")
    lines.append(f"reports: {found.reports}")
    return "".join(f"{line}\n" for line in lines)
