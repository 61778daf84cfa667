"""From two splits to a fitted model, its contract and its metrics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_steps.algorithms.algorithm import Features, FittedModel
from pipeline_steps.algorithms.cross_validation import cross_validate, joined
from pipeline_steps.algorithms.hyperparameters import Hyperparameters
from pipeline_steps.algorithms.trial import Fit, Trial
from pipeline_steps.artifact.contract import Contract
from pipeline_steps.features.overrides import overridden
from pipeline_steps.problems.problem import Outputs
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import UseCase

Metrics = Mapping[str, float]
FoldMetrics = Mapping[str, Metrics]
_LEAST_FOLDS = 2


@dataclass(frozen=True)
class TrainedModel:
    """A fitted model with everything that its artifact holds about it.

    Attributes:
        fitted: the rows that the model was fitted on.
        validation: the rows that chose the decision and are measured, beside the columns' codes of them.
        validation_outputs: their outputs, by this model, or in cross-validation by the ones that had not seen them.
        coefficients: of a linear model, described.
        folds: the metrics of both parts of each fold of cross-validation.
        features: what the recipe made of the columns; None where there is none.
    """

    model: FittedModel
    contract: Contract
    hyperparameters: Hyperparameters
    train_metrics: Metrics
    validation_metrics: Metrics
    fitted: Split
    validation: Split
    validation_features: Features
    validation_outputs: Outputs
    coefficients: dict[str, Any] | None
    folds: tuple[FoldMetrics, ...] = ()
    features: Mapping[str, Any] | None = None

    def metrics_document(self) -> dict[str, Any]:
        """The content of `metrics.json`."""
        document: dict[str, Any] = {
            "train": self.train_metrics,
            "validation": self.validation_metrics,
            "hyperparameters": self.hyperparameters.to_document(self.contract.problem.likelihood),
            "best_iteration": self.model.best_iteration,
            "coefficients": self.coefficients,
        }
        if self.features is not None:
            document["features"] = self.features
        if self.folds:
            document["folds"] = list(self.folds)
            document["validation_deviation"] = _over([fold["validation"] for fold in self.folds], _deviation)
        return document

    def log_line(self) -> str:
        """The line that a training job's metric definitions read: every metric of both splits."""
        splits = {"train": self.train_metrics, "validation": self.validation_metrics}
        return " ".join(
            f"{split}:{name}={value:.6f};" for split, found in splits.items() for name, value in found.items()
        )


def train_model(
    use_case: UseCase,
    train: Split,
    validation: Split,
    hyperparameters: Hyperparameters,
    *,
    log: Callable[[str], None],
    checkpoints: Path | None = None,
) -> TrainedModel:
    """Fit on `train`; `validation` decides when to stop, and how outputs become labels.

    With folds, cross-validation of the rows of both decides that, and the model is fitted on all of them. Without a
    target there is nothing to overfit, and no fold is held out.

    `checkpoints` is a folder that outlives an interrupted job, for algorithms that take long enough to use it.
    """
    features = overridden(use_case.features, hyperparameters.features)
    trial = Trial(replace(use_case, features=features), hyperparameters, log, checkpoints)
    if use_case.folds >= _LEAST_FOLDS and trial.problem.has_target:
        return _cross_validated(trial, joined(train, validation))
    return measured(trial, trial.fit(train, validation), validation)


def measured(trial: Trial, fit: Fit, validation: Split) -> TrainedModel:
    """Choose the decision of a fitted model by the validation rows, and measure it on both splits."""
    compared, fitted = trial.compared(validation), trial.compared(fit.rows)
    outputs = fit.outputs(compared)
    decision = trial.problem.choose_decision(compared.target, outputs, trial.use_case)
    return _trained(
        trial,
        fit,
        decision,
        held_out=(validation, fit.outputs(validation)),
        train_metrics=trial.measure(fitted, fit.outputs(fitted), decision),
        validation_metrics=trial.measure(compared, outputs, decision),
    )


def _cross_validated(trial: Trial, rows: Split) -> TrainedModel:
    found = cross_validate(trial, rows)
    held_out, outputs = found.held_out, found.outputs
    decision = trial.problem.choose_decision(held_out.target, outputs, trial.use_case)
    folds = tuple(
        {
            "train": trial.measure(fold.train, fold.train_outputs, decision),
            "validation": trial.measure(fold.held_out, fold.outputs, decision),
        }
        for fold in found.folds
    )
    return _trained(
        trial,
        trial.fit(rows, None, rounds=found.rounds),
        decision,
        held_out=(held_out, outputs),
        train_metrics=_over([fold["train"] for fold in folds], _mean),
        validation_metrics=_over([fold["validation"] for fold in folds], _mean),
        folds=folds,
    )


def _trained(
    trial: Trial,
    fit: Fit,
    decision: dict[str, Any],
    *,
    held_out: tuple[Split, Outputs],
    train_metrics: Metrics,
    validation_metrics: Metrics,
    folds: tuple[FoldMetrics, ...] = (),
) -> TrainedModel:
    validation, outputs = held_out
    return TrainedModel(
        model=fit.model,
        contract=_contract(trial, fit, decision),
        hyperparameters=trial.hyperparameters,
        train_metrics=train_metrics,
        validation_metrics=validation_metrics,
        fitted=fit.rows,
        validation=validation,
        validation_features=fit.encode(validation),
        validation_outputs=outputs,
        coefficients=fit.coefficients(trial.use_case),
        folds=folds,
        features=fit.features,
    )


def _contract(trial: Trial, fit: Fit, decision: dict[str, Any]) -> Contract:
    use_case = trial.use_case
    return Contract(
        columns=fit.columns,
        problem_name=use_case.problem,
        target=use_case.target,
        positive_label=use_case.positive_label,
        classes=use_case.classes,
        decision=decision,
        output=trial.problem.meaning(use_case),
        algorithm=trial.hyperparameters.algorithm,
    )


def _over(folds: list[Metrics], summary: Callable[[list[float]], float]) -> dict[str, float]:
    """Summarise each metric over the folds in which it is defined."""
    names = dict.fromkeys(name for fold in folds for name in fold)
    return {name: summary([fold[name] for fold in folds if name in fold]) for name in names}


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def _deviation(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
