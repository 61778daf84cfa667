"""Responses of a binary model: the probability of the positive class, and 1 or 0 as the label."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_steps.problems.problem import Outputs, Prediction


class BinaryResponder:
    """Writes and reads `{"score", "label"}`; a line of CSV has the score alone."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold

    def json_entries(self, outputs: Outputs) -> list[str]:
        """Write one JSON object a row; nine digits distinguish every float32."""
        threshold = self._threshold
        return [f'{{"score":{score:.9g},"label":{int(score >= threshold)}}}' for score in outputs.tolist()]

    def csv_lines(self, outputs: Outputs) -> list[str]:
        """Write one score a line."""
        return [f"{score:.9g}" for score in outputs.tolist()]

    def read_entry(self, entry: Mapping[str, Any]) -> Prediction:
        """Read score and label; the body of another server may have no label."""
        label = entry.get("label")
        return Prediction(float(entry["score"]), None if label is None else float(label))

    def read_line(self, cells: Sequence[str]) -> Prediction:
        """Read a score, whose label is the threshold's."""
        score = float(cells[0])
        return Prediction(score, float(score >= self._threshold))
