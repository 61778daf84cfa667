"""True or false, however it is spelled."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline_steps.features.columns import CategoryColumn, ValueRefusedError, json_quoted
from pipeline_steps.tables.cells import boolean, number_text
from pipeline_steps.tables.use_case import Kind


@dataclass(frozen=True)
class BooleanColumn(CategoryColumn):
    """True is 1 and false is 0: `true`, `Yes`, `1`, and JSON's own true are one value."""

    kind: ClassVar[Kind] = "boolean"
    categories: tuple[str, ...] = ("false", "true")
    other_code: int = 2
    accepts_unknown: bool = False
    missing: bool = True

    def encode_text(self, text: str) -> float:
        """Encode a CSV cell."""
        try:
            found = boolean(text)
        except ValueError as exc:
            raise self._refused(text) from exc
        if not found and not self.missing:
            raise self._refused(text)
        return self.codes.get(found, math.nan)

    def encode_json(self, value: object) -> float:
        """Encode a JSON value; null is missing."""
        if isinstance(value, bool):
            return float(value)
        if isinstance(value, str) or value is None:
            return self.encode_text(value or "")
        if isinstance(value, int | float) and value in (0, 1):
            return self.encode_text(number_text(float(value)))
        raise self._refused(value)

    def to_document(self) -> dict[str, Any]:
        return {"name": self.name, "kind": self.kind, "missing": self.missing}

    def _refused(self, given: object) -> ValueRefusedError:
        allowed = "true, false or missing" if self.missing else "true or false"
        return ValueRefusedError(f"column {self.name} must be {allowed}, got {json_quoted(given)}")
