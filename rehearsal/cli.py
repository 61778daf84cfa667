"""The `slipway` command."""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from blueprint.errors import SlipwayError
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
from rehearsal.process import stop_all

_COMMANDS = (rehearse, simulate, lint, train, smoke, rollout, carry, push, models, monitor, cost, quotas, destroy)
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the process's exit code."""
    parser = argparse.ArgumentParser(prog="slipway", description="Launch machine-learning models safely.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    arguments = parser.parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have started us with the first one ignored
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it, to go on without a terminal
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        code: int = arguments.run(arguments)
    except SlipwayError as exc:
        sys.stderr.write(f"slipway: {exc}\n")
        return exc.exit_code
    except KeyboardInterrupt:
        stop_all(grace_seconds=3)
        sys.stderr.write("slipway: interrupted; everything that was started has been ended\n")
        return _INTERRUPTED
    return code


class _Version(argparse.Action):
    """As argparse's own, which would have it looked up at every start."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"{parser.prog} {version('slipway')}\n")
        parser.exit()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
