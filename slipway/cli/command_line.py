"""The parser of `slipway` with all of its commands."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from typing import Any, Protocol

from slipway.cli import cost, destroy, lint, models, monitor, promote, quotas, rollout, simulate, smoke, train
from slipway.cli.old_names import refuse_old_name
from slipway.errors import InputError

COMMANDS = (simulate, lint, train, smoke, rollout, promote, models, monitor, cost, quotas, destroy)
PLUGINS = "slipway.commands"
"""The entry points that add a command, each a module like those above; `rehearsal` declares its own."""


class Command(Protocol):
    """A module with one subcommand."""

    def add_parser(self, commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None: ...


def run(argv: Sequence[str] | None) -> int:
    """Run the command that `argv` names; the return value is the process's exit code."""
    argv = sys.argv[1:] if argv is None else argv
    refuse_old_name(argv)
    arguments = whole_parser().parse_args(argv)
    code: int = arguments.run(arguments)
    return code


def whole_parser() -> argparse.ArgumentParser:
    """Every command that is installed, with all its arguments."""
    parser = argparse.ArgumentParser(prog="slipway", description="Launch machine-learning models safely.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (*_plugins(), *COMMANDS):
        command.add_parser(commands)
    return parser


def _plugins() -> Iterator[Command]:
    for entry in sorted(entry_points(group=PLUGINS)):
        try:
            yield entry.load()
        except ModuleNotFoundError:
            yield _NeedsRepository(entry.name)


class _NeedsRepository:
    """Stands in for a command whose code is in the repository, which is not here."""

    def __init__(self, name: str) -> None:
        self._name = name

    def add_parser(self, commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
        parser = commands.add_parser(self._name, help="needs a clone of the repository", add_help=False)
        parser.add_argument("rest", nargs=argparse.REMAINDER)
        parser.set_defaults(run=self._refuse)

    def _refuse(self, _arguments: argparse.Namespace) -> int:
        raise InputError(
            f"slipway {self._name} needs a clone of Slipway's repository: run `make setup` there, then this command"
        )


class _Version(argparse.Action):
    """As argparse's own, which would have it looked up at every start."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"{parser.prog} {version('slipway')}\n")
        parser.exit()
