"""`slipway smoke`: check the deployed stacks, and that the endpoint responds."""

import argparse
import sys

from slipway.cli.arguments import add_command, add_starter, add_use_case, deployed_stage

_EPILOG = """\
The row is made from the contract of the model package that the endpoint stack names. The function
USE_CASE-STAGE-smoke-test sends it, as it does in each rollout, at most three times. A serverless endpoint gets two
minutes to start, an asynchronous one fifteen: it may have no instances at first.

A stack whose last update was rolled back is not in order, with one exception: if a rollout did that update of the
endpoint stack, the rollout was rejected, and the endpoint must respond with the model that served before.

exit codes:
  0    every stack is in order, and the endpoint returns a score for a row, or serves no model yet
  1    something is not in order, or AWS refuses a call
  2    settings or arguments are not acceptable

examples:
  slipway smoke
  slipway smoke --config config/shoppers.toml --stage prod --starter
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "smoke",
        run,
        summary="check what is deployed, and that the endpoint responds",
        description="Check a use case's stacks and send a row to its endpoint, as delivery does after a deployment.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    add_starter(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each check."""
    from slipway.operations.smoke import smoke  # noqa: PLC0415 — boto3 takes a while, and --help needs none

    with deployed_stage(arguments) as stage:
        passed, failed = smoke(stage)
    for line in passed:
        sys.stdout.write(f"ok      {line}\n")
    for line in failed:
        sys.stdout.write(f"NOT ok  {line}\n")
    return 1 if failed else 0
