"""prepare: the raw table becomes three splits and a profile of the training split."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline_steps.arguments import StepParser, percent
from pipeline_steps.documents import sha256_of, write_json
from pipeline_steps.errors import DataError
from pipeline_steps.paths import Paths
from pipeline_steps.tables.csv_table import write_table
from pipeline_steps.tables.data_warnings import data_warnings
from pipeline_steps.tables.profile import profile_columns, relations
from pipeline_steps.tables.raw_table import RawTable, read_raw_table
from pipeline_steps.tables.schema import Schema, add_schema_arguments, schema_from_arguments
from pipeline_steps.tables.split import SPLITS, SplitPlan


def parser() -> StepParser:
    """The command line of `prepare`."""
    made = StepParser("prepare")
    add_schema_arguments(made)
    add_split_arguments(made)
    return made


def add_split_arguments(parser: StepParser) -> None:
    """Add the shares of the splits and the seed of the split."""
    parser.add_argument("--validation-percent", type=percent, default=20)
    parser.add_argument("--test-percent", type=percent, default=20)
    parser.add_argument("--seed", type=int, default=0)


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    arguments = parser().parse_args(argv)
    schema = schema_from_arguments(arguments)
    plan = SplitPlan(arguments.validation_percent, arguments.test_percent, arguments.seed)
    source = the_one_table(paths.processing_input("data"))
    raw = read_raw_table(source, schema)
    splits, duplicates = split_table(raw, plan, schema.target)
    profile_folder = paths.processing_output("profile")
    hashes = {"source": sha256_of(source)}
    for name, table in splits.items():
        folder = paths.processing_output(name)
        write_table(folder / "data.csv", table)
        write_json(folder / "schema.json", schema.to_document())
        hashes[name] = sha256_of(folder / "data.csv")
    write_json(profile_folder / "schema.json", schema.to_document())
    profile = describe(raw, splits, schema, duplicates)
    write_json(profile_folder / "profile.json", profile | {"sha256": hashes})
    sys.stdout.write(", ".join(f"{count} {name}" for name, count in profile["rows"].items()) + " rows\n")
    sys.stdout.writelines(f"{remark}\n" for remark in profile["remarks"])


def the_one_table(folder: Path) -> Path:
    """Find the CSV file of the input.

    Raises:
        DataError: there is none, or more than one.
    """
    found = sorted(folder.glob("*.csv"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found[:5]) or "none"
        raise DataError(f"the input must hold exactly one .csv file, got {names} in {folder}")
    return found[0]


def split_table(raw: RawTable, plan: SplitPlan, target: str) -> tuple[dict[str, pd.DataFrame], int]:
    """Drop exact duplicates, then deal the rows.

    Returns:
        The splits, their target last as 0 and 1; and the number of duplicates dropped.

    Raises:
        DataError: a class has too few rows to be in every split.
    """
    kept = raw.table[~raw.table.duplicated(keep="first")]
    positive = (kept[target] == 1).to_numpy()
    smallest = int(min(positive.sum(), (~positive).sum()))
    if smallest < plan.block_rows:
        raise DataError(
            f"target {target} must have at least {plan.block_rows} different rows of each value to be split, "
            f"got {smallest} of one"
        )
    assigned = plan.assign(positive)
    return {name: kept[assigned == name] for name in SPLITS}, len(raw.table) - len(kept)


def describe(raw: RawTable, splits: dict[str, pd.DataFrame], schema: Schema, duplicates: int) -> dict[str, Any]:
    """Make the profile: row counts of everything, statistics of the training split alone."""
    counts = {name: len(table) for name, table in splits.items()}
    dropped = {"duplicates": duplicates, "missing_target": raw.missing_target}
    return {
        "rows": {"source": raw.source_rows, "kept": sum(counts.values()), **dropped, **counts},
        "positive_rate": {name: float(table[schema.target].mean()) for name, table in splits.items()},
        "remarks": data_warnings(schema.columns, splits),
        "columns": profile_columns(schema, splits["train"]),
        **relations(schema, splits["train"]),
    }
