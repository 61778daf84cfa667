"""What a rehearsal takes from a table: its earlier rows as a table of their own, and rows to send as requests."""

import csv
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from pipeline_steps.tables.csv_rows import csv_rows
from pipeline_steps.tables.csv_table import write_table

_REQUESTS = 500


def write_earlier(path: Path, folder: Path, rows: int) -> None:
    """Write the first `rows` rows into a file of the same name and format."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        path.open(encoding="utf-8-sig", newline="") as source,
        (folder / path.name).open("w", encoding="utf-8", newline="") as sink,
    ):
        csv.writer(sink).writerows(islice(filter(None, csv_rows(source)), rows + 1))  # and the header


def write_requests(path: Path, features: pd.DataFrame, names: Sequence[str]) -> None:
    """Write rows as users would send them: the feature columns in the order of the model's input.

    Drawn from the whole table: if it is ordered by time, the newest rows alone would have drifted inputs.
    """
    write_table(path, features[list(names)].sample(min(_REQUESTS, len(features)), random_state=0))
