"""Quality of predicted labels whose outcome is known: SageMaker's `multiclass_classification_metrics`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline_steps.problems.binary.quality import share
from pipeline_steps.problems.quality import Labelled
from pipeline_steps.tables.cells import category

FEWEST_ROWS = 100
_UNKNOWN = "other"


class MulticlassQuality:
    """Accuracy, and precision, recall and F1 weighted by the classes' rows."""

    section = "multiclass_classification_metrics"
    published: Mapping[str, str] = {"Accuracy": "accuracy", "WeightedF1": "weighted_f1"}

    def read_outcome(self, text: str, classes: Sequence[str]) -> float:
        """Read a label's place; -1 for a label that the model does not know."""
        label = category(text.strip())
        return float(tuple(classes).index(label)) if label in classes else -1.0

    def enough(self, labelled: Labelled) -> bool:
        """Whether a share of the rows means anything."""
        return len(labelled.truth) >= FEWEST_ROWS

    def measure(self, labelled: Labelled) -> dict[str, Any]:
        """Measure the labels as they were given; those that the model does not know are one more class."""
        names = [*labelled.classes, _UNKNOWN]
        actual, predicted = (
            np.where(places < 0, len(names) - 1, places).astype(np.int64)
            for places in (labelled.truth, labelled.labels)
        )
        matrix = np.zeros((len(names), len(names)), dtype=np.int64)
        np.add.at(matrix, (actual, predicted), 1)
        right, support, said = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
        rates = {
            "weighted_precision": right / np.maximum(said, 1),
            "weighted_recall": right / np.maximum(support, 1),
            "weighted_f1": 2 * right / np.maximum(support + said, 1),
        }
        return {
            "confusion_matrix": {
                name: dict(zip(names, row, strict=True)) for name, row in zip(names, matrix.tolist(), strict=True)
            },
            "accuracy": share(int(right.sum()), len(actual)),
            **{
                name: {"value": float(rate @ support / len(actual)), "standard_deviation": "NaN"}
                for name, rate in rates.items()
            },
        }


MULTICLASS_QUALITY = MulticlassQuality()
