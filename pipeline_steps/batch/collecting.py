"""Files to the input of a transform job: a line for each row that can be sent, and a note of each file."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline_steps.batch.input_files import open_input
from pipeline_steps.batch.requests import ROWS_A_PART, RequestParts, request_line, row_error
from pipeline_steps.errors import DataError
from pipeline_steps.features.columns import FeatureColumn
from pipeline_steps.rounding import counted
from pipeline_steps.tables.raw_table import files_below
from pipeline_steps.tables.use_case import TableFormat


@dataclass(frozen=True)
class CollectedFile:
    """What was found in one file.

    Attributes:
        name: below the batch's prefix.
        rows: that were read.
        sent: of them, to the model.
        unreadable: why the file, or its rest, could not be read; "" where it was.
    """

    name: str
    rows: int
    sent: int
    unreadable: str = ""

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Collection:
    """How files become requests.

    Attributes:
        columns: of the model.
        table_format: how the files are written.
        max_bytes: of a request, and so of a row.
        rows_a_part: of each object of the transform job's input.
    """

    columns: Sequence[FeatureColumn]
    table_format: TableFormat
    max_bytes: int
    rows_a_part: int = ROWS_A_PART

    def collect(self, folder: Path, requests: Path) -> list[CollectedFile]:
        """Write the rows of all files below `folder` as parts below `requests`.

        Raises:
            DataError: there is no row that could be sent: SageMaker fails a job without input.
        """
        parts = RequestParts(requests, rows_a_part=self.rows_a_part)
        found, reasons = [], []
        for number, path in enumerate(files_below(folder)):
            file, reason = self._file(number, path, path.relative_to(folder).as_posix(), parts)
            found.append(file)
            reasons += [reason] if reason else []
        parts.close()
        if not parts.rows:
            why = f": {reasons[0]}" if reasons else ""
            raise DataError(
                f"at least one row must be fit for the model, got none in {counted(len(found), 'file')}{why}"
            )
        return found

    def _file(self, number: int, path: Path, name: str, parts: RequestParts) -> tuple[CollectedFile, str]:
        """Add the file's rows; gives also the first reason why one was not added."""
        rows, before, reason = 0, parts.rows, ""
        try:
            for row in open_input(path, self.columns, self.table_format).rows:
                rows += 1
                line = "" if row.error else request_line(number, row)
                if error := row_error(row, line, self.max_bytes):
                    reason = reason or f"row {row.number} of {name}: {error}"
                else:
                    parts.add(line)
        except DataError as exc:
            return CollectedFile(name, rows, parts.rows - before, str(exc)), reason or str(exc)
        return CollectedFile(name, rows, parts.rows - before), reason


def copy_sources(folder: Path, target: Path) -> None:
    """Keep the files as they were read: what lies at the batch's prefix may be replaced while the job runs."""
    shutil.copytree(folder, target, dirs_exist_ok=True)


def collected_files(document: dict[str, Any]) -> Iterator[CollectedFile]:
    """Read what `to_document` made of each file."""
    return (CollectedFile(**entry) for entry in document["files"])
