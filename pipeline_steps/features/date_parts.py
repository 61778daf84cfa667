"""ONNX nodes that make the parts of a date from days since 2000-01-01."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

_PREFIX = "dates/"

_TO_MARCH_YEAR_0 = 730_425
"""Days from 0000-03-01 to 2000-01-01, in the Gregorian calendar."""
_LATEST = 3_000_000
_SATURDAY = 5
"""Of 2000-01-01, where Monday is 0."""
_NEARLY_HOUR = 0.0125
"""45 s: what a float32 of this century can lack of a full hour."""

PARTS = ("month", "weekday", "day")


class DateGraph:
    """Nodes that read days, float32 [rows, dates], and give each part in that shape; NaN where the days are."""

    def __init__(self, days: str) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._days = days
        known = self._node("IsNaN", days)
        self._missing = known
        clipped = self._node("Clip", days, self._float(-_TO_MARCH_YEAR_0), self._float(_LATEST))
        self._known = self._node("Where", known, self._float(0.0), clipped)
        self._whole = self._node("Floor", self._known)
        self._day_number = self._node("Cast", self._whole, to=TensorProto.INT64)

    def parts(self) -> Iterable[str]:
        """Give the tensors of month (0 to 11), weekday (Monday is 0) and day of the month (from 1)."""
        month, day = self._civil()
        # int64 as everything here: Mod of a positive number is what a calendar needs
        weekday = self._int("Mod", self._int("Add", self._day_number, _TO_MARCH_YEAR_0 // 7 * 7 + 7 + _SATURDAY), 7)
        return [self._or_missing(part) for part in (month, weekday, day)]

    def hour(self) -> str:
        """Give the tensor of the hour of the day, whole."""
        fraction = self._node("Sub", self._known, self._whole)
        hours = self._node("Mul", fraction, self._float(24.0))
        hour = self._node("Floor", self._node("Add", hours, self._float(_NEARLY_HOUR)))
        return self._node("Where", self._missing, self._days, self._node("Min", hour, self._float(23.0)))

    def _civil(self) -> tuple[str, str]:
        """Month and day, by the arithmetic of Howard Hinnant's `civil_from_days`, whose year begins in March."""
        days = self._int("Add", self._day_number, _TO_MARCH_YEAR_0)
        of_era = self._int("Mod", days, 146_097)
        # leap days taken out, 365 days make a year
        corrected = self._node(
            "Sub",
            self._node("Add", of_era, self._int("Div", of_era, 36_524)),
            self._node("Add", self._int("Div", of_era, 1_460), self._int("Div", of_era, 146_096)),
        )
        year = self._int("Div", corrected, 365)
        leap = self._node("Sub", self._int("Div", year, 4), self._int("Div", year, 100))
        of_year = self._node("Sub", of_era, self._node("Add", self._int("Mul", year, 365), leap))
        march_month = self._int("Div", self._int("Add", self._int("Mul", of_year, 5), 2), 153)
        before = self._int("Div", self._int("Add", self._int("Mul", march_month, 153), 2), 5)
        day = self._int("Add", self._node("Sub", of_year, before), 1)
        return self._int("Mod", self._int("Add", march_month, 2), 12), day

    def _or_missing(self, part: str) -> str:
        number = self._node("Cast", part, to=TensorProto.FLOAT)
        return self._node("Where", self._missing, self._days, number)

    def _node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{_PREFIX}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _int(self, operator: str, tensor: str, number: int) -> str:
        return self._node(operator, tensor, self._constant(np.array(number, dtype=np.int64)))

    def _float(self, number: float) -> str:
        return self._constant(np.array(number, dtype=np.float32))

    def _constant(self, value: "np.ndarray[tuple[int, ...], np.dtype[np.int64 | np.float32]]") -> str:
        name = f"{_PREFIX}{value.dtype}/{value}"
        if name not in {constant.name for constant in self.constants}:
            self.constants.append(numpy_helper.from_array(value, name))
        return name
