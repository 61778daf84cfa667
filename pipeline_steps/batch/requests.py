"""Rows as lines of a transform job's input: each has its file and its number, which SageMaker joins to the response."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pipeline_steps.batch.input_files import InputRow
from pipeline_steps.errors import StepError

FILE, ROW, FEATURES = "file", "row", "features"
"""Members of a line. `InputFilter` of the job is `$.features`: the model's server never sees the other two."""

OUTPUT = "SageMakerOutput"
"""The member that `JoinSource` adds: the model's response to the line."""

ROWS_A_PART = 100_000
"""Of one object of the job's input: SageMaker spreads objects over instances, and repeats one that failed."""


def request_line(file: int, row: InputRow) -> str:
    """Write a row that has no error; all of it ASCII, so that a character is a byte."""
    return json.dumps({FILE: file, ROW: row.number, FEATURES: row.values}, separators=(",", ":"))


def row_error(row: InputRow, line: str, max_bytes: int) -> str:
    """Say why a row cannot be sent, "" where it can: SageMaker fails the whole job for a record that is too large."""
    if row.error or len(line) < max_bytes:
        return row.error
    return f"it takes {len(line):,} bytes, and a request of the job at most {max_bytes:,} (batch.max_payload_mb)"


class RequestParts:
    """Writes lines into `part-00000.jsonl` and so on, in order."""

    def __init__(self, folder: Path, *, rows_a_part: int = ROWS_A_PART) -> None:
        self._folder, self._most = folder, rows_a_part
        self._file: TextIO | None = None
        self.rows = 0

    def add(self, line: str) -> None:
        if self.rows % self._most == 0:
            self.close()
            name = f"part-{self.rows // self._most:05d}.jsonl"
            self._file = (self._folder / name).open("w", encoding="ascii", newline="\n")
        if self._file is not None:
            self._file.write(f"{line}\n")
        self.rows += 1

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass(frozen=True)
class ScoredRow:
    """What the model responded to one row."""

    file: int
    row: int
    response: Mapping[str, Any]


def scored_rows(folder: Path) -> Iterator[ScoredRow]:
    """Read the job's output, in the order of its input, wherever below `folder` SageMaker puts the objects.

    Raises:
        StepError: a line is none that the job should have written.
    """
    for path in sorted(folder.rglob("part-*.jsonl.out"), key=lambda path: path.name):
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _scored(line, f"line {number} of {path.name}")


def _scored(line: str, where: str) -> ScoredRow:
    try:
        document = json.loads(line)
        return ScoredRow(int(document[FILE]), int(document[ROW]), dict(document[OUTPUT]))
    except (ValueError, KeyError, TypeError) as exc:
        raise StepError(f"the transform job's output must have {FILE}, {ROW} and {OUTPUT} in {where}: {exc}") from exc
