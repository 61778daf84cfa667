"""What commands share: how a command is declared, its arguments, the stage it works on, and its output."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.errors import InputError
from slipway.readable import readable
from slipway.settings import load_settings

if TYPE_CHECKING:
    from slipway.operations.deployed_stage import DeployedStage

DEFAULT_CONFIG = "config/shoppers.toml"


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    summary: str,
    description: str,
    epilog: str,
) -> argparse.ArgumentParser:
    """Declare a command; `summary` stands in the list of commands, the other texts in the command's own help."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=config_file, default=DEFAULT_CONFIG, metavar="FILE", help="the use case (default: %(default)s)"
    )


def config_file(name: str) -> Path:
    """The use case called `name`.

    Raises:
        InputError: it is the default, and the command runs outside of the repository, which has it.
    """
    if name == DEFAULT_CONFIG and not Path(name).exists():
        raise InputError(f"config must be named with --config FILE, for the default, {name}, is not in this folder")
    return Path(name)


def add_use_case(parser: argparse.ArgumentParser) -> None:
    """Add `--config` and `--stage`, with the headline example as default."""
    add_config(parser)
    parser.add_argument("--stage", default="dev", help="a [stages.*] table of the use case (default: %(default)s)")


def add_json(parser: argparse.ArgumentParser, instead_of: str = "text") -> None:
    parser.add_argument("--json", action="store_true", help=f"print JSON instead of {instead_of}")


def add_prices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prices",
        type=Path,
        metavar="FILE",
        help="a price table of your own, in the format of slipway/costs/prices.toml",
    )


def add_starter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--starter", action="store_true", help="assume the use case's starter role first, as delivery does"
    )


def add_number(
    parser: argparse.ArgumentParser,
    name: str,
    low: float,
    high: float,
    *,
    about: str,
    metavar: str = "N",
    default: float | None = None,
    required: bool = False,
    whole: bool = False,
) -> None:
    """Add an argument that takes a number in `low`..`high`; its help is `about` with the bounds and the default."""

    def parse(text: str) -> float:
        try:
            value: float = int(text) if whole else float(text)
        except ValueError as exc:
            kind = "a whole number" if whole else "a number"
            raise argparse.ArgumentTypeError(f"must be {kind} in {low:.12g}..{high:.12g}, got {text}") from exc
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be in {low:.12g}..{high:.12g}, got {text}")
        return value

    bounds = f"{low:.12g}..{high:.12g}" + ("" if default is None else f", default: {default:.12g}")
    parser.add_argument(
        name, type=parse, default=default, required=required, metavar=metavar, help=f"{about} ({bounds})"
    )


@contextmanager
def deployed_stage(arguments: argparse.Namespace) -> Iterator["DeployedStage"]:
    """The stage that `--config` and `--stage` name; what AWS refuses meanwhile becomes one line for the user.

    Raises:
        InputError: the credentials belong to another account than the stage.
        LaunchError: AWS refuses a call, or cannot be reached.
    """
    # boto3 takes a while to import, and --help needs none of it.
    from slipway.operations.aws_errors import readable_errors  # noqa: PLC0415
    from slipway.operations.deployed_stage import DeployedStage  # noqa: PLC0415

    settings = load_settings(arguments.config, arguments.stage)
    with readable_errors():
        stage = DeployedStage(settings, as_starter=getattr(arguments, "starter", False))
        _ = stage.caller  # checks the account before anything is read
        yield stage


def as_json(document: object) -> str:
    return json.dumps(document, indent=2, default=_json_default) + "\n"


def write(arguments: argparse.Namespace, document: object, text: Callable[[], str]) -> None:
    """Print `document` with `--json`, or else `text()`."""
    sys.stdout.write(as_json(document) if arguments.json else readable(text()))


def log(line: str) -> None:
    """Report progress or a warning on standard error."""
    sys.stderr.write(f"slipway: {readable(line)}\n")


def confirmed(question: str, *, answers: tuple[str, ...]) -> bool:
    """Ask the user at the terminal; whether the answer is one of `answers`.

    Raises:
        InputError: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise InputError("standard input must be a terminal to confirm, got none: add --yes")
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip() in answers


def _json_default(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
