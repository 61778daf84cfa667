"""check: whether a table can be prepared and hyperparameters can be tried, asked before anything is deployed."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline_steps.arguments import StepParser
from pipeline_steps.documents import sha256_of
from pipeline_steps.errors import ArgumentError, StepError
from pipeline_steps.models.hyperparameters import hyperparameter_mistakes
from pipeline_steps.paths import Paths
from pipeline_steps.prepare import add_split_arguments, split_table
from pipeline_steps.tables.remarks import remarks
from pipeline_steps.tables.rules import read_raw_table
from pipeline_steps.tables.schema import add_schema_arguments, schema_from_arguments
from pipeline_steps.tables.split import SplitPlan

ALGORITHM = "xgboost"
"""What a search tries."""


def parser() -> StepParser:
    """The command line of `check`: that of `prepare`, the file, and the values a search may try."""
    made = StepParser("check")
    made.add_argument("--input", type=Path, required=True)
    made.add_argument("--hyperparameter", action="append", default=[], metavar="NAME=VALUE")
    add_schema_arguments(made)
    add_split_arguments(made)
    return made


def main(argv: Sequence[str], _paths: Paths) -> None:
    """Run the check; prints rows, hash, share of positives, and what a person should know of the table."""
    arguments = parser().parse_args(argv)
    schema = schema_from_arguments(arguments)
    plan = SplitPlan(arguments.validation_percent, arguments.test_percent, arguments.seed)
    mistakes = list(hyperparameter_mistakes(ALGORITHM, map(_pair, arguments.hyperparameter)))
    try:
        raw = read_raw_table(arguments.input, schema)
        splits, _ = split_table(raw, plan, schema.target)
    except StepError as exc:
        raise type(exc)("\n".join([*mistakes, str(exc)])) from exc
    if mistakes:
        raise ArgumentError("\n".join(mistakes))
    found = {
        "rows": raw.source_rows,
        "sha256": sha256_of(arguments.input),
        "positive_rate": float(raw.table[schema.target].mean()),
        "remarks": remarks(schema.columns, splits),
    }
    sys.stdout.write(json.dumps(found, sort_keys=True) + "\n")


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
