"""The score from which a row is labelled positive."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import StepError

Positive = NDArray[np.bool_]
Scores = NDArray[np.float32]


class Cuts(NamedTuple):
    """Every threshold that labels the rows in another way, ascending; and of each, how many rows are labelled positive.

    `hits` are those that are positive, `said` are all of them.
    """

    thresholds: NDArray[np.float64]
    hits: NDArray[np.int64]
    said: NDArray[np.int64]


class OutcomeWorth(NamedTuple):
    """What labelling a row is worth more than not labelling it: of a positive row, and of another (usually a loss)."""

    positive: float
    negative: float

    @property
    def break_even(self) -> float | None:
        """The probability from which on labelling pays; None where it never turns."""
        total = self.positive - self.negative
        return min(max(-self.negative / total, 0.0), 1.0) if total > 0 else None


def choose_threshold(
    positive: Positive,
    scores: Scores,
    decision: Mapping[str, Any],
    value: Mapping[str, Any] | None,
    *,
    probabilities: bool = True,
) -> float:
    """Choose the cut that maximises what `decision` says: the value where there is one, else F1.

    Where scores are no probabilities, no cut is more plausible than another before the rows are seen.
    """
    maximise = decision.get("maximise") or ("f1" if value is None else "value")
    cuts = cut_outcomes(positive, scores)
    if maximise == "top_share":
        return top_share_cut(cuts, len(scores), decision["share"])
    if maximise == "recall_at_precision":
        return precise_cut(cuts, decision["precision"])
    if maximise == "value" and value is None:
        raise StepError('decision.maximise = "value" needs [value], got none')
    worth = {
        "value": lambda: value_worth(value or {}),
        "accuracy": lambda: OutcomeWorth(1.0, -1.0),
        "f1": lambda: f_worth(cuts, int(positive.sum()), 1.0),
        "f_beta": lambda: f_worth(cuts, int(positive.sum()), decision["beta"]),
    }
    if maximise not in worth:
        allowed = ", ".join([*worth, "recall_at_precision", "top_share"])
        raise StepError(f"decision.maximise must be one of {allowed}, got {maximise}")
    found = worth[maximise]()
    return valuable_cut(cuts, found, found.break_even if probabilities else None)


def value_worth(value: Mapping[str, Any]) -> OutcomeWorth:
    """Read what a label is worth from the value of each outcome."""
    return OutcomeWorth(
        value["true_positive"] - value["false_negative"], value["false_positive"] - value["true_negative"]
    )


def f_worth(cuts: Cuts, positives: int, beta: float) -> OutcomeWorth:
    """Give each outcome the worth under which the cut of the highest F-beta is the most valuable one.

    F is a ratio; its maximum F* is where (1 + b2) hits - F* (said + b2 positives) is largest, namely 0.
    """
    square = beta * beta
    best = float(((1 + square) * cuts.hits / np.maximum(cuts.said + square * positives, 1)).max())
    return OutcomeWorth(1 + square - best, -best)


def valuable_cut(cuts: Cuts, worth: OutcomeWorth, plausible: float | None) -> float:
    """Choose, of the cuts that are worth about as much as the best one, the nearest to the plausible one.

    "About as much" is within one standard error of the difference, which the rows between both cuts make: a cut that
    wins by a few rows of the validation split wins by luck. The scores of a calibrated model pay from break-even on
    (one half for accuracy, half of F for F1), so the cut leaves it only for a reason. None takes the best cut.
    """
    total = worth.positive * cuts.hits + worth.negative * (cuts.said - cuts.hits)
    best = int(total.argmax())
    if plausible is None:
        return float(cuts.thresholds[best])
    between_hits = np.abs(cuts.hits - cuts.hits[best])
    between = np.abs(cuts.said - cuts.said[best])
    squares = worth.positive**2 * between_hits + worth.negative**2 * (between - between_hits)
    lost = total[best] - total
    good = cuts.thresholds[lost <= np.sqrt(squares)]
    return float(good[np.argmin(np.abs(good - plausible))])


def precise_cut(cuts: Cuts, precision: float) -> float:
    """Choose the lowest cut whose precision is at least this by one standard error; else the nearest to it."""
    said = np.maximum(cuts.said, 1)
    error = np.sqrt(precision * (1 - precision) * said)
    surplus = np.where(cuts.said > 0, cuts.hits - precision * said - error, -np.inf)
    enough = np.flatnonzero(surplus >= 0)
    return float(cuts.thresholds[enough[0] if len(enough) else int((surplus / said).argmax())])


def top_share_cut(cuts: Cuts, rows: int, share: float) -> float:
    """Choose the cut that labels nearest to this share of the rows."""
    return float(cuts.thresholds[np.abs(cuts.said / rows - share).argmin()])


def cut_outcomes(positive: Positive, scores: Scores) -> Cuts:
    """List every cut, half-way between neighbouring scores, so that no row sits on the edge.

    Each is a float32, as scores are: comparing in float32 or float64 gives the same labels.
    """
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    edges = np.flatnonzero(np.diff(ordered) > 0) + 1
    low, high = ordered[edges - 1], ordered[edges]
    middle = ((low.astype(np.float64) + high) / 2).astype(np.float32)
    inner = np.where(middle > low, middle, high)
    ends = np.float32(ordered[0] / 2 if ordered[0] > 0 else ordered[0]), np.float32((1 + float(ordered[-1])) / 2)
    below = np.concatenate([[0], edges, [len(ordered)]])
    positives_below = np.concatenate([[0], np.cumsum(positive[order], dtype=np.int64)])[below]
    last = len(below) if ends[1] > ordered[-1] else -1  # nothing is above a score of 1
    return Cuts(
        np.concatenate([ends[:1], inner, ends[1:]]).astype(np.float64)[:last],
        (positives_below[-1] - positives_below)[:last],
        (len(ordered) - below)[:last],
    )
