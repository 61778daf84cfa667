"""`slipway smoke`: whether what was deployed stands."""

import argparse
import sys

from blueprint.settings import load_settings
from rehearsal.commands.use_case import add_use_case

_EPILOG = """\
exit codes:
  0    every stack has settled and the endpoint, if there is one, is in service
  1    something is not as it should be
  2    settings or arguments are not acceptable
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "smoke",
        help="check what is deployed",
        description="Look at the stacks and the endpoint of a use case, as delivery does after a deployment.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_use_case(parser)
    parser.add_argument("--starter", action="store_true", help="take on the use case's starter role first")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each thing looked at."""
    from rehearsal.operations.account import Account  # noqa: PLC0415 — boto3 takes a while, and --help needs none
    from rehearsal.operations.smoke import smoke  # noqa: PLC0415

    account = Account(load_settings(arguments.config, arguments.stage), as_starter=arguments.starter)
    good, bad = smoke(account)
    for line in good:
        sys.stdout.write(f"ok      {line}\n")
    for line in bad:
        sys.stdout.write(f"NOT ok  {line}\n")
    return 1 if bad else 0
