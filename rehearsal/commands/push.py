"""`slipway push-rehearsal`: a local repository whose push triggers a rehearsal."""

import argparse
import sys
from pathlib import Path

from rehearsal.push.origin import make_origin
from slipway.cli.arguments import add_command

_EPILOG = """\
exit codes:
  0    the repository is ready
  1    git fails
  2    arguments are not acceptable

example:
  slipway push-rehearsal build/origin.git --rehearse "--rows 3600"
  git push build/origin.git HEAD:refs/heads/main
  open build/origin.git/rehearsals/*/report.html
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "push-rehearsal",
        run,
        summary="make a local repository whose push triggers a rehearsal",
        description="Make a bare repository that checks, deploys and rehearses each push, as delivery does on AWS.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add("repository", type=Path, metavar="DIR", help="where the bare repository is made")
    add("--branch", default="main", help="pushes to other branches do nothing (default: %(default)s)")
    add(
        "--checks",
        default="make check test",
        metavar="COMMAND",
        help="run first in the pushed commit; '' for none (default: %(default)s)",
    )
    add("--rehearse", default="", metavar="ARGUMENTS", help="passed to `slipway rehearse`, such as '--rows 3600'")


def run(arguments: argparse.Namespace) -> int:
    """Make the repository and print how to push to it."""
    make_origin(arguments.repository, branch=arguments.branch, checks=arguments.checks, rehearse=arguments.rehearse)
    sys.stdout.write(f"push to it with: git push {arguments.repository} HEAD:refs/heads/{arguments.branch}\n")
    return 0
