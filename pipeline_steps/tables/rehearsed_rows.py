"""What a rehearsal takes from a table: its earlier rows, rows to send as requests, and a table of a data catalog."""

import csv
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pandas as pd

from pipeline_steps.errors import DataError
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


def write_catalog_table(path: Path, features: pd.DataFrame, columns: Sequence[Column]) -> None:
    """Write all rows as a table of Athena has them: Parquet, names in lower case, numbers as double, others as text.

    Raises:
        DataError: names differ in case alone.
    """
    from pipeline_steps.tables.parquet import write_frame  # noqa: PLC0415 — few rehearsals need the library

    names = [column.name for column in columns]
    for name, other in zip(names, (name.lower() for name in names), strict=True):
        if alike := [each for each in names if each != name and each.lower() == other]:
            raise DataError(f"columns of a table of Athena must differ in more than case, got {name} and {alike[0]}")
    numbers = {column.name for column in columns if column.kind == "number"}
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder, "table.csv")
        write_table(texts, features[names], columns)
        types = {name: "float64" if name in numbers else "str" for name in names}
        missing = {name: ["", "nan"] if name in numbers else [""] for name in names}
        table = pd.read_csv(texts, dtype=types, keep_default_na=False, na_values=missing)
    write_frame(path, table.rename(columns=str.lower))
