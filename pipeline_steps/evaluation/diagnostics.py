"""What explains a candidate's numbers: segments, columns, training rows, and the fit."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.evaluation.comparison import ComparedModels, Table, of_folds
from pipeline_steps.evaluation.gate import Gate
from pipeline_steps.evaluation.importance import permutation_importance
from pipeline_steps.evaluation.learning_curve import Point, learning_curve
from pipeline_steps.evaluation.model_evaluation import evaluate_model, evaluated, score_rows
from pipeline_steps.evaluation.model_fit import describe_fit
from pipeline_steps.evaluation.segments import worst_segments
from pipeline_steps.features.layout import encoded_names, places_of
from pipeline_steps.problems.problem import Outputs, Target
from pipeline_steps.problems.report import Losses
from pipeline_steps.tables.use_case import UseCase

Refit = Callable[[NDArray[np.int64]], Point]
"""Fit the candidate's algorithm, with its hyperparameters, on some of the training rows."""


def explain(
    table: Table, candidate: Artifact, reference: Artifact, *, models: ComparedModels, gate: Gate, refit: Refit | None
) -> dict[str, Any]:
    """Give the part of `evaluation.json` on where the model is weak, what it uses, and how it fits."""
    found, behind = (_fit(table, artifact, gate) for artifact in (candidate, reference))
    curve = learning_curve(table.problem.strata(table.splits["train"].target), refit, whole=found.point)
    return {
        **_losses(table, candidate, gate.confidence),
        "coefficients": candidate.document("metrics.json").get("coefficients"),
        "learning_curve": curve,
        "fit": describe_fit(
            gate.name,
            gate.direction,
            train=found.point.train,
            validation=found.point.validation,
            naive=models.naive.known(gate.metric),
            reference_train=behind.point.train,
            deviation=found.deviation,
            folds=of_folds(candidate, gate.metric, "validation"),
            curve=curve,
        ),
    }


class _Fit(NamedTuple):
    point: Point
    deviation: float


def _fit(table: Table, artifact: Artifact, gate: Gate) -> _Fit:
    """Give a model's metric on training rows and on validation rows, with the latter's standard deviation.

    A model that was cross-validated is fitted on both in the end: its folds say how it does on rows it did not see.
    """
    metric, use_case = gate.metric, table.use_case
    folds = of_folds(artifact, metric, "validation")
    if len(folds) > 1:
        seen = of_folds(artifact, metric, "train")
        deviation = float(np.std(folds, ddof=1) / np.sqrt(len(folds)))
        return _Fit(Point(float(np.mean(seen)), float(np.mean(folds))), deviation)
    train = evaluate_model(artifact, table.rows("train"), use_case, name="candidate").known(metric)
    validation = evaluate_model(artifact, table.rows("validation"), use_case, name="candidate")
    return _Fit(Point(train, validation.known(metric)), validation.estimate(metric, gate.confidence).deviation)


def _losses(table: Table, candidate: Artifact, confidence: float) -> dict[str, Any]:
    """Give segments and columns by the loss of each row of the test split."""
    test, report, contract = table.splits["test"], table.problem.report(), candidate.contract
    outputs = score_rows(candidate, test.features, name="candidate")

    def losses(found: Outputs, target: Target) -> Losses:
        return report.losses(evaluated(table.problem, target, found, contract.decision, table.use_case).predicted)

    return {
        "segments": worst_segments(
            _with_lengths(test.features, contract),
            losses(outputs, test.target),
            confidence=confidence,
            datetimes=[column.name for column in table.use_case.columns if column.kind == "datetime"],
        ),
        "importance": permutation_importance(
            {name: list(places) for name, places in places_of(contract.columns).items()},
            contract.encode(test.features),
            score=candidate.scorer.score,
            losses=lambda found, rows: losses(found, test.target[rows]),
            confidence=confidence,
        ),
    }


def _with_lengths(features: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Put the number of characters in the place of each text: its rows are compared by that."""
    if not contract.texts:
        return features
    texts = contract.texts.values()
    names = {column.name: encoded_names(contract.columns)[place] for place, column in contract.texts.items()}
    lengths = {column.name: column.encode_values(features[column.name].to_numpy()) for column in texts}
    return features.assign(**lengths).rename(columns=names)


def registry_quality(models: ComparedModels) -> dict[str, Any]:
    """Give the candidate's metrics in SageMaker's model quality format."""
    candidate = models.candidate
    deviations = {name: float(np.nanstd(values, ddof=1)) for name, values in candidate.replicates.items()}
    return candidate.problem.report().model_quality(candidate.predicted, deviations)


def explainability(importance: Mapping[str, Any], use_case: UseCase) -> dict[str, Any]:
    """Give the importance of columns in the form of Clarify's reports, under its own method's name."""
    method, of = importance["method"], use_case.target or use_case.problem
    values = {each["column"]: each["importance"] for each in importance["columns"]}
    return {"version": "1.0", "explanations": {method: {of: {f"global_{method}_values": values}}}}
