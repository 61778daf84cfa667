"""check: whether a table can be prepared, before anything is deployed."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline_steps.arguments import StepParser
from pipeline_steps.documents import sha256_of
from pipeline_steps.paths import Paths
from pipeline_steps.prepare import add_split_arguments, split_table
from pipeline_steps.tables.data_warnings import data_warnings
from pipeline_steps.tables.raw_table import read_raw_table
from pipeline_steps.tables.schema import add_schema_arguments, schema_from_arguments
from pipeline_steps.tables.split import SplitPlan


def parser() -> StepParser:
    """The command line of `check`: that of `prepare`, and the file."""
    made = StepParser("check")
    made.add_argument("--input", type=Path, required=True)
    add_schema_arguments(made)
    add_split_arguments(made)
    return made


def main(argv: Sequence[str], _paths: Paths) -> None:
    """Run the check; prints rows, hash, share of positives, and warnings about the table."""
    arguments = parser().parse_args(argv)
    schema = schema_from_arguments(arguments)
    plan = SplitPlan(arguments.validation_percent, arguments.test_percent, arguments.seed)
    raw = read_raw_table(arguments.input, schema)
    splits, _ = split_table(raw, plan, schema.target)
    found = {
        "rows": raw.source_rows,
        "sha256": sha256_of(arguments.input),
        "positive_rate": float(raw.table[schema.target].mean()),
        "remarks": data_warnings(schema.columns, splits),
    }
    sys.stdout.write(json.dumps(found, sort_keys=True) + "\n")
