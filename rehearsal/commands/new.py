"""`slipway new`: a use case file for a table."""

import argparse
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

from slipway.cli.arguments import add_command
from slipway.errors import InputError
from slipway.readable import in_a_line, readable
from slipway.rounding import counted
from slipway.settings.problems import ProblemName

_EPILOG = """\
The file runs as it is. What was decided, and why, stands in its comments.

exit codes:
  0    the file is written
  2    the table or arguments are not acceptable

examples:
  slipway new customers.csv --target churned
  slipway new readings.parquet --problem anomaly --out config/readings.toml
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "new",
        run,
        summary="write a use case file for a table",
        description="Read a table, and write the settings with which it can be launched.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add("table", type=Path, metavar="TABLE", help="a file, or a folder of files (CSV, gzip or Parquet)")
    add("--target", metavar="COLUMN", help="the column to predict; none for anomalies and clusters")
    add("--problem", choices=get_args(ProblemName), help="the kind of problem (default: by the target)")
    add("--positive-label", metavar="LABEL", help="the value that counts as positive (default: yes, or the rarer one)")
    add("--name", help="name of the use case (default: the table's)")
    add("--out", type=Path, metavar="FILE", help="the file that is written (default: config/NAME.toml)")
    add("--force", action="store_true", help="replace the file if there is one")


def run(arguments: argparse.Namespace) -> int:
    """Write the file, and print what was decided and the next command."""
    from rehearsal.journey.container_verb import answer_of  # noqa: PLC0415 — what --help need not wait for

    return write_use_case(arguments, answer_of)


def write_use_case(arguments: argparse.Namespace, answer: Callable[..., dict[str, Any]]) -> int:
    """Do so by what `answer` says of the table, which runs a verb of the container."""
    from rehearsal.journey.use_case_file import name_of, use_case_text  # noqa: PLC0415

    if not arguments.table.exists():
        raise InputError(f"TABLE must be a file or folder, got {arguments.table}, which does not exist")
    name = arguments.name or name_of(arguments.table.name.partition(".")[0])
    out = arguments.out or Path("config") / f"{name}.toml"
    if out.is_dir():
        raise InputError(f"--out must be a file, got the folder {out}: name one in it, such as {out / f'{name}.toml'}")
    if out.exists() and not arguments.force:
        raise InputError(f"{out} exists: name another file with --out, or replace it with --force")
    found = answer("inspect", "--input", str(arguments.table.resolve()), *_options(arguments))
    text = use_case_text(found, name=name, command=_command(arguments))
    _check(text, out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise InputError(f"--out must be a file that can be written, got {out}: {exc.strerror}") from exc
    sys.stdout.write(readable(_summary(found, out, arguments.table)))
    return 0


def _options(arguments: argparse.Namespace) -> list[str]:
    given = {"target": arguments.target, "problem": arguments.problem, "positive-label": arguments.positive_label}
    return [f"--{name}={value}" for name, value in given.items() if value is not None]


def _command(arguments: argparse.Namespace) -> str:
    return shlex.join(["slipway", "new", str(arguments.table), *_options(arguments)])


def _check(text: str, out: Path) -> None:
    """The file must be one that every other command accepts.

    Raises:
        InputError: a name in the table cannot be one of the settings.
    """
    import tomllib  # noqa: PLC0415

    from slipway.settings.loading import DEFAULT_STAGE, parse_use_case  # noqa: PLC0415

    parse_use_case(tomllib.loads(text), DEFAULT_STAGE, path=out)


def _summary(found: Mapping[str, Any], out: Path, table: Path) -> str:
    problem, columns = found["problem"], found["columns"]
    kinds = [column["kind"] for column in columns]
    by_kind = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    lines = [f"{table}: {counted(found['rows'], 'row')}", f"problem: {problem['problem']} ({problem['reason']})"]
    if problem["positive_label"]:
        lines.append(f"positive label: {in_a_line(problem['positive_label'])}")
    lines.append(f"features: {len(columns)} ({by_kind})")
    lines += [f"left out: {in_a_line(name)}: {why}" for name, why in found["left_out"].items()]
    lines += [f"warning: {remark}" for remark in found["remarks"]]
    lines.append(f"written: {out}")
    lines.append(f"next: slipway rehearse --config {shlex.quote(str(out))} --data {shlex.quote(str(table))}")
    return "".join(f"{line}\n" for line in lines)
