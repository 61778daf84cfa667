"""Pictures of a binary model on held-out rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline_steps.problems.binary.metrics import confusion, cumulative_outcomes, roc_curve
from pipeline_steps.problems.drawing import (
    BLUE,
    GREEN,
    GREY,
    RED,
    draw_calibration,
    draw_confusion_matrix,
    draw_histograms,
    picture,
)
from pipeline_steps.problems.report import Predicted

PrecisionRecall = tuple[list[float], list[float]]


def draw(folder: Path, predicted: Predicted, precision_recall: PrecisionRecall) -> dict[str, str]:
    """Draw all of them; gives what each shows by its file name."""
    positive, scores = predicted.target == 1, predicted.outputs
    draw_calibration(folder / "calibration.svg", scores, positive, of="mean score", share="share of positives")
    draw_histograms(
        folder / "scores.svg",
        [scores[~positive], scores[positive]],
        label_names(predicted),
        of="score",
        mark=float(predicted.decision["threshold"]),
    )
    return {
        **draw_outcomes(folder, predicted, precision_recall),
        "calibration.svg": "observed share of positives by score",
        "scores.svg": "distribution of the score by label",
    }


def draw_outcomes(folder: Path, predicted: Predicted, precision_recall: PrecisionRecall) -> dict[str, str]:
    """Draw what needs no probabilities: ranking, outcomes and gains."""
    positive, scores = predicted.target == 1, predicted.outputs
    outcomes = confusion(positive, scores, float(predicted.decision["threshold"]))
    counts = np.array(
        [[outcomes.true_negative, outcomes.false_positive], [outcomes.false_negative, outcomes.true_positive]]
    )
    draw_roc(folder / "roc.svg", roc_curve(positive, scores), precision_recall, base_rate=float(positive.mean()))
    draw_confusion_matrix(folder / "confusion_matrix.svg", counts, label_names(predicted))
    draw_gains(folder / "gains.svg", predicted)
    return {
        "roc.svg": "receiver operating characteristic, and precision by recall",
        "confusion_matrix.svg": "actual by predicted label",
        "gains.svg": "share of the positives found, and value, by share of rows labelled positive",
    }


def label_names(predicted: Predicted) -> Sequence[str]:
    """Name the negative and the positive label."""
    classes, positive = predicted.use_case.classes, predicted.use_case.positive_label or "positive"
    return classes if len(classes) == 2 else (f"not {positive}", positive)


def draw_roc(
    path: Path,
    curve: tuple[Sequence[float], Sequence[float]],
    precision_recall: tuple[Sequence[float], Sequence[float]],
    *,
    base_rate: float,
) -> None:
    """Draw the receiver operating characteristic beside precision by recall."""
    precisions, recalls = precision_recall
    with picture(path, width=8.8, height=4.2, across=2) as (left, right):
        left.fill_between(*curve, alpha=0.12, color=BLUE, linewidth=0)
        left.plot(*curve, color=BLUE, linewidth=2)
        left.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="chance")
        left.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(0, 1), ylim=(0, 1.01))
        left.set_title(f"area {np.trapezoid(curve[1], curve[0]):.3f}")
        right.step(recalls, precisions, where="post", color=BLUE, linewidth=2)
        right.axhline(base_rate, color=GREY, linestyle="--", linewidth=1, label="chance")
        right.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.01))
        for axes in (left, right):
            axes.legend(frameon=False, fontsize=9)


def draw_gains(path: Path, predicted: Predicted) -> None:
    """Draw, from the highest score down, the share of positives found and, where there are values, their sum."""
    positive, value = predicted.target == 1, predicted.use_case.value
    hits, alarms = (np.concatenate([[0], counts]) for counts in cumulative_outcomes(positive, predicted.outputs))
    rows, labelled = len(positive), hits + alarms
    chosen = float((predicted.outputs >= predicted.decision["threshold"]).mean())
    with picture(path, width=8.8 if value else 4.6, height=4.0, across=2 if value else 1) as axes:
        axes[0].plot(labelled / rows, hits / hits[-1], color=BLUE, linewidth=2)
        axes[0].plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
        axes[0].set(ylabel="share of the positives found")
        if value:
            passes, misses = (~positive).sum() - alarms, hits[-1] - hits
            worth = (
                hits * (value.get("true_positive") or 0)
                + alarms * (value.get("false_positive") or 0)
                + passes * (value.get("true_negative") or 0)
                + misses * (value.get("false_negative") or 0)
            )
            axes[1].plot(labelled / rows, 1000 * worth / rows, color=GREEN, linewidth=2)
            axes[1].set(ylabel=f"value of 1,000 predictions, {value.get('currency', '')}")
        for each in axes:
            each.axvline(chosen, color=RED, linestyle="--", linewidth=1)
            each.set(xlabel="share of rows labelled positive", xlim=(0, 1))
