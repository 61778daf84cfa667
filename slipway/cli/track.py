"""`slipway track`: record an execution of the training pipeline in SageMaker Experiments and MLflow."""

import argparse
import dataclasses

from slipway.cli.arguments import add_command, add_json, add_use_case, deployed_stage, write
from slipway.errors import InputError

_EPILOG = """\
In SageMaker Experiments, the trial that the pipeline made of the execution gets the jobs of its search and the figures
of its evaluation, which SageMaker leaves out.

With MLFLOW_TRACKING_URI, MLflow gets a run for the execution and one inside it for each training job and for the
evaluation, with hyperparameters, metrics, commit, data and model package, in the experiment named after the use case
and stage. Everything is read from the account; no job needs a connection to MLflow.

`slipway train --wait` and `slipway rehearse` do the same by themselves. Repeating it changes nothing.

exit codes:
  0    the execution is recorded
  1    it has not ended yet, there is none, or AWS or MLflow refuses a call
  2    settings or arguments are not acceptable, there is nowhere to record it, or MLflow is not installed

examples:
  slipway track
  MLFLOW_TRACKING_URI=https://mlflow.example.com slipway track --stage prod
  slipway track k3h2f7wqz1ab --stage prod --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "track",
        run,
        summary="record an execution of the training pipeline in SageMaker Experiments and MLflow",
        description="Record an execution of the training pipeline in SageMaker Experiments, and in MLflow.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "execution", nargs="?", metavar="EXECUTION", help="its id or ARN (default: the newest that has ended)"
    )
    add_use_case(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Record the execution wherever there is a place for it."""
    from slipway.operations.mlflow_tracking import TRACKING_URI  # noqa: PLC0415 — boto3 takes a while
    from slipway.operations.tracking import execution_arn, track  # noqa: PLC0415

    with deployed_stage(arguments) as stage:
        arn = execution_arn(stage, arguments.execution)
        made = track(stage.client("sagemaker"), stage.client("s3"), arn, experiment=stage.names.prefix)
    lines = list(made.in_words)
    if not lines:
        raise InputError(f"{TRACKING_URI} must be set to track {arn}, whose pipeline has training.experiments off")
    write(arguments, dataclasses.asdict(made), lambda: "".join(f"{line}\n" for line in lines))
    return 0
