"""check: whether a table can be prepared, before anything is deployed."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline_steps.arguments import StepParser
from pipeline_steps.documents import read_json, sha256_of
from pipeline_steps.paths import Paths
from pipeline_steps.prepare import split_table
from pipeline_steps.tables.data_warnings import data_warnings
from pipeline_steps.tables.raw_table import read_raw_table
from pipeline_steps.tables.use_case import UseCase


def parser() -> StepParser:
    """The command line of `check`."""
    made = StepParser("check")
    made.add_argument("--input", type=Path, required=True)
    made.add_argument("--use-case", type=Path, required=True, help="the file that `prepare` has as its input")
    return made


def main(argv: Sequence[str], _paths: Paths) -> None:
    """Run the check; prints rows, hash, labels, and warnings about the table."""
    arguments = parser().parse_args(argv)
    use_case = UseCase.from_document(read_json(arguments.use_case))
    raw = read_raw_table(arguments.input, use_case)
    dealt = split_table(raw, use_case)
    found = {
        "rows": raw.source_rows,
        "sha256": sha256_of(arguments.input),
        "classes": dealt.use_case.classes,
        "remarks": data_warnings(use_case.columns, dealt.splits),
    }
    sys.stdout.write(json.dumps(found, sort_keys=True) + "\n")
