"""Every command of `slipway`, and the choice of one."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from rehearsal.commands import (
    carry,
    cost,
    destroy,
    lint,
    models,
    monitor,
    push,
    quotas,
    rehearse,
    rollout,
    simulate,
    smoke,
    train,
)

COMMANDS = (rehearse, simulate, lint, train, smoke, rollout, carry, push, models, monitor, cost, quotas, destroy)


def run(argv: Sequence[str] | None) -> int:
    """Run the command that `argv` names; the return value is the process's exit code."""
    parser = argparse.ArgumentParser(prog="slipway", description="Launch machine-learning models safely.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    arguments = parser.parse_args(argv)
    code: int = arguments.run(arguments)
    return code


class _Version(argparse.Action):
    """As argparse's own, which would have it looked up at every start."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"{parser.prog} {version('slipway')}\n")
        parser.exit()
