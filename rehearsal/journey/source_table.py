"""The user's table: checked before anything is deployed, and divided into earlier and newer rows."""

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
from typing import Any

from rehearsal.journey.demo_data.registry import write_demo_csv
from rehearsal.journey.options import PROJECT, RehearsalOptions
from rehearsal.process import spawn, stop
from slipway.errors import InputError, LaunchError
from slipway.settings import Settings
from slipway.training import use_case_document

EARLIER_PERCENT = 60
"""The share of rows, in file order, that the first model is trained on; the second model gets all rows."""
_BODIES = 500


@dataclass(frozen=True)
class SourceTable:
    """`earlier` is a table of its own: the first `earlier_rows` rows, as it was before the newest data arrived.

    `remarks` name the columns that have no information for a model, and those that are empty in a split.
    """

    path: Path
    name: str
    rows: int
    sha256: str
    earlier: Path
    earlier_rows: int
    remarks: tuple[str, ...] = ()


def source_table(options: RehearsalOptions, settings: Settings, workdir: Path) -> SourceTable:
    """The table that the user named, or a generated one, after the container's own check has accepted it.

    Raises:
        InputError: the table or its earlier rows cannot be used; the message has the problem, the value and what
            is allowed.
    """
    path, name = options.data, str(options.data)
    if path is None:
        path, name = workdir / "demo.csv", f"generated ({options.demo_rows} rows, seed {settings.data.seed})"
        write_demo_csv(path, rows=options.demo_rows, seed=settings.data.seed)
    use_case = workdir / "use_case.json"
    use_case.write_text(json.dumps(use_case_document(settings)), encoding="utf-8")
    found = _check(path, use_case)
    earlier = workdir / "earlier.csv"
    rows = _write_first_rows(path, earlier, max(1, found["rows"] * EARLIER_PERCENT // 100))
    try:
        _check(earlier, use_case)
    except InputError as exc:
        raise InputError(
            f"the first {EARLIER_PERCENT} % of the rows ({rows} in {name}), on which the first model is trained, "
            f"must be enough to train a model: rows must not be sorted by the target\n{exc}"
        ) from exc
    return SourceTable(path, name, found["rows"], found["sha256"], earlier, rows, tuple(found["remarks"]))


def _check(path: Path, use_case: Path) -> dict[str, Any]:
    argv = [sys.executable, "-m", "pipeline_steps", "check"]
    argv += ["--input", str(path.resolve()), "--use-case", str(use_case.resolve())]
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
    found: dict[str, Any] = json.loads(output)
    return found


def _write_first_rows(source: Path, target: Path, rows: int) -> int:
    """Write the header and at most `rows` records of `source`, without blank lines. Returns their number."""
    with (
        source.open(encoding="utf-8-sig", newline="") as given,
        target.open("w", encoding="utf-8", newline="") as kept,
    ):
        sink, written = csv.writer(kept), -1
        for record in islice(filter(None, csv.reader(given)), rows + 1):
            sink.writerow(record)
            written += 1
    return written


def request_bodies(table: SourceTable, settings: Settings) -> list[bytes]:
    """Rows as users would send them: one CSV line each, without the target.

    Drawn from the whole table: if it is ordered by month, the newest rows alone would have drifted inputs.
    """
    with table.path.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    rows = Random(0).sample(rows, min(_BODIES, len(rows)))  # noqa: S311 — no secret
    return [_csv_line([row[name] for name in settings.data.columns]) for row in rows]


def _csv_line(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)  # quotes a cell where needed
    return line.getvalue().encode()
