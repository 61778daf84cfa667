"""Responses of an anomaly model: the score, and whether it is anomalous."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_steps.problems.problem import Outputs, Prediction


class AnomalyResponder:
    """Writes and reads `{"score", "anomalous"}`; a line of CSV has both in order."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold

    def json_entries(self, outputs: Outputs) -> list[str]:
        """Write one JSON object a row; nine digits distinguish every float32."""
        threshold = self._threshold
        return [
            f'{{"score":{score:.9g},"anomalous":{"true" if score >= threshold else "false"}}}'
            for score in outputs.tolist()
        ]

    def csv_lines(self, outputs: Outputs) -> list[str]:
        """Write one line a row."""
        threshold = self._threshold
        return [f"{score:.9g},{'true' if score >= threshold else 'false'}" for score in outputs.tolist()]

    def read_entry(self, entry: Mapping[str, Any]) -> Prediction:
        """Read the score, and whether it is anomalous."""
        anomalous = entry.get("anomalous")
        return Prediction(float(entry["score"]), None if anomalous is None else float(anomalous))

    def read_line(self, cells: Sequence[str]) -> Prediction:
        """Read the score, and whether it is anomalous."""
        return Prediction(float(cells[0]), float({"true": 1, "false": 0}[cells[1].strip()]))
