"""`slipway track`: log an execution of the training pipeline to MLflow."""

import argparse
import dataclasses
from typing import TYPE_CHECKING

from slipway.cli.arguments import add_command, add_json, add_use_case, deployed_stage, write
from slipway.errors import InputError

if TYPE_CHECKING:
    from slipway.operations.mlflow_tracking import MlflowRun

_EPILOG = """\
Makes one run for the execution and one inside it for each training job and for the evaluation, with hyperparameters,
metrics, commit, data and model package, in the experiment named after the use case and stage. Everything is read from
the account; no job needs a connection to MLflow. An execution that is logged already is not logged again.

`slipway train --wait` and `slipway rehearse` do the same by themselves where MLFLOW_TRACKING_URI is set.

exit codes:
  0    the execution is logged
  1    it has not ended yet, there is none, or AWS or MLflow refuses a call
  2    settings or arguments are not acceptable, MLFLOW_TRACKING_URI is not set, or MLflow is not installed

examples:
  MLFLOW_TRACKING_URI=https://mlflow.example.com slipway track
  slipway track k3h2f7wqz1ab --stage prod --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "track",
        run,
        summary="log an execution of the training pipeline to MLflow",
        description="Log an execution of the training pipeline to the MLflow server of MLFLOW_TRACKING_URI.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "execution", nargs="?", metavar="EXECUTION", help="its id or ARN (default: the newest that has ended)"
    )
    add_use_case(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Log the execution, or find that it is logged."""
    from slipway.operations.mlflow_tracking import TRACKING_URI, tracking_uri  # noqa: PLC0415 — boto3 takes a while
    from slipway.operations.tracking import execution_arn, track  # noqa: PLC0415

    if tracking_uri() is None:
        raise InputError(f"{TRACKING_URI} must be set to the MLflow server to log to, got none")
    with deployed_stage(arguments) as stage:
        arn = execution_arn(stage, arguments.execution)
        made = track(stage, arn)
    write(arguments, {"execution": arn, **dataclasses.asdict(made)}, lambda: f"{tracked_text(arn, made)}\n")
    return 0


def tracked_text(execution: str, made: "MlflowRun") -> str:
    already = "already " if made.again else ""
    return f"execution {execution} is {already}logged to MLflow: run {made.run_id} in experiment {made.experiment}"
