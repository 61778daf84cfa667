"""What explains a candidate's numbers: segments, columns, training rows, and the fit."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.evaluation.comparison import FOLDS, Models, Table
from pipeline_steps.evaluation.fit_verdict import fit_verdict
from pipeline_steps.evaluation.gate import Gate
from pipeline_steps.evaluation.importance import permutation_importance
from pipeline_steps.evaluation.learning_curve import Point, learning_curve
from pipeline_steps.evaluation.model_evaluation import ModelEvaluation, evaluate_model, evaluated, score_rows
from pipeline_steps.evaluation.segments import worst_segments
from pipeline_steps.problems.problem import Outputs, Target
from pipeline_steps.problems.report import Losses

Refit = Callable[[NDArray[np.int64]], Point]
"""Fit the candidate's algorithm, with its hyperparameters, on some of the training rows."""


def explain(
    table: Table, candidate: Artifact, reference: Artifact, *, models: Models, gate: Gate, refit: Refit
) -> dict[str, Any]:
    """Give the part of `evaluation.json` that says where the model is weak, what it uses, and how well it fits."""
    whole, behind, fit_on_validation = _fits(table, candidate, reference, gate)
    curve = learning_curve(table.problem.strata(table.splits["train"].target), refit, whole=whole)
    metric, folds = gate.metric, candidate.document("metrics.json").get(FOLDS, [])
    return {
        **_losses(table, candidate, gate.confidence),
        "learning_curve": curve,
        "fit": fit_verdict(
            metric,
            gate.direction,
            train=whole.train,
            validation=whole.validation,
            naive=models.naive.metrics[metric],
            reference_train=behind,
            deviation=fit_on_validation.estimate(metric, gate.confidence).deviation,
            folds=[fold[metric] for fold in folds],
            curve=curve,
        ),
    }


def _fits(table: Table, candidate: Artifact, reference: Artifact, gate: Gate) -> tuple[Point, float, ModelEvaluation]:
    """Give the candidate's metric on training and validation rows, the reference's on training rows.

    A model that was cross-validated is fitted on both in the end: its folds say how it does on rows it did not see.
    """
    use_case, train = table.use_case, table.rows("train")
    found = evaluate_model(candidate, train, use_case, name="candidate").metrics[gate.metric]
    behind = evaluate_model(reference, train, use_case, name="reference").metrics[gate.metric]
    validation = evaluate_model(candidate, table.rows("validation"), use_case, name="candidate")
    folds = [fold[gate.metric] for fold in candidate.document("metrics.json").get(FOLDS, [])]
    on_unseen = float(np.mean(folds)) if folds else validation.metrics[gate.metric]
    return Point(found, on_unseen), behind, validation


def _losses(table: Table, candidate: Artifact, confidence: float) -> dict[str, Any]:
    """Give segments and columns by the loss of each row of the test split."""
    test, report, contract = table.splits["test"], table.problem.report(), candidate.contract
    outputs = score_rows(candidate, test.features, name="candidate")

    def losses(found: Outputs, target: Target) -> Losses:
        return report.losses(evaluated(table.problem, target, found, contract.decision, table.use_case).predicted)

    return {
        "segments": worst_segments(test.features, losses(outputs, test.target), confidence=confidence),
        "importance": permutation_importance(
            [column.name for column in contract.columns],
            contract.encode(test.features),
            score=candidate.scorer.score,
            losses=lambda found, rows: losses(found, test.target[rows]),
            confidence=confidence,
        ),
    }


def registry_quality(models: Models) -> dict[str, Any]:
    """Give the candidate's metrics in SageMaker's model quality format."""
    candidate = models.candidate
    deviations = {name: float(np.nanstd(values, ddof=1)) for name, values in candidate.replicates.items()}
    return candidate.problem.report().model_quality(candidate.predicted, deviations)
