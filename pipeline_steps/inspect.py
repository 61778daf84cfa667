"""inspect: what a table holds, and how it would be described to the launch; no use case is needed."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline_steps.arguments import StepParser
from pipeline_steps.paths import Paths
from pipeline_steps.preparation.inspection import inspect_table
from pipeline_steps.problems.registry import PROBLEMS
from pipeline_steps.tables.raw_table import data_files


def parser() -> StepParser:
    """The command line of `inspect`."""
    made = StepParser("inspect")
    made.add_argument("--input", type=Path, required=True)
    made.add_argument("--target")
    made.add_argument("--problem", choices=sorted(PROBLEMS))
    made.add_argument("--positive-label")
    return made


def main(argv: Sequence[str], _paths: Paths) -> None:
    """Run the inspection; prints one JSON document."""
    arguments = parser().parse_args(argv)
    sources = data_files(arguments.input) if arguments.input.is_dir() else [arguments.input]
    found = inspect_table(
        sources, target=arguments.target, problem=arguments.problem, positive_label=arguments.positive_label
    )
    sys.stdout.write(json.dumps(found, sort_keys=True) + "\n")
