"""`slipway smoke`: whether what was deployed stands and serves."""

import argparse
import sys

from slipway.cli.use_case import add_use_case
from slipway.settings import load_settings

_EPILOG = """\
exit codes:
  0    every stack has settled, and the endpoint answers a row with a score, or serves nothing yet
  1    something is not as it should be, or AWS refuses
  2    settings or arguments are not acceptable

The row is made from the contract of the model package that the endpoint stack names, and sent by the function
USE_CASE-STAGE-smoke-test, which also tests each rollout: it tries three times. A serverless endpoint gets two minutes.

A stack whose last update was undone is not in order. The endpoint's is, if a rollout did that update: it was refused,
and what served before must answer.

examples:
  slipway smoke
  slipway smoke --config config/shoppers.toml --stage prod --starter
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "smoke",
        help="check what is deployed, and that the endpoint answers",
        description="Look at a use case's stacks and send its endpoint a row, as delivery does after a deployment.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_use_case(parser)
    parser.add_argument("--starter", action="store_true", help="take on the use case's starter role first")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each thing looked at."""
    from slipway.operations.account import Account  # noqa: PLC0415 — boto3 takes a while, and --help needs none
    from slipway.operations.errors import plainly  # noqa: PLC0415
    from slipway.operations.smoke import smoke  # noqa: PLC0415

    account = Account(load_settings(arguments.config, arguments.stage), as_starter=arguments.starter)
    with plainly():
        good, bad = smoke(account)
    for line in good:
        sys.stdout.write(f"ok      {line}\n")
    for line in bad:
        sys.stdout.write(f"NOT ok  {line}\n")
    return 1 if bad else 0
