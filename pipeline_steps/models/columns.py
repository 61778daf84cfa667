"""How one column of a request or table becomes one float32 of the model's input."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.tables.cells import LARGEST_NUMBER, parse_number, shown


class ValueRefusedError(ValueError):
    """A value that the contract does not allow; the text says which, and what is allowed."""


@dataclass(frozen=True)
class NumberColumn:
    """A number; missing is NaN. The range is the training data's, for whoever watches drift: it refuses nothing."""

    name: str
    min: float
    max: float
    missing: bool

    def encode_text(self, text: str) -> float:
        """Encode a CSV cell."""
        try:
            return self._allowed(parse_number(text), text)
        except ValueError as exc:
            raise exc if isinstance(exc, ValueRefusedError) else self._refusal(text) from exc

    def encode_json(self, value: object) -> float:
        """Encode a JSON value; null is missing."""
        if value is None:
            return self._allowed(math.nan, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refusal(value)
        try:
            return self._allowed(float(value), value)
        except OverflowError as exc:
            raise self._refusal(value) from exc

    def encode_values(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Encode a table's column; a missing value is never refused here."""
        return np.asarray(values, dtype=np.float64)

    def to_document(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "number", "min": self.min, "max": self.max, "missing": self.missing}

    def _allowed(self, value: float, given: object) -> float:
        if -LARGEST_NUMBER <= value <= LARGEST_NUMBER or (self.missing and math.isnan(value)):
            return value
        raise self._refusal(given)

    def _refusal(self, given: object) -> ValueRefusedError:
        allowed = "a number or missing" if self.missing else "a number"
        return ValueRefusedError(f"column {self.name} must be {allowed}, got {shown(given)}")


@dataclass(frozen=True)
class CategoryColumn:
    """A category. Codes ascend with the share of positives in training, so that a tree can split by it.

    One code, `other_code`, stands for the rare categories of the training data, and for unknown ones where
    `accepts_unknown`; `categories` have the codes that it leaves, in order.
    """

    name: str
    categories: tuple[str, ...]
    other_code: int
    accepts_unknown: bool
    missing: bool

    @cached_property
    def codes(self) -> dict[str, float]:
        return {text: float(code + (code >= self.other_code)) for code, text in enumerate(self.categories)}

    def encode_text(self, text: str) -> float:
        """Encode a CSV cell."""
        code = self.codes.get(text)
        return self._uncommon(text) if code is None else code

    def encode_json(self, value: object) -> float:
        """Encode a JSON value; null is missing, and the whole number 3 is the category "3"."""
        if isinstance(value, str):
            return self.encode_text(value)
        if value is None:
            return self._uncommon("")
        if isinstance(value, int) and not isinstance(value, bool):
            return self.encode_text(str(value))
        raise self._refusal(value)

    def encode_values(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Encode a table's column; unknown ones are `other_code`, and none is refused here."""
        codes = {"": math.nan, **self.codes}
        return np.array([codes.get(value, self.other_code) for value in values.tolist()], dtype=np.float64)

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "category",
            "categories": list(self.categories),
            "other_code": self.other_code,
            "unknown": "other" if self.accepts_unknown else "refuse",
            "missing": self.missing,
        }

    def _uncommon(self, text: str) -> float:
        if text == "" and self.missing:
            return math.nan
        if text != "" and self.accepts_unknown:
            return float(self.other_code)
        raise self._refusal(text)

    def _refusal(self, given: object) -> ValueRefusedError:
        several = ", ".join(self.categories[:12]) + (", …" if len(self.categories) > 12 else "")
        allowed = "text" if self.accepts_unknown else f"one of {several}"
        return ValueRefusedError(
            f"column {self.name} must be {allowed}{' or missing' * self.missing}, got {shown(given)}"
        )


FeatureColumn = NumberColumn | CategoryColumn


def column_from_document(entry: Mapping[str, Any]) -> FeatureColumn:
    """Read what a column's `to_document` made."""
    if entry["kind"] == "number":
        return NumberColumn(entry["name"], float(entry["min"]), float(entry["max"]), bool(entry["missing"]))
    if entry["kind"] == "category":
        return CategoryColumn(
            entry["name"],
            tuple(entry["categories"]),
            int(entry["other_code"]),
            entry["unknown"] == "other",
            bool(entry["missing"]),
        )
    raise ValueError(f"a column's kind must be number or category, got {shown(entry['kind'])}")
