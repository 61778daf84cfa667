"""`slipway check`: whether a table can be trained on, and what would harm a model, before anything is deployed."""

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

from slipway.cli.arguments import add_command, add_json, add_use_case, write
from slipway.errors import InputError
from slipway.readable import in_a_line
from slipway.rounding import counted
from slipway.settings import load_settings
from slipway.temporary import temporary_folder

_EPILOG = """\
Each warning says what to do. A rehearsal checks its table first, in the same way.

exit codes:
  0    the table can be trained on; there may be warnings
  2    it cannot, or settings or arguments are not acceptable

examples:
  slipway check --config config/customers.toml --data customers.csv
  slipway check --config config/customers.toml --data customers/ --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "check",
        run,
        summary="check a table before anything is deployed",
        description="Read a table as the launch will read it, and report what would harm a model.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    about = "the table: a file, or a folder of files (CSV, gzip or Parquet)"
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help=about)
    add_json(parser, instead_of="lines")


def run(arguments: argparse.Namespace) -> int:
    """Check the table, and print a line for each finding."""
    from rehearsal.journey.user_table import check_table  # noqa: PLC0415 — what --help need not wait for
    from slipway.training import use_case_document  # noqa: PLC0415

    settings = load_settings(arguments.config, arguments.stage)
    if not arguments.data.exists():
        raise InputError(f"--data must be a file or folder, got {arguments.data}, which does not exist")
    with temporary_folder("check") as folder:
        use_case = folder / "use_case.json"
        use_case.write_text(json.dumps(use_case_document(settings)), encoding="utf-8")
        found = check_table(arguments.data, use_case)
    write(arguments, found, lambda: _text(arguments, found))
    return 0


def _text(arguments: argparse.Namespace, found: dict[str, Any]) -> str:
    findings = found["remarks"]
    labels = f", labels {', '.join(map(in_a_line, found['classes']))}" if found["classes"] else ""
    lines = [f"{arguments.data}: {counted(found['rows'], 'row')}{labels}", *(f"warning: {each}" for each in findings)]
    lines.append(counted(len(findings), "warning") if findings else "no warnings")
    config, data = (shlex.quote(str(path)) for path in (arguments.config, arguments.data))
    lines.append(f"next: slipway rehearse --config {config} --data {data}")
    return "".join(f"{line}\n" for line in lines)
