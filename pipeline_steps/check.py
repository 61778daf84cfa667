"""check: whether a table can be prepared, before anything is deployed."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline_steps.arguments import StepParser, percentage
from pipeline_steps.documents import read_json
from pipeline_steps.paths import Paths
from pipeline_steps.preparation.data_checks import data_findings
from pipeline_steps.preparation.split_table import split_table
from pipeline_steps.prepare import sha256_of_files
from pipeline_steps.tables.raw_table import data_files, read_raw_table
from pipeline_steps.tables.rehearsed_rows import EarlierRows, write_catalog_table, write_earlier, write_requests
from pipeline_steps.tables.use_case import UseCase


def parser() -> StepParser:
    """The command line of `check`."""
    made = StepParser("check")
    made.add_argument("--input", type=Path, required=True)
    made.add_argument("--use-case", type=Path, required=True, help="the file that `prepare` has as its input")
    rehearsal = made.add_argument_group("for a rehearsal")
    rehearsal.add_argument("--earlier", type=Path, help="a folder for the first rows as a table of their own")
    rehearsal.add_argument("--earlier-percent", type=percentage, default=60, help="the share of these rows")
    rehearsal.add_argument("--requests", type=Path, help="a CSV file for rows as callers send them")
    rehearsal.add_argument("--catalog-table", type=Path, help="a Parquet file for all rows as a table of Athena")
    return made


def main(argv: Sequence[str], _paths: Paths) -> None:
    """Run the check; prints rows, hash, labels, and warnings about the table."""
    arguments = parser().parse_args(argv)
    use_case = UseCase.from_document(read_json(arguments.use_case))
    sources = data_files(arguments.input) if arguments.input.is_dir() else [arguments.input]
    raw, use_case = read_raw_table(sources, use_case)
    prepared = split_table(raw, use_case)
    findings = data_findings(raw, prepared)
    found: dict[str, Any] = {
        "rows": raw.source_rows,
        "sha256": sha256_of_files(sources),
        "classes": prepared.use_case.classes,
        "remarks": [finding.message for finding in findings],
        "findings": [asdict(finding) for finding in findings],
        "unused_columns": raw.unused,
    }
    if arguments.earlier:
        found["earlier_rows"] = rows = max(1, int(raw.source_rows * arguments.earlier_percent // 100))
        spread = any(finding.check == "sorted" for finding in findings)
        chosen = EarlierRows(rows, raw.source_rows if spread else rows)
        write_earlier(sources, arguments.earlier, chosen, use_case.table_format)
    if arguments.requests:
        write_requests(arguments.requests, raw.features, use_case.columns)
    if arguments.catalog_table:
        write_catalog_table(arguments.catalog_table, raw.features, use_case.columns)
    sys.stdout.write(json.dumps(found, sort_keys=True) + "\n")
