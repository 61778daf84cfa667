"""The user's table: checked before anything is deployed, split into what was there first and what came later."""

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from blueprint.demo_data import write_demo_csv
from blueprint.errors import InputError, LaunchError
from blueprint.pipeline import schema_arguments
from blueprint.settings import Settings
from rehearsal.journey.options import PROJECT, RehearsalOptions
from rehearsal.process import spawn, stop

EARLIER_PERCENT = 60
"""The share of rows, in file order, that the first model is trained on; the second gets them all."""
_BODIES = 500


@dataclass(frozen=True)
class SourceTable:
    path: Path
    name: str
    rows: int
    sha256: str


def source_table(options: RehearsalOptions, settings: Settings, workdir: Path) -> SourceTable:
    """The table the user named, or a generated one, as the container's own check accepts it.

    Raises:
        InputError: the table cannot be used; what, the value and what is allowed are in the message.
    """
    path, name = options.data, str(options.data)
    if path is None:
        path, name = workdir / "demo.csv", f"generated ({options.demo_rows} rows, seed {settings.data.seed})"
        write_demo_csv(path, rows=options.demo_rows, seed=settings.data.seed)
    found = _check(path, settings)
    return SourceTable(path=path, name=name, rows=found["rows"], sha256=str(found["sha256"]))


def _check(path: Path, settings: Settings) -> dict[str, int]:
    argv = [
        sys.executable,
        "-m",
        "pipeline_steps",
        "check",
        "--input",
        str(path.resolve()),
        *schema_arguments(settings),
    ]
    child = spawn(
        argv,
        cwd=PROJECT,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        output, errors = child.communicate()
    finally:
        stop(child, grace_seconds=1)
    if child.returncode == InputError.exit_code:
        raise InputError(errors.decode(errors="replace").strip())
    if child.returncode != 0:
        raise LaunchError(
            f"the data check failed with exit code {child.returncode}\n{errors.decode(errors='replace').strip()}"
        )
    found: dict[str, int] = json.loads(output)
    return found


def write_earlier_rows(table: SourceTable, target: Path) -> int:
    """Write the table's first rows, as it was before the newest data arrived. Returns their number."""
    rows = max(1, table.rows * EARLIER_PERCENT // 100)
    with (
        table.path.open(encoding="utf-8-sig", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as sink,
    ):
        csv.writer(sink).writerows(islice(csv.reader(source), rows + 1))
    return rows


def request_bodies(table: SourceTable, settings: Settings) -> list[bytes]:
    """Rows as users would send them: one CSV line each, without the target.

    Drawn from the whole table: of one that is ordered by month, the newest rows alone would be a shift of the inputs.
    """
    with table.path.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    rows = Random(0).sample(rows, min(_BODIES, len(rows)))  # noqa: S311 — no secret
    return [_csv_line([row[name] for name in settings.data.columns]) for row in rows]


def _csv_line(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
