"""A transform job's responses back to the rows of the batch's files: results, and a report of every row without one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.batch.collecting import CollectedFile
from pipeline_steps.batch.input_files import InputRow, open_input
from pipeline_steps.batch.requests import ScoredRow, request_line, row_error
from pipeline_steps.batch.scored_files import SUFFIX, results_of
from pipeline_steps.errors import DataError, StepError
from pipeline_steps.server.batch_lines import ERROR
from pipeline_steps.tables.use_case import TableFormat

_LONGEST_SOURCE = 2_000


@dataclass(frozen=True)
class AssembledFile:
    """One file of the results: `rows` = `scored` + `failed`, and why its rest could not be read."""

    name: str
    rows: int
    scored: int
    failed: int
    unreadable: str = ""


@dataclass
class Predictions:
    """Headline numbers and labels of all scored rows, to be compared with the model's baseline."""

    scores: list[float] = field(default_factory=list)
    labels: list[float] = field(default_factory=list)

    def add(self, contract: Contract, entry: Mapping[str, Any]) -> None:
        score, label = contract.responder.read_entry(entry)
        self.scores.append(score)
        self.labels.append(np.nan if label is None else label)


class Assembly:
    """Joins the job's output to the files, in one pass through both.

    Args:
        contract: of the model that scored.
        table_format: how the files are written.
        max_bytes: of a row that was sent, as when rows were collected.
        failed: gets a line of JSON for each row without a prediction: file, row, reason, and the row as it came.
    """

    def __init__(self, contract: Contract, table_format: TableFormat, *, max_bytes: int, failed: TextIO) -> None:
        self._contract, self._format, self._max_bytes = contract, table_format, max_bytes
        self._failed = failed
        self.predictions = Predictions()

    def assemble(
        self, sources: Path, collected: Sequence[CollectedFile], scored: Iterator[ScoredRow], results: Path
    ) -> list[AssembledFile]:
        """Write the results of each file below `results`, under its own name and `.out`.

        Raises:
            StepError: a row that was sent has no response, or a response no row: then nothing can be trusted.
        """
        found = [self._file(number, file, sources, scored, results) for number, file in enumerate(collected)]
        if (more := next(scored, None)) is not None:
            raise StepError(f"the transform job's output must end with the last row sent, got {_where(more)} besides")
        return found

    def _file(
        self, number: int, file: CollectedFile, sources: Path, scored: Iterator[ScoredRow], results: Path
    ) -> AssembledFile:
        path, target = sources / file.name, results / f"{file.name}{SUFFIX}"
        target.parent.mkdir(parents=True, exist_ok=True)
        rows, good, is_whole = 0, 0, False
        try:
            source = open_input(path, self._contract.columns, self._format)
            writer = results_of(source, target)
            try:
                for row in source.rows:
                    rows += 1
                    entry = self._entry(number, file.name, row, scored)
                    good += entry is not None
                    writer.add(row, entry)
                is_whole = True
            finally:
                writer.close(is_whole=is_whole)
        except DataError as exc:
            if not file.unreadable:  # all of its rows were collected
                raise
            return AssembledFile(file.name, rows, good, rows - good, str(exc))
        return AssembledFile(file.name, rows, good, rows - good, file.unreadable)

    def _entry(self, number: int, name: str, row: InputRow, scored: Iterator[ScoredRow]) -> Mapping[str, Any] | None:
        """The row's prediction, or None where it has none, which is then reported."""
        line = "" if row.error else request_line(number, row)
        if error := row_error(row, line, self._max_bytes):
            self._report(name, row, error)
            return None
        found = next(scored, None)
        if found is None or (found.file, found.row) != (number, row.number):
            got = "its end" if found is None else _where(found)
            raise StepError(
                f"the transform job's output must have a response to row {row.number} of {name} here, got {got}"
            )
        if ERROR in found.response:
            self._report(name, row, str(found.response[ERROR]))
            return None
        try:
            self.predictions.add(self._contract, found.response)
        except (ValueError, TypeError, KeyError) as exc:
            raise StepError(f"row {row.number} of {name} must have a prediction of this model: {exc!r}") from exc
        return found.response

    def _report(self, name: str, row: InputRow, reason: str) -> None:
        source = row.source if isinstance(row.source, str) else list(row.source)
        if isinstance(source, str) and len(source) > _LONGEST_SOURCE:
            source = source[:_LONGEST_SOURCE] + "…"
        entry = {"file": name, "row": row.number, "reason": reason, "source": source}
        self._failed.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")


def _where(row: ScoredRow) -> str:
    return f"row {row.row} of file {row.file}"
