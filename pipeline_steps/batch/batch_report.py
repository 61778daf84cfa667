"""Whether a batch's results are published: rows without a prediction, unread files, and drift of the predictions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline_steps.baseline.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.baseline.drift import published
from pipeline_steps.batch.assembling import AssembledFile, Predictions
from pipeline_steps.rounding import counted

_VERSION = 1


@dataclass(frozen=True)
class BatchLimits:
    """`max_failed_percent` of the rows may be without a prediction; the drift is a population stability index."""

    max_failed_percent: float
    max_prediction_drift: float


@dataclass(frozen=True)
class BatchReport:
    """What became of a batch.

    Attributes:
        model_package_arn: that scored.
        files: each with its rows.
        drift: of `score`, and of `label` where labels are counted; empty for too few rows.
        limits: that it was compared with.
    """

    model_package_arn: str
    files: Sequence[AssembledFile]
    drift: Mapping[str, float]
    limits: BatchLimits

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def failed(self) -> int:
        return sum(file.failed for file in self.files)

    @property
    def scored(self) -> int:
        return sum(file.scored for file in self.files)

    @property
    def refusals(self) -> list[str]:
        """Why nothing is published; empty where it is."""
        return list(self._refusals())

    def _refusals(self) -> Iterator[str]:
        for file in self.files:
            if file.unreadable:
                yield f"a file could not be read to its end: {file.unreadable}"
        limits, failed = self.limits, 100 * self.failed / max(1, self.rows)
        if failed > limits.max_failed_percent:
            yield (
                f"{self.failed:,} of {self.rows:,} rows ({failed:.3g} %) have no prediction, above "
                f"batch.max_failed_percent {limits.max_failed_percent:g}"
            )
        for name, index in self.drift.items():
            if index > limits.max_prediction_drift:
                yield (
                    f"the drift of the predictions ({name}) is {index:.3f}, above batch.max_prediction_drift "
                    f"{limits.max_prediction_drift:g}"
                )

    def to_document(self) -> dict[str, Any]:
        """The content of `batch.json`; the pipeline's condition reads `refusal_count`."""
        refusals = self.refusals
        return {
            "version": _VERSION,
            "model_package_arn": self.model_package_arn,
            "rows": self.rows,
            "scored": self.scored,
            "failed": self.failed,
            "files": [asdict(file) for file in self.files],
            "drift": dict(self.drift),
            "drift_compared": bool(self.drift),
            "limits": asdict(self.limits),
            "refusal_count": len(refusals),
            "refusals": "; ".join(refusals),
        }

    @property
    def message(self) -> str:
        scored = f"{self.scored:,} of {self.rows:,} rows in {counted(len(self.files), 'file')} have a prediction"
        return f"Refused: {scored}; {'; '.join(self.refusals)}" if self.refusals else f"Completed: {scored}."


def prediction_drift(baseline: Baseline, predictions: Predictions) -> dict[str, float]:
    """Compare predictions with the model's own on validation rows; nothing for fewer rows than prove drift."""
    scores = np.array(predictions.scores, dtype=np.float32)
    labels = np.array(predictions.labels)
    labels = labels[~np.isnan(labels)]
    found = {}
    if len(scores) >= FEWEST_ROWS:
        found["score"] = published(baseline.score.drift(scores))
    if baseline.labels and len(labels) >= FEWEST_ROWS:
        found["label"] = published(baseline.labels.drift(labels))
    return found
