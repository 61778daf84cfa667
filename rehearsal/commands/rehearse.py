"""`slipway rehearse`: run the whole launch on this machine."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.cli.arguments import add_command, add_number, add_use_case
from slipway.readable import readable

if TYPE_CHECKING:
    from rehearsal.journey.rehearsal_result import RehearsalResult

INCONCLUSIVE_CODE = 3

_EPILOG = """\
faults, and what stops each:
  errors   the image returns an error for 3 of 10 requests: the canary's error alarm rolls it back
  slow     the image takes 1.5 s for a response: the canary's latency alarm rolls it back
  shift    the model's output is wrong for its users, by the problem: scores too high, the next label, another unit,
           a cluster too near; the replay gate refuses it before any user gets a response from it
  schema   two columns of the model are exchanged, so callers send wrong rows: the contract gate refuses it

exit codes:
  0    the launch went as it should
  1    the launch was refused or failed; the report has the reason
  2    settings, data or arguments are not acceptable; nothing was deployed, and an earlier report is unchanged
  3    inconclusive: this machine was too busy for a rollout to prove anything; nothing else was wrong
  130  interrupted; everything that was started has ended, and the report has what was reached

examples:
  slipway rehearse
  slipway rehearse --data sessions.csv --config config/shoppers.toml --fault slow
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "rehearse",
        run,
        summary="run the whole launch on this machine, with no AWS account",
        description="Deploy the real templates to an embedded AWS; launch a model, one on more data, and a bad one.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    add = parser.add_argument
    add("--data", type=Path, metavar="FILE", help="a table, or a folder of its files (default: a generated one)")
    add(
        "--out",
        type=Path,
        default=Path("build/rehearsal"),
        metavar="DIR",
        help="the folder for the report, where it replaces an earlier one (default: %(default)s)",
    )
    add(
        "--backend",
        choices=("auto", "namespace", "prefix", "docker"),
        default="auto",
        help="how jobs get their /opt/ml; docker runs the real image, built by `make image` (default: %(default)s)",
    )
    add(
        "--fault",
        choices=("errors", "slow", "shift", "schema"),
        metavar="FAULT",
        help="the fault of the third model, see below (default: errors, and shift for a serverless endpoint)",
    )
    add_number(parser, "--speed", 1, 120, default=30, metavar="X", about="divide waits by this factor")
    add_number(parser, "--rate", 1, 200, default=60, about="user requests a second")
    add_number(parser, "--rows", 2000, 1_000_000, default=12000, whole=True, about="rows of the generated table")
    spot = "with training.spot: interrupt each training job once after so many seconds"
    add_number(parser, "--interrupt-spot", 0.1, 3600, metavar="S", about=spot)
    add("--plain", action="store_true", help="print plain lines, also on a terminal")


def run(arguments: argparse.Namespace) -> int:
    """Rehearse, and write the report, also of a launch that failed."""
    try:
        return _rehearse(arguments)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would only leave processes behind
        if process := sys.modules.get("rehearsal.process"):
            process.stop_all(grace_seconds=3)
        raise


def _rehearse(arguments: argparse.Namespace) -> int:
    # They take a second to import, which `--help` should not wait for.
    from rehearsal.console.display import choose_display  # noqa: PLC0415
    from rehearsal.journey.local_environment import sole_writer  # noqa: PLC0415
    from rehearsal.journey.options import RehearsalOptions  # noqa: PLC0415
    from rehearsal.journey.rehearsal import Rehearsal  # noqa: PLC0415
    from rehearsal.journey.rehearsal_result import default_fault  # noqa: PLC0415
    from slipway.settings import load_settings  # noqa: PLC0415

    fault = arguments.fault or default_fault(load_settings(arguments.config, arguments.stage).endpoint.facts)
    options = RehearsalOptions(
        config=arguments.config,
        stage=arguments.stage,
        data=arguments.data,
        out=arguments.out,
        backend=arguments.backend,
        fault=fault,
        speed=arguments.speed,
        requests_per_second=arguments.rate,
        demo_rows=arguments.rows,
        interrupt_spot=arguments.interrupt_spot,
    )
    with sole_writer(options.out):
        with choose_display(sys.stderr, plain=arguments.plain) as display:
            result = Rehearsal(options, display).run()
            if result.failure is None:
                with display.phase("report") as phase:
                    _report(result, phase.log)
        if result.failure is not None:
            _report_failure(result)
            raise result.failure.error
    return exit_code(result)


def exit_code(result: "RehearsalResult") -> int:
    """A shortcoming takes precedence over an inconclusive rollout."""
    if result.shortcomings:
        return 1
    return INCONCLUSIVE_CODE if result.inconclusive else 0


def _report(result: "RehearsalResult", report_problem: Callable[[str], object]) -> None:
    from rehearsal.console.report import summary, write_report  # noqa: PLC0415 — a second of matplotlib

    for problem in write_report(result, result.options.out):
        report_problem(problem)
    sys.stdout.write(readable(summary(result)))


def _report_failure(result: "RehearsalResult") -> None:
    """Without the display, whose output may be what failed; a report that cannot be written hides no other error."""
    try:
        _report(result, lambda problem: sys.stderr.write(f"slipway: {problem}\n"))
    except OSError as exc:
        sys.stderr.write(f"slipway: no report could be written to {result.options.out}: {exc.strerror}\n")
