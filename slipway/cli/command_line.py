"""The parser of `slipway`, with one command or with all of them."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from slipway.cli.old_names import refuse_old_name
from slipway.cli.parser import CommandParser
from slipway.errors import InputError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

COMMANDS = (
    "lint",
    "plan",
    "simulate",
    "cost",
    "quotas",
    "train",
    "track",
    "models",
    "rollout",
    "experiment",
    "smoke",
    "promote",
    "score",
    "monitor",
    "destroy",
)
"""The product's own, in the order of a launch; each is the module of that name beside this one."""
_EPILOG = """\
`slipway COMMAND --help` has the defaults, exit codes and examples of a command.

exit codes of every command:
  0    done
  1    refused or failed, with the reason
  2    settings, data or arguments are not acceptable; nothing was changed
  130  interrupted

first steps, without an AWS account:
  slipway new customers.csv --target churned
  slipway check --config config/customers.toml --data customers.csv
  slipway rehearse --config config/customers.toml --data customers.csv
"""
PLUGINS = "slipway.commands"
"""The entry points that add a command, each a module like those; the repository's `rehearsal` declares its own."""


class Command(Protocol):
    """A module with one subcommand."""

    def add_parser(self, commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None: ...


def run(argv: Sequence[str] | None) -> int:
    """Run the command that `argv` names; the return value is the process's exit code."""
    words = sys.argv[1:] if argv is None else argv
    refuse_old_name(words)
    arguments, unknown = _parser(_named(words)).parse_known_args(words)
    if unknown:
        arguments.parser.refuse(unknown)
    try:
        code: int = arguments.run(arguments)
    except ModuleNotFoundError as exc:
        if arguments.command in COMMANDS or not _is_package(exc.name):
            raise
        raise _needs_setup(arguments.command, exc.name) from exc
    return code


def whole_parser() -> argparse.ArgumentParser:
    """Every command that is installed, with all its arguments."""
    return _parser(_all())


def _parser(commands: Iterable[Command]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = CommandParser(
        prog="slipway",
        description="Launch machine-learning models on AWS safely; rehearse the whole launch on this machine first.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in commands:
        command.add_parser(subparsers)
    return parser


def _named(words: Sequence[str]) -> Sequence[Command]:
    """The command that `words` name, without loading the others; all of them if it is none of them."""
    name = words[0] if words else ""
    if name == "--version":
        return ()
    return (_own(name),) if name in COMMANDS else _plugins(name) or _all()


def _all() -> Sequence[Command]:
    return (*map(_own, COMMANDS), *_plugins())


def _own(name: str) -> Command:
    return cast("Command", import_module(f"slipway.cli.{name}"))


def _plugins(name: str | None = None) -> Sequence[Command]:
    from importlib.metadata import entry_points  # noqa: PLC0415 — 20 ms, which the product's own commands need not wait

    found = entry_points(group=PLUGINS) if name is None else entry_points(group=PLUGINS, name=name)
    return tuple(map(_loaded, sorted(found)))


def _loaded(entry: "EntryPoint") -> Command:
    try:
        return cast("Command", entry.load())
    except ModuleNotFoundError as exc:
        if exc.name and f"{entry.module}.".startswith(f"{exc.name}."):
            return _Unavailable(entry.name, _needs_repository(entry.name))
        if _is_package(exc.name):
            return _Unavailable(entry.name, _needs_setup(entry.name, exc.name))
        raise


def _is_package(name: str | None) -> bool:
    """Whether what could not be imported is a whole package that may be installed, not a module lost from one."""
    return name is not None and "." not in name and name not in sys.stdlib_module_names


def _needs_repository(command: str) -> InputError:
    return InputError(
        f"{command} needs a clone of Slipway's repository: run `make setup` there, then .venv/bin/slipway {command}"
    )


def _needs_setup(command: str, package: str | None) -> InputError:
    return InputError(
        f"{command} needs the Python package {package}, which is not installed here: "
        f"run `make setup` in Slipway's repository, then .venv/bin/slipway {command}"
    )


class _Unavailable:
    """Takes the place of a command that cannot be loaded, and reports why when it is run."""

    def __init__(self, name: str, reason: InputError) -> None:
        self._name, self._reason = name, reason

    def add_parser(self, commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
        # Every argument is accepted, options included.
        parser = commands.add_parser(
            self._name, help="needs a clone of the repository", add_help=False, prefix_chars="\0"
        )
        parser.add_argument("rest", nargs="*")
        parser.set_defaults(run=self._refuse)

    def _refuse(self, _arguments: argparse.Namespace) -> int:
        raise self._reason


class _Version(argparse.Action):
    """As argparse's own, which would have it looked up at every start."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"{parser.prog} {version('slipway')}\n")
        parser.exit()
