"""What is shown of a model of several labels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.binary.metrics import roc_curve
from pipeline_steps.problems.binary.report import precision_recall
from pipeline_steps.problems.drawing import (
    BLUE,
    GREEN,
    GREY,
    draw_calibration,
    draw_confusion_matrix,
    draw_histograms,
    labels,
    picture,
)
from pipeline_steps.problems.report import Losses, Predicted, measured

_LEAST_PROBABILITY = 1e-7
_DRAWS = 300
_MOST_CLASSES = 20
_MOST_CURVES = 8


class MulticlassReport:
    """Log loss, and the outcomes of each label."""

    def losses(self, predicted: Predicted) -> Losses:
        """Give minus the logarithm of the probability of the actual label."""
        of_truth = predicted.outputs[np.arange(len(predicted.target)), predicted.target.astype(np.int64)]
        return Losses("log_loss", -np.log(np.clip(of_truth.astype(np.float64), _LEAST_PROBABILITY, 1)))

    def model_quality(self, predicted: Predicted, deviations: Mapping[str, float]) -> dict[str, Any]:
        """Give `multiclass_classification_metrics`; deviations are of outcomes resampled from their counts."""
        counts, names = _counts(predicted), predicted.use_case.classes
        rows = counts.sum()
        drawn = np.random.default_rng(0).multinomial(rows, counts.ravel() / rows, size=_DRAWS)
        values, resampled = _of_counts(counts[None]), _of_counts(drawn.reshape(_DRAWS, *counts.shape))
        constant = np.zeros_like(counts)
        constant[:, counts.sum(axis=1).argmax()] = counts.sum(axis=1)
        of_constant = _of_counts(constant[None])
        found: dict[str, Any] = {
            "confusion_matrix": {
                actual: dict(zip(names, row, strict=True)) for actual, row in zip(names, counts.tolist(), strict=True)
            },
            **{name: measured(float(value[0]), float(resampled[name].std())) for name, value in values.items()},
            **{f"{name}_best_constant_classifier": measured(float(value[0])) for name, value in of_constant.items()},
        }
        return {"multiclass_classification_metrics": found}

    def draw(self, folder: Path, predicted: Predicted) -> dict[str, str]:
        """Draw outcomes, the quality of each label, ranking, and confidence."""
        counts, names = _counts(predicted), predicted.use_case.classes
        draw_confusion_matrix(folder / "confusion_matrix.svg", counts, names)
        draw_classes(folder / "classes.svg", counts, names)
        right = predicted.labels == predicted.target
        confidence = predicted.outputs.max(axis=1)
        draw_histograms(
            folder / "confidence.svg",
            [confidence[~right], confidence[right]],
            ["wrong label", "right label"],
            of="highest probability",
        )
        draw_calibration(
            folder / "calibration.svg", confidence, right, of="mean highest probability", share="share of right labels"
        )
        draw_roc(folder / "roc.svg", predicted)
        return {
            "confusion_matrix.svg": "actual by predicted label",
            "classes.svg": "precision, recall and F1 of each label",
            "roc.svg": "each label against all others: receiver operating characteristic, and precision by recall",
            "calibration.svg": "observed share of right labels by the highest probability",
            "confidence.svg": "distribution of the highest probability, by whether the label is right",
        }


def draw_classes(path: Path, counts: NDArray[np.int64], names: tuple[str, ...]) -> None:
    """Draw precision, recall and F1 of each label, the most frequent ones first."""
    shown = np.argsort(-counts.sum(axis=1), kind="stable")[:_MOST_CLASSES]
    right, actual, named = np.diag(counts)[shown], counts.sum(axis=1)[shown], counts.sum(axis=0)[shown]
    measures = {
        "precision": right / np.maximum(1, named),
        "recall": right / np.maximum(1, actual),
        "F1": 2 * right / np.maximum(1, named + actual),
    }
    places, labelled = np.arange(len(shown)), labels(names)
    with picture(path, width=5.2, height=1.4 + 0.42 * len(shown), long_labels=True) as (axes,):
        for step, ((name, values), colour) in enumerate(zip(measures.items(), (GREY, GREEN, BLUE), strict=True)):
            axes.barh(places + 0.26 * (step - 1), values, height=0.24, color=colour, label=name)
        axes.set_yticks(places, [f"{labelled[place]} ({actual[row]:,})" for row, place in enumerate(shown)])
        axes.set(xlim=(0, 1))
        axes.invert_yaxis()
        axes.legend(frameon=False, fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)


def draw_roc(path: Path, predicted: Predicted) -> None:
    """Draw the ranking of each label against all others, of the most frequent labels."""
    rows = np.bincount(predicted.target.astype(np.int64), minlength=len(predicted.use_case.classes))
    shown = [place for place in np.argsort(-rows, kind="stable")[:_MOST_CURVES] if 0 < rows[place] < rows.sum()]
    named = labels(predicted.use_case.classes)
    with picture(path, width=8.8, height=4.2, across=2) as (left, right):
        for place in shown:
            positive, scores = predicted.target == place, predicted.outputs[:, place]
            left.plot(*roc_curve(positive, scores), linewidth=1.5, label=named[place])
            precisions, recalls = precision_recall(positive, scores)
            right.step(recalls, precisions, where="post", linewidth=1.5)
        left.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
        left.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(0, 1), ylim=(0, 1.01))
        right.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.01))
        rest = f" ({len(shown)} most frequent of {len(rows)})" if len(shown) < len(rows) else ""
        left.legend(frameon=False, fontsize=8, loc="lower right", title=f"label{rest}", title_fontsize=8)


def _counts(predicted: Predicted) -> NDArray[np.int64]:
    """Count rows by actual and predicted label."""
    width = len(predicted.use_case.classes)
    pairs = predicted.target.astype(np.int64) * width + predicted.labels
    return np.bincount(pairs, minlength=width * width).reshape(width, width)


def _of_counts(counts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Compute each metric of [draws, actual, predicted] counts; averages are weighted by the rows of each label."""
    right = np.diagonal(counts, axis1=1, axis2=2).astype(np.float64)
    actual, named = counts.sum(axis=2), counts.sum(axis=1)
    weights = actual / actual.sum(axis=1, keepdims=True)

    def weighted(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
        shares = np.divide(part, whole, out=np.zeros_like(right), where=whole > 0)
        averaged: NDArray[np.float64] = (shares * weights).sum(axis=1)
        return averaged

    def f_score(beta: float) -> NDArray[np.float64]:
        return weighted((1 + beta**2) * right, beta**2 * actual + named)

    return {
        "accuracy": right.sum(axis=1) / actual.sum(axis=1),
        "weighted_recall": weighted(right, actual),
        "weighted_precision": weighted(right, named),
        "weighted_f0_5": f_score(0.5),
        "weighted_f1": f_score(1),
        "weighted_f2": f_score(2),
    }
