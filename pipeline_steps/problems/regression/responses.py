"""Responses of a regression: the value, the interval where it was asked for, the decision where errors have a value."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_steps.problems.problem import Outputs, Prediction


class RegressionResponder:
    """Writes and reads `{"value"}`, with `"low"` and `"high"`, and `"decision"`; a line of CSV has them in order."""

    def __init__(self, half_width: float | None, shift: float | None) -> None:
        offsets = {"value": 0.0}
        if half_width is not None:
            offsets |= {"low": -half_width, "high": half_width}
        if shift is not None:
            offsets |= {"decision": shift}
        self._decides = shift is not None
        self._offsets = tuple(offsets.values())[1:]
        self._json = "{" + ",".join(f'"{name}":%.9g' for name in offsets) + "}"
        self._csv = ",".join(["%.9g"] * len(offsets))

    def json_entries(self, outputs: Outputs) -> list[str]:
        """Write one JSON object a row; nine digits distinguish every float32."""
        return self._written(outputs, self._json)

    def csv_lines(self, outputs: Outputs) -> list[str]:
        """Write one line a row."""
        return self._written(outputs, self._csv)

    def read_entry(self, entry: Mapping[str, Any]) -> Prediction:
        """Read the value, and the amount to act on."""
        value = float(entry["value"])
        return Prediction(value, float(entry.get("decision", value)))

    def read_line(self, cells: Sequence[str]) -> Prediction:
        """Read the value, and the amount to act on, which is last."""
        return Prediction(float(cells[0]), float(cells[-1 if self._decides else 0]))

    def _written(self, outputs: Outputs, template: str) -> list[str]:
        if not self._offsets:
            return [template % value for value in outputs.tolist()]
        return [template % (value, *[value + offset for offset in self._offsets]) for value in outputs.tolist()]
