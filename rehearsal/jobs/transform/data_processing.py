"""What a transform job does to each record: filter it for the model, join the response, filter the result."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from rehearsal.jobs.transform.json_path import JsonPath, PathError, parse_path

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
_TYPES = (CSV, JSON, JSON_LINES)
_WHOLE = "$"
OUTPUT, INPUT = "SageMakerOutput", "SageMakerInput"


class RecordError(ValueError):
    """A record or response cannot be filtered or joined, which fails the job."""


@dataclass(frozen=True)
class DataProcessing:
    """The job's `DataProcessing`; without one, records and responses are passed on as they are."""

    input_filter: JsonPath
    output_filter: JsonPath
    joins: bool
    is_csv: bool

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Self:
        """Read a CreateTransformJob request.

        Raises:
            ValueError: SageMaker refuses it.
        """
        given = request.get("DataProcessing", {})
        content_type = str(request["TransformInput"].get("ContentType", "")).partition(";")[0].strip()
        made = cls(
            parse_path(given.get("InputFilter", _WHOLE)),
            parse_path(given.get("OutputFilter", _WHOLE)),
            joins=given.get("JoinSource", "None") == "Input",
            is_csv=content_type == CSV,
        )
        if made.is_needed and content_type not in _TYPES:
            raise ValueError(
                f"DataProcessing supports the content types {', '.join(_TYPES)}, got {content_type or None}"
            )
        split = request["TransformInput"].get("SplitType", "None")
        assemble = request["TransformOutput"].get("AssembleWith", "None")
        if made.joins and split != assemble:
            raise ValueError(f"JoinSource Input needs AssembleWith {split} with SplitType {split}, got {assemble}")
        return made

    @property
    def is_needed(self) -> bool:
        return self.joins or not (self.input_filter.is_whole and self.output_filter.is_whole)

    def filtered(self, record: bytes) -> bytes:
        """What the model gets of a record.

        Raises:
            RecordError: the filter selects nothing of it.
        """
        if self.input_filter.is_whole:
            return record
        return self._written(_selected(self.input_filter, self._read(record)))

    def joined(self, record: bytes, response: bytes) -> bytes:
        """What the output has for a record.

        Raises:
            RecordError: it cannot be joined, or the filter selects nothing of it.
        """
        if not self.is_needed or (not self.joins and self.output_filter.is_whole):
            return response
        made = self._read(response)
        if self.joins:
            made = self._joined(self._read(record), made)
        return self._written(_selected(self.output_filter, made))

    def _joined(self, record: Any, response: Any) -> Any:
        if self.is_csv:
            return [*record, *response]
        if isinstance(record, dict):
            return {**record, OUTPUT: response}
        return {INPUT: record, OUTPUT: response}

    def _read(self, content: bytes) -> Any:
        try:
            text = content.decode("utf-8")
            if not self.is_csv:
                return json.loads(text)
            (cells,) = csv.reader(io.StringIO(text, newline=""), strict=True)
        except (ValueError, csv.Error) as exc:
            kind = "a row of CSV" if self.is_csv else "JSON"
            raise RecordError(f"a record must be {kind}, got {content[:80]!r}: {exc}") from exc
        return cells

    def _written(self, value: Any) -> bytes:
        if not self.is_csv:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return text.getvalue().encode()


def _selected(path: JsonPath, value: Any) -> Any:
    try:
        return path.of(value)
    except PathError as exc:
        raise RecordError(str(exc)) from exc
