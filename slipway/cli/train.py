"""`slipway train`: start the deployed training pipeline."""

import argparse
import sys
from typing import TYPE_CHECKING

from slipway.cli.arguments import add_command, add_starter, add_use_case, deployed_stage, log
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.operations.deployed_stage import DeployedStage
    from slipway.operations.pipeline_executions import Trainer

_EPILOG = """\
The inputs of a run are the deployed definition (settings, image) and the objects below data/ in the data bucket. The
description of each run has the fingerprint of both; --if-changed starts nothing if it equals that of an earlier run.
With --wait, the run is recorded in SageMaker Experiments and MLflow at its end, as `slipway track` does.

exit codes:
  0    a run was started (with --wait: it succeeded), or nothing has changed
  1    the run failed, an earlier run with the same inputs failed, or AWS refuses a call
  2    settings or arguments are not acceptable

examples:
  slipway train --wait
  slipway train --config config/shoppers.toml --stage prod --if-changed --commit "$(git rev-parse HEAD)"
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "train",
        run,
        summary="start the deployed training pipeline",
        description="Start the training pipeline that is deployed in the account of your AWS credentials.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    add = parser.add_argument
    add("--data-uri", metavar="S3_URI", help="the folder of the table (default: data/ in the data bucket)")
    add("--commit", default="unknown", help="the package's provenance (default: %(default)s)")
    add("--if-changed", action="store_true", help="only if steps, settings or data differ from those of earlier runs")
    add_starter(parser)
    add("--wait", action="store_true", help="wait for the end of the run, and report each change of its status")


def run(arguments: argparse.Namespace) -> int:
    """Start a run, or report why none is needed."""
    from slipway.operations.pipeline_executions import Trainer  # noqa: PLC0415 — boto3 takes a while

    with deployed_stage(arguments) as stage:
        return _train(Trainer(stage), arguments)


def _train(trainer: "Trainer", arguments: argparse.Namespace) -> int:
    inputs = trainer.inputs(arguments.data_uri)
    if arguments.if_changed and (last := trainer.last_with(inputs)):
        sys.stdout.write(f"nothing has changed since {last.arn} ({last.status})\n")
        return 1 if last.status == "Failed" else 0
    arn = trainer.start(inputs, commit=arguments.commit)
    sys.stdout.write(f"started {arn}\n")
    if not arguments.wait:
        return 0
    ended = trainer.wait(arn, lambda status: sys.stderr.write(f"{status}\n"))
    if ended.reason:
        log(ended.reason)
    _track(trainer.stage, arn)
    return 0 if ended.status == "Succeeded" else 1


def _track(stage: "DeployedStage", arn: str) -> None:
    """Record the run; its own end counts, whatever becomes of that."""
    from slipway.operations.tracking import track  # noqa: PLC0415

    try:
        for line in track(stage.client("sagemaker"), stage.client("s3"), arn, experiment=stage.names.prefix).in_words:
            log(line)
    except SlipwayError as exc:
        log(f"not tracked: {exc}; `slipway track {arn.rsplit('/', 1)[-1]}` tries again")
