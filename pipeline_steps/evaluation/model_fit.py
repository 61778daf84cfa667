"""Whether a model learnt too little, too much, or about right: the gap of training to validation, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline_steps.problems.problem import Direction
from pipeline_steps.rounding import rounded

_LOST = 0.25
"""Of what the model gains over the naive reference on its training rows: more lost on others is overfitting."""
_DEVIATIONS = 2.0


def describe_fit(
    metric: str,
    direction: Direction,
    *,
    train: float,
    validation: float,
    naive: float,
    reference_train: float,
    deviation: float,
    folds: Sequence[float] = (),
    curve: Sequence[Mapping[str, float]] = (),
) -> dict[str, Any]:
    """Compare the metric on training and validation rows with that of simpler models.

    Bias is what is missing to a perfect value on the rows that the model learnt from, noise included; variance is what
    it loses on rows that it did not see. `deviation` is the standard deviation of the validation metric, `curve` the
    learning curve, and `folds` are the metric on each fold where the model was cross-validated.
    """
    sign = 1.0 if direction == "maximize" else -1.0
    gap, gained, over_naive = sign * (train - validation), sign * (train - naive), sign * (validation - naive)
    behind = sign * (reference_train - train)
    noise = _DEVIATIONS * deviation
    if over_naive <= noise or behind > noise:
        fit = "underfit"
    elif gap > noise and gap > _LOST * gained:
        fit = "overfit"
    else:
        fit = "balanced"
    perfect = 1.0 if direction == "maximize" else 0.0
    return {
        "kind": fit,
        "words": _words(metric, fit, train=train, validation=validation, gap=gap, behind=behind > noise)
        + _more_rows(curve, sign, deviation),
        "bias": sign * (perfect - train) if metric != "value_per_1000" else None,
        "variance": gap,
        "folds_deviation": float(np.std(folds, ddof=1)) if len(folds) > 1 else None,
        "train": train,
        "validation": validation,
    }


def _words(metric: str, fit: str, *, train: float, validation: float, gap: float, behind: bool) -> str:
    both = f"{metric} is {rounded(train)} on the training rows and {rounded(validation)} on the validation rows"
    if fit == "overfit":
        return (
            f"{both}: {rounded(gap)} is lost on rows that the model did not see, more than noise explains; stronger "
            "regularisation, a smaller model or more rows would narrow it"
        )
    if fit == "underfit" and behind:
        return f"{both}: the linear reference fits the training rows better; a longer search or a larger model may help"
    if fit == "underfit":
        return f"{both}: hardly better than a model without features; the columns may say little about the target"
    return f"{both}: what is lost on rows that the model did not see is within noise, or small beside what was learnt"


def _more_rows(curve: Sequence[Mapping[str, float]], sign: float, deviation: float) -> str:
    if len(curve) < 2:
        return ""
    gain = sign * (curve[-1]["validation"] - curve[-2]["validation"])
    fewer, all_rows = int(curve[-2]["rows"]), int(curve[-1]["rows"])
    if gain > deviation:
        return f". From {fewer:,} to {all_rows:,} rows it still improved by {rounded(gain)}: more rows would help"
    return f". From {fewer:,} to {all_rows:,} rows it hardly changed: more rows of the same kind would help little"
