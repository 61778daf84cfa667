"""The user's table: checked before anything is deployed, and divided into earlier and newer rows."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rehearsal.journey.container_verb import answer_of
from rehearsal.journey.demo_data.registry import demo_table_with, write_demo_csv
from rehearsal.journey.options import RehearsalOptions
from slipway.errors import InputError
from slipway.rollout.own_server import LINES_OF_CSV, OwnServer
from slipway.settings import ColumnKind, Settings
from slipway.training import use_case_document

EARLIER_PERCENT = 60
"""The share of rows, in file order, that the first model is trained on; the second model gets all rows."""


@dataclass(frozen=True)
class UserTable:
    """A file, or a folder of files.

    Attributes:
        earlier: the files with the first `earlier_rows` rows alone, as they were before the newest data arrived.
        requests: rows of the table as callers send them, in CSV with a header, whatever the files' own format is.
        remarks: what the check warns of.
        catalog: all rows as a table of Athena, where a query scores them.
    """

    path: Path
    name: str
    rows: int
    sha256: str
    earlier: Path
    earlier_rows: int
    requests: Path
    remarks: tuple[str, ...] = ()
    catalog: Path | None = None


def source_table(options: RehearsalOptions, settings: Settings, workdir: Path) -> UserTable:
    """The table that the user named, or a generated one, after the container's own check has accepted it.

    Raises:
        InputError: the table or its earlier rows cannot be used; the message has the problem, the value and what
            is allowed.
    """
    path, name = options.data, str(options.data)
    if path is None:
        made = demo_table_with([*settings.data.columns, *filter(None, [settings.data.target])])
        path, name = (
            workdir / "table.csv",
            f"generated ({made}, seed {settings.data.split.seed})",
        )
        write_demo_csv(path, rows=options.demo_rows, seed=settings.data.split.seed, table=made)
    use_case, earlier, requests = (workdir / file for file in ("use_case.json", "earlier", "requests.csv"))
    use_case.write_text(json.dumps(use_case_document(settings)), encoding="utf-8")
    also = ["--earlier", str(earlier), "--earlier-percent", str(EARLIER_PERCENT), "--requests", str(requests)]
    catalog = workdir / "catalog.parquet" if settings.batch and settings.batch.query else None
    found = check_table(path, use_case, *also, *(["--catalog-table", str(catalog)] if catalog else []))
    try:
        check_table(earlier, use_case)
    except InputError as exc:
        raise InputError(
            f"the first {EARLIER_PERCENT} % of the rows ({found['earlier_rows']} in {name}), on which the first model "
            f"is trained, must be enough to train a model: rows must not be sorted by the target\n{exc}"
        ) from exc
    return UserTable(
        path=path,
        name=name,
        rows=found["rows"],
        sha256=found["sha256"],
        earlier=earlier,
        earlier_rows=found["earlier_rows"],
        requests=requests,
        remarks=tuple(found["remarks"]),
        catalog=catalog,
    )


def files_of(path: Path) -> list[Path]:
    """The file, or the files of the folder."""
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def check_table(path: Path, use_case: Path, *more: str) -> dict[str, Any]:
    """Have the container check the table by the use case document in the file `use_case`.

    Raises:
        InputError: the table cannot be used.
    """
    return answer_of("check", "--input", str(path.resolve()), "--use-case", str(use_case.resolve()), *more)


def request_bodies(
    table: UserTable, server: OwnServer = LINES_OF_CSV, kinds: Mapping[str, ColumnKind] = MappingProxyType({})
) -> list[bytes]:
    """Rows as users would send them to `server`, one a request, without the target; `kinds` are the columns'."""
    with table.requests.open(encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    known = {name: kinds.get(name, "category") for name in header}
    return [server.body(known, row) for row in rows]
