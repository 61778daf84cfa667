"""What a rehearsal takes from a table: its earlier rows as a table of their own, and rows to send as requests."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pandas as pd

from pipeline_steps.tables.csv_rows import csv_rows
from pipeline_steps.tables.csv_table import write_table
from pipeline_steps.tables.source_file import create_text, is_parquet, open_text, text_format
from pipeline_steps.tables.use_case import Column, TableFormat

_REQUESTS = 500


@dataclass(frozen=True)
class EarlierRows:
    """So many rows, spread evenly over the first `among` ones."""

    rows: int
    among: int

    def includes(self, number: int) -> bool:
        """Whether the row of this number, from 0 on, is one of them."""
        chosen = self.rows * (number + 1) // self.among > self.rows * number // self.among
        return number < self.among and chosen


def write_earlier(files: Sequence[Path], folder: Path, chosen: EarlierRows, given: TableFormat) -> None:
    """Write the chosen rows of all files into files of the same names and formats."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = count()
    for path in files:
        if is_parquet(path):
            from pipeline_steps.tables import parquet  # noqa: PLC0415 — few tables need the library

            included = [chosen.includes(next(numbers)) for _ in range(parquet.rows_of(path))]
            parquet.write_rows(folder / path.name, path, included)
            continue
        form = text_format(path, given, ())
        with open_text(path, form.encoding) as source, create_text(folder / path.name, path, form.encoding) as sink:
            rows, writer = filter(None, csv_rows(source, form.delimiter)), csv.writer(sink, delimiter=form.delimiter)
            writer.writerow(next(rows))
            writer.writerows(row for row in rows if chosen.includes(next(numbers)))


def write_requests(path: Path, features: pd.DataFrame, columns: Sequence[Column]) -> None:
    """Write rows as users would send them: the feature columns in the order of the model's input.

    Drawn from the whole table: if it is ordered by time, the newest rows alone would have drifted inputs.
    """
    names = [column.name for column in columns]
    write_table(path, features[names].sample(min(_REQUESTS, len(features)), random_state=0), columns)
