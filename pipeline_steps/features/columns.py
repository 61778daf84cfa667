"""How one column of a request or table becomes one float32 of the model's input."""

import contextlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.tables.cells import LARGEST_NUMBER, category, parse_number, quoted
from pipeline_steps.tables.near_matches import near_match
from pipeline_steps.tables.use_case import Kind

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)


class ValueRefusedError(ValueError):
    """A value that the contract does not allow; the text says which, and what is allowed."""


@dataclass(frozen=True)
class NumberColumn:
    """A number; missing is NaN. The range is the training data's, for drift detection: it refuses nothing."""

    kind: ClassVar[Kind] = "number"
    name: str
    min: float
    max: float
    missing: bool

    def encode_text(self, text: str) -> float:
        """Encode a CSV cell."""
        try:
            return self._allowed(parse_number(text), text)
        except ValueError as exc:
            raise exc if isinstance(exc, ValueRefusedError) else self._rejection(text) from exc

    def encode_json(self, value: object) -> float:
        """Encode a JSON value; null is missing."""
        if value is None:
            return self._allowed(math.nan, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._rejection(value)
        try:
            return self._allowed(float(value), value)
        except OverflowError as exc:
            raise self._rejection(value) from exc

    def encode_json_cells(self, values: Sequence[object]) -> Sequence[float] | NDArray[np.float64]:
        """Encode JSON values of many rows, each as `encode_json` does; numbers at once."""
        if self.kind == "number" and set(map(type, values)) <= {int, float}:
            with contextlib.suppress(OverflowError):
                encoded = np.array(values, dtype=np.float64)
                if (np.abs(encoded) <= LARGEST_NUMBER).all():
                    return encoded
        return list(map(self.encode_json, values))

    def encode_values(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Encode a table's column; a missing value is never refused here."""
        return np.asarray(values, dtype=np.float64)

    def example(self, value: float) -> float | str:
        """Write `value` as a caller sends it."""
        return value

    def to_document(self) -> dict[str, Any]:
        return {"name": self.name, "kind": self.kind, "min": self.min, "max": self.max, "missing": self.missing}

    def _allowed(self, value: float, given: object) -> float:
        if -LARGEST_NUMBER <= value <= LARGEST_NUMBER or (self.missing and math.isnan(value)):
            return value
        raise self._rejection(given)

    def _rejection(self, given: object) -> ValueRefusedError:
        allowed = "a number or missing" if self.missing else "a number"
        return ValueRefusedError(f"column {self.name} must be {allowed}, got {json_quoted(given)}")


@dataclass(frozen=True)
class CategoryColumn:
    """A category. Codes ascend with the mean target in training, so that a tree can split by it.

    One code, `other_code`, stands for the rare categories of the training data, and for unknown ones where
    `accepts_unknown`; `categories` have the remaining codes, in order.
    """

    kind: ClassVar[Kind] = "category"
    name: str
    categories: tuple[str, ...]
    other_code: int
    accepts_unknown: bool
    missing: bool

    @cached_property
    def codes(self) -> dict[str, float]:
        """Codes by category as cells are read; older artifacts may have 1.0 in the place of 1."""
        found: dict[str, float] = {}
        for code, text in enumerate(self.categories):
            found.setdefault(category(text), float(code + (code >= self.other_code)))
        return found

    @cached_property
    def _integers(self) -> dict[int, float]:
        """The codes of categories that are whole numbers, as JSON may have them."""
        return {int(text): code for text, code in self.codes.items() if _INTEGER.fullmatch(text)}

    @cached_property
    def _known(self) -> Mapping[Any, float]:
        return {**dict[Any, float](self.codes), **self._integers}

    @cached_property
    def _booleans(self) -> dict[bool, list[str]]:
        """The categories that JSON's true and false name, such as TRUE or False."""
        names = {True: "true", False: "false"}
        return {value: [text for text in self.codes if text.casefold() == name] for value, name in names.items()}

    def encode_text(self, text: str) -> float:
        """Encode a CSV cell."""
        code = self.codes.get(text)
        return self._uncommon(text, text) if code is None else code

    def encode_json(self, value: object) -> float:
        """Encode a JSON value: null is missing, 3 and 3.0 are the category "3", true is the category TRUE or true."""
        if isinstance(value, str):
            return self.encode_text(value)
        if value is None:
            return self._uncommon("", value)
        if isinstance(value, bool):
            return self._boolean(value)
        if isinstance(value, int):
            code = self._integers.get(value)
            return self._uncommon(str(value), value) if code is None else code
        if isinstance(value, float) and math.isfinite(value):
            return self._uncommon(str(int(value)) if value.is_integer() else repr(value), value)
        raise self._rejection(value)

    def encode_json_cells(self, values: Sequence[object]) -> list[float]:
        """Encode JSON values of many rows, each as `encode_json` does; known categories by one look-up each."""
        if bool not in set(map(type, values)):  # true would be found as 1
            with contextlib.suppress(KeyError, TypeError):
                return [self._known[value] for value in values]
        return list(map(self.encode_json, values))

    def encode_values(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Encode a table's column; unknown ones are `other_code`, and none is refused here."""
        listed = values.tolist()
        codes = {value: self.codes.get(category(value), float(self.other_code)) for value in set(listed)}
        codes[""] = math.nan
        return np.array([codes[value] for value in listed], dtype=np.float64)

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "categories": list(self.categories),
            "other_code": self.other_code,
            "unknown": "other" if self.accepts_unknown else "refuse",
            "missing": self.missing,
        }

    def _boolean(self, value: bool) -> float:  # noqa: FBT001 (it is a cell)
        named = self._booleans[value]
        if len(named) > 1:
            raise ValueRefusedError(f"column {self.name} must be one of {_listed(named)}, got {json_quoted(value)}")
        return self._uncommon(named[0] if named else json_quoted(value), value)

    def _uncommon(self, text: str, given: object) -> float:
        code = self.codes.get(category(text))
        if code is not None:
            return code
        if text == "" and self.missing:
            return math.nan
        if text != "" and self.accepts_unknown:
            return float(self.other_code)
        raise self._rejection(given)

    def _rejection(self, given: object) -> ValueRefusedError:
        allowed = "text or a number" if self.accepts_unknown else f"one of {_listed(self.categories)}"
        near = near_match(given, self.categories) if isinstance(given, str) else ""
        return ValueRefusedError(
            f"column {self.name} must be {allowed}{' or missing' * self.missing}, got {json_quoted(given)}"
            + (f"; there is {near}" if near else "")
        )


def _listed(categories: Iterable[str]) -> str:
    texts = [quoted(text) for text in categories]
    return ", ".join(texts[:12]) + (", …" if len(texts) > 12 else "")


def json_quoted(value: object) -> str:
    """Quote a value of a request; null, true and false as JSON writes them."""
    return json.dumps(value) if value is None or isinstance(value, bool) else quoted(value)


FeatureColumn = NumberColumn | CategoryColumn
"""A datetime is a number of days, and a boolean a category with two values."""


def kind_of(column: FeatureColumn) -> Kind:
    """The kind that the use case gave the column."""
    return column.kind
