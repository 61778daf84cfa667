"""The `slipway` command."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from blueprint.errors import SlipwayError
from rehearsal.console.display import choose_display
from rehearsal.console.report import summary, write_report
from rehearsal.journey.launch import Rehearsal
from rehearsal.journey.options import RehearsalOptions

_INTERRUPTED = 130
_EPILOG = """\
exit codes:
  0    the launch went as it should
  1    a stage failed
  2    settings, data or arguments are not acceptable; nothing was deployed
  130  interrupted; everything that was started has been ended

examples:
  slipway rehearse
  slipway rehearse --data sessions.csv --config config/shoppers.toml --fault slow
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="slipway", description="Launch machine-learning models on AWS safely; rehearse first."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    rehearse = commands.add_parser(
        "rehearse",
        help="run the whole launch on this machine, with no AWS account",
        description="Deploy the real templates to an embedded AWS; launch a model, a better one and a bad one.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = rehearse.add_argument
    add(
        "--config",
        type=Path,
        default=Path("config/shoppers.toml"),
        metavar="FILE",
        help="the use case (default: %(default)s)",
    )
    add("--stage", default="dev", help="a [stages.*] table of the use case (default: %(default)s)")
    add("--data", type=Path, metavar="FILE", help="a CSV table with a header row (default: a generated one)")
    add(
        "--out",
        type=Path,
        default=Path("build/rehearsal"),
        metavar="DIR",
        help="where the report goes (default: %(default)s)",
    )
    add(
        "--backend",
        choices=("auto", "namespace", "prefix"),
        default="auto",
        help="how jobs get their /opt/ml (default: %(default)s)",
    )
    add(
        "--fault",
        choices=("errors", "slow"),
        default="errors",
        help="what is wrong with the third model (default: %(default)s)",
    )
    add(
        "--speed",
        type=_factor,
        default=30.0,
        metavar="X",
        help="waits last 1/X of their time, 1..120 (default: %(default)g)",
    )
    add("--rate", type=_rate, default=20.0, metavar="N", help="user requests a second, 1..200 (default: %(default)g)")
    add(
        "--rows",
        type=_rows,
        default=12000,
        metavar="N",
        help="rows of the generated table, 2000..1000000 (default: %(default)s)",
    )
    add("--plain", action="store_true", help="plain lines even on a terminal")
    return parser


def _bounded(text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"must be a number in {low:g}..{high:g}, got {text}") from exc
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"must be in {low:g}..{high:g}, got {text}")
    return value


def _factor(text: str) -> float:
    return _bounded(text, 1, 120)


def _rate(text: str) -> float:
    return _bounded(text, 1, 200)


def _rows(text: str) -> int:
    return int(_bounded(text, 2000, 1_000_000))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the process's exit code."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _rehearse(arguments)
    except SlipwayError as exc:
        sys.stderr.write(f"slipway: {exc}\n")
        return exc.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("slipway: interrupted; everything that was started has been ended\n")
        return _INTERRUPTED


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _rehearse(arguments: argparse.Namespace) -> int:
    options = RehearsalOptions(
        config=arguments.config,
        stage=arguments.stage,
        data=arguments.data,
        out=arguments.out,
        backend=arguments.backend,
        fault=arguments.fault,
        speed=arguments.speed,
        requests_per_second=arguments.rate,
        demo_rows=arguments.rows,
    )
    with choose_display(plain=arguments.plain) as display:
        evidence = Rehearsal(options, display).run()
        with display.stage("report"):
            write_report(evidence, options.out)
    sys.stdout.write(summary(evidence))
    return 1 if evidence.shortcomings else 0


if __name__ == "__main__":
    sys.exit(main())
