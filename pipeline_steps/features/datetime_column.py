"""A date or time as one float; its parts are made from it inside the graph."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline_steps.features.columns import NumberColumn, ValueRefusedError, json_quoted
from pipeline_steps.tables.datetimes import ISO, datetime_text, parse_datetime
from pipeline_steps.tables.use_case import Kind


@dataclass(frozen=True)
class DatetimeColumn(NumberColumn):
    """Days since 2000-01-01, in UTC. As a float32 it is exact for dates, and within 45 s for times of this century.

    Attributes:
        format: beside ISO 8601, what callers may write, as strptime has it.
        times: whether training has seen times of day.
    """

    kind: ClassVar[Kind] = "datetime"
    format: str = ISO
    times: bool = False

    def encode_text(self, text: str) -> float:
        """Encode a CSV cell."""
        try:
            return self._allowed(parse_datetime(text, self.format), text)
        except ValueRefusedError:
            raise
        except ValueError as exc:
            raise self._rejection(text) from exc

    def encode_json(self, value: object) -> float:
        """Encode a JSON value: a text, or null for missing."""
        if isinstance(value, str) or value is None:
            return self.encode_text(value or "")
        raise self._rejection(value)

    def example(self, value: float) -> str:
        """Write `value` as ISO 8601."""
        return datetime_text(value)

    def to_document(self) -> dict[str, Any]:
        return super().to_document() | {"format": self.format, "times": self.times}

    def _rejection(self, given: object) -> ValueRefusedError:
        allowed = f"{_EXAMPLE} or as {self.format}" if self.format != ISO else _EXAMPLE
        missing = ", or missing" if self.missing else ""
        return ValueRefusedError(
            f"column {self.name} must be a date or time such as {allowed}{missing}, got {json_quoted(given)}"
        )


_EXAMPLE = "2026-03-01 or 2026-03-01T10:30:00Z"
