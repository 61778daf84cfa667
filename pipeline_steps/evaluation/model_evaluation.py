"""One model on the test rows: its metrics with intervals."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.errors import DataError
from pipeline_steps.evaluation.estimate import Estimate
from pipeline_steps.evaluation.resampling import bootstrap
from pipeline_steps.problems.problem import VALUE_METRIC, Decision, Outputs, Problem, Target
from pipeline_steps.problems.report import Predicted
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import UseCase

_SEED = 0


@dataclass(frozen=True)
class ComparedRows:
    """The rows that models are compared on, and their targets."""

    features: pd.DataFrame
    target: Target

    @classmethod
    def of(cls, split: Split, problem: Problem, use_case: UseCase) -> "ComparedRows":
        return cls(*problem.comparison_rows(split.features, split.target, use_case, seed=_SEED))


@dataclass(frozen=True)
class ModelEvaluation:
    """One model's metrics on rows, by its own decision."""

    problem: Problem
    predicted: Predicted

    @cached_property
    def metrics(self) -> dict[str, float]:
        shown = self.predicted
        return self.problem.measure(shown.target, shown.outputs, shown.decision, shown.use_case)

    @cached_property
    def replicates(self) -> dict[str, NDArray[np.float64]]:
        """The metrics on each resample of the rows."""
        return bootstrap(self.problem, self.predicted)

    def estimate(self, metric: str, confidence: float) -> Estimate:
        """Estimate one metric.

        Raises:
            DataError: it does not exist on these rows, such as a relative error of zeros.
        """
        return Estimate.of(self.known(metric), self.replicates[metric], confidence)

    def known(self, metric: str) -> float:
        """Give one metric.

        Raises:
            DataError: it does not exist on these rows.
        """
        if metric not in self.metrics:
            raise DataError(
                f"{metric} does not exist on {len(self.predicted.target)} held-out rows: choose another gate.metric, "
                f"such as {next(name for name in self.metrics if name != VALUE_METRIC)}, or bring more rows"
            )
        return self.metrics[metric]

    def advantage(self, other: "ModelEvaluation", metric: str, confidence: float) -> Estimate:
        """How much better this model is than `other` on the same rows, whichever direction of the metric is better."""
        sign = 1.0 if self.problem.metrics.get(metric, "maximize") == "maximize" else -1.0
        return Estimate.of(
            sign * (self.known(metric) - other.known(metric)),
            sign * (self.replicates[metric] - other.replicates[metric]),
            confidence,
        )

    def intervals(self, confidence: float) -> dict[str, dict[str, Any]]:
        """Each metric with its interval."""
        return {name: self.estimate(name, confidence).to_document() for name in self.metrics if name in self.replicates}

    @property
    def value(self) -> dict[str, Any] | None:
        """What the predictions are worth; None where the use case gives no values."""
        given, rows = self.predicted.use_case.value, len(self.predicted.target)
        if given is None or VALUE_METRIC not in self.metrics:
            return None
        per_1000 = self.metrics[VALUE_METRIC]
        return {
            "currency": given.get("currency", ""),
            "total": per_1000 * rows / 1000,
            "per_1000": per_1000,
            "rows": rows,
        }

    def to_document(self) -> dict[str, Any]:
        return {**self.metrics, "value": self.value}


def score_rows(artifact: Artifact, features: pd.DataFrame, *, name: str) -> Outputs:
    """Give the outputs for `features`; `name` is in the error when the model cannot.

    Raises:
        DataError: the model needs a column that the table lacks, or gives an output that is no number.
    """
    try:
        outputs = artifact.scorer.score(artifact.contract.encode(features))
    except DataError as exc:
        raise DataError(f"the {name} cannot be evaluated: {exc}") from exc
    if not np.isfinite(outputs).all():
        raise DataError(f"the {name} must score every row, got {int((~np.isfinite(outputs)).sum())} outputs not finite")
    return outputs


def evaluate_model(artifact: Artifact, rows: ComparedRows, use_case: UseCase, *, name: str) -> ModelEvaluation:
    """Score the rows by a trained model, and decide as it does."""
    outputs = score_rows(artifact, rows.features, name=name)
    return evaluated(artifact.contract.problem, rows.target, outputs, artifact.contract.decision, use_case)


def evaluate_naive(problem: Problem, train: Target, model: ModelEvaluation, use_case: UseCase) -> ModelEvaluation:
    """Evaluate the naive reference on the rows of a trained model, its decision chosen on training rows."""
    shown = model.predicted
    in_training = problem.naive_outputs(train, _blank(shown.outputs, len(train)), train, use_case)
    decision = problem.choose_decision(train, in_training, use_case)
    outputs = problem.naive_outputs(train, shown.outputs, shown.target, use_case)
    return evaluated(problem, shown.target, outputs, decision, use_case)


def evaluated(
    problem: Problem, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase
) -> ModelEvaluation:
    labels = problem.labels(outputs, decision)
    return ModelEvaluation(problem, Predicted(target, outputs, labels, decision, use_case))


def _blank(outputs: Outputs, rows: int) -> Outputs:
    return np.zeros((rows, *outputs.shape[1:]), dtype=np.float32)
