"""Responses of a cluster model: the nearest cluster, and the distance to its centre."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_steps.problems.problem import Outputs, Prediction


class ClusterResponder:
    """Writes and reads `{"cluster", "distance"}`; a line of CSV has both in order."""

    def json_entries(self, outputs: Outputs) -> list[str]:
        """Write one JSON object a row; nine digits distinguish every float32."""
        return [f'{{"cluster":{cluster},"distance":{distance:.9g}}}' for cluster, distance in _nearest(outputs)]

    def csv_lines(self, outputs: Outputs) -> list[str]:
        """Write one line a row."""
        return [f"{cluster},{distance:.9g}" for cluster, distance in _nearest(outputs)]

    def read_entry(self, entry: Mapping[str, Any]) -> Prediction:
        """Read the distance, and the cluster."""
        return Prediction(float(entry["distance"]), float(entry["cluster"]))

    def read_line(self, cells: Sequence[str]) -> Prediction:
        """Read the distance, and the cluster."""
        return Prediction(float(cells[1]), float(cells[0]))


def _nearest(outputs: Outputs) -> list[tuple[int, float]]:
    return list(zip(outputs.argmin(axis=1).tolist(), outputs.min(axis=1).tolist(), strict=True))
