"""From two splits to a fitted model, its contract and its metrics."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.hyperparameters import Hyperparameters
from pipeline_steps.artifact.contract import Contract, encode_table
from pipeline_steps.features.columns import FeatureColumn
from pipeline_steps.features.fit import fit_columns
from pipeline_steps.problems.binary.metrics import Metrics, measure
from pipeline_steps.problems.binary.threshold import accurate_threshold
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.schema import Schema


class FittedModel(Protocol):
    """What fitting an algorithm returns."""

    best_iteration: int | None

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float32]: ...

    def graph(self) -> bytes: ...


@dataclass(frozen=True)
class TrainedModel:
    """A fitted model with everything that its artifact holds about it."""

    model: FittedModel
    contract: Contract
    hyperparameters: Hyperparameters
    train_metrics: Metrics
    validation_metrics: Metrics
    validation_features: NDArray[np.float32]
    validation_scores: NDArray[np.float32]

    def metrics_document(self) -> dict[str, Any]:
        """The content of `metrics.json`."""
        return {
            "train": self.train_metrics.to_document(),
            "validation": self.validation_metrics.to_document(),
            "hyperparameters": self.hyperparameters.to_document(),
            "best_iteration": self.model.best_iteration,
        }

    def log_line(self) -> str:
        """The line that a training job's metric definitions read."""
        train, validation = self.train_metrics, self.validation_metrics
        return (
            f"train:auc={train.auc:.6f}; validation:auc={validation.auc:.6f}; "
            f"validation:accuracy={validation.accuracy:.6f}; validation:logloss={validation.log_loss:.6f};"
        )


def train_model(
    schema: Schema,
    train: Split,
    validation: Split,
    hyperparameters: Hyperparameters,
    *,
    log: Callable[[str], None],
    checkpoints: Path | None = None,
) -> TrainedModel:
    """Fit on `train`; `validation` decides when to stop, and the threshold.

    `checkpoints` is a folder that outlives an interrupted job, for algorithms that take long enough to use it.
    """
    columns = fit_columns(schema, train.features, train.positive)
    features, held_out = (encode_table(columns, split.features) for split in (train, validation))
    splits = (features, train.positive), (held_out, validation.positive)
    model = _fit(columns, *splits, hyperparameters, log=log, checkpoints=checkpoints)
    scores = model.score(held_out)
    threshold = accurate_threshold(validation.positive, scores)
    return TrainedModel(
        model=model,
        contract=Contract(columns, schema.target, schema.positive_label, threshold, hyperparameters.algorithm),
        hyperparameters=hyperparameters,
        train_metrics=measure(train.positive, model.score(features), threshold),
        validation_metrics=measure(validation.positive, scores, threshold),
        validation_features=held_out,
        validation_scores=scores,
    )


def _fit(
    columns: tuple[FeatureColumn, ...],
    train: tuple[NDArray[np.float32], NDArray[np.bool_]],
    validation: tuple[NDArray[np.float32], NDArray[np.bool_]],
    hyperparameters: Hyperparameters,
    *,
    log: Callable[[str], None],
    checkpoints: Path | None,
) -> FittedModel:
    # importing one algorithm's library takes longer than fitting another's model
    if hyperparameters.algorithm == "linear":
        from pipeline_steps.algorithms.linear.fit import fit_logistic  # noqa: PLC0415

        return fit_logistic(columns, *train, seed=hyperparameters.values["seed"])
    from pipeline_steps.algorithms.xgboost.fit import fit_boosted_trees  # noqa: PLC0415

    return fit_boosted_trees(train, validation, hyperparameters.values, log=log, checkpoints=checkpoints)
