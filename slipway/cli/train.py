"""`slipway train`: start the deployed training pipeline."""

import argparse
import sys
from typing import TYPE_CHECKING

from slipway.cli.use_case import add_use_case
from slipway.settings import load_settings

if TYPE_CHECKING:
    from slipway.operations.training import Trainer

_EPILOG = """\
exit codes:
  0    a run was started (and, with --wait, succeeded), or nothing has changed
  1    the run failed, the last one with the same inputs had failed, or AWS refuses
  2    settings or arguments are not acceptable

A run depends on the deployed definition (settings, image) and on the objects below data/ in the data bucket. A run's
description holds the fingerprint of both; --if-changed starts nothing when it is the last run's.

examples:
  slipway train --wait
  slipway train --config config/shoppers.toml --stage prod --if-changed --commit "$(git rev-parse HEAD)"
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "train",
        help="start the deployed training pipeline",
        description="Start the training pipeline that is deployed in the account of the environment's credentials.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_use_case(parser)
    add = parser.add_argument
    add("--data-uri", metavar="S3_URI", help="the folder of the table (default: data/ in the data bucket)")
    add("--commit", default="unknown", help="provenance of the package (default: %(default)s)")
    add("--if-changed", action="store_true", help="only if steps, settings or data differ from those of the last run")
    add("--starter", action="store_true", help="take on the use case's starter role first, as delivery does")
    add("--wait", action="store_true", help="follow the run to its end")


def run(arguments: argparse.Namespace) -> int:
    """Start a run, or say why not."""
    from slipway.operations.account import Account  # noqa: PLC0415 — boto3 takes a while, and --help needs none
    from slipway.operations.errors import plainly  # noqa: PLC0415
    from slipway.operations.training import Trainer  # noqa: PLC0415

    account = Account(load_settings(arguments.config, arguments.stage), as_starter=arguments.starter)
    with plainly():
        return _train(Trainer(account), arguments)


def _train(trainer: "Trainer", arguments: argparse.Namespace) -> int:
    inputs = trainer.inputs(arguments.data_uri)
    if arguments.if_changed and (last := trainer.last_with(inputs)):
        sys.stdout.write(f"nothing has changed since {last.arn} ({last.status})\n")
        return 1 if last.status == "Failed" else 0
    arn = trainer.start(inputs, commit=arguments.commit)
    sys.stdout.write(f"started {arn}\n")
    if not arguments.wait:
        return 0
    ended = trainer.wait(arn, _tell)
    if ended.reason:
        sys.stderr.write(f"slipway: {ended.reason}\n")
    return 0 if ended.status == "Succeeded" else 1


def _tell(status: str) -> None:
    sys.stderr.write(f"{status}\n")
