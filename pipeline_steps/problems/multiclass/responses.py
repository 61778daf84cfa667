"""Responses of a model of several labels: the label, its probability, and the probability of each."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.problem import Outputs, Prediction


class MulticlassResponder:
    """Writes and reads `{"label", "score", "scores"}`; a line of CSV has label, score, and each class's probability."""

    def __init__(self, classes: Sequence[str], values: NDArray[np.float64] | None) -> None:
        self._places = {label: float(place) for place, label in enumerate(classes)}
        self._values = values
        names = [json.dumps(label, ensure_ascii=False).replace("%", "%%") for label in classes]
        scores = ",".join(f"{name}:%.9g" for name in names)
        self._json = [f'{{"label":{name},"score":%.9g,"scores":{{{scores}}}}}' for name in names]
        cells = ",".join(["%.9g"] * (len(names) + 1))
        self._csv = [f"{_csv_cell(label)},{cells}" for label in classes]

    def json_entries(self, outputs: Outputs) -> list[str]:
        """Write one JSON object a row."""
        return self._written(outputs, self._json)

    def csv_lines(self, outputs: Outputs) -> list[str]:
        """Write one line a row."""
        return self._written(outputs, self._csv)

    def read_entry(self, entry: Mapping[str, Any]) -> Prediction:
        """Read the highest probability, and the label."""
        return Prediction(max(float(score) for score in entry["scores"].values()), self._place(entry["label"]))

    def read_line(self, cells: Sequence[str]) -> Prediction:
        """Read the highest probability, and the label."""
        return Prediction(max(float(cell) for cell in cells[2:]), self._place(cells[0]))

    def _place(self, label: str) -> float:
        return self._places.get(label, -1.0)

    def _written(self, outputs: Outputs, templates: Sequence[str]) -> list[str]:
        worth = outputs if self._values is None else outputs @ self._values
        return [
            templates[place] % (scores[place], *scores)
            for place, scores in zip(worth.argmax(axis=1).tolist(), outputs.tolist(), strict=True)
        ]


def _csv_cell(label: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([label])
    return text.getvalue().replace("%", "%%")
