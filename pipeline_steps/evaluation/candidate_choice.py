"""Which trained model is the candidate: the tuned one, or the reference where the tuned one is not clearly better."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipeline_steps.problems.problem import Direction
from pipeline_steps.rounding import rounded

Chosen = Literal["tuned", "reference"]


@dataclass(frozen=True)
class Advantage:
    """How much better the tuned model is than the reference, in units of the metric, and the standard error of that."""

    value: float
    error: float
    measured_on: str

    @classmethod
    def of_folds(cls, tuned: Sequence[float], reference: Sequence[float], direction: Direction) -> "Advantage":
        """Compare the metric of both on the same folds."""
        sign = 1.0 if direction == "maximize" else -1.0
        differences = sign * (np.array(tuned) - np.array(reference))
        error = float(differences.std(ddof=1) / np.sqrt(len(differences)))
        return cls(float(differences.mean()), error, f"{len(differences)} folds")


@dataclass(frozen=True)
class ChosenCandidate:
    """The candidate, with the reason."""

    chosen: Chosen
    advantage: Advantage
    words: str

    def to_document(self) -> dict[str, Any]:
        return {
            "chosen": self.chosen,
            "advantage": self.advantage.value,
            "standard_error": self.advantage.error,
            "words": self.words,
        }


def choose_candidate(metric: str, advantage: Advantage) -> ChosenCandidate:
    """Take the tuned model unless it is within one paired standard error of the reference: the simpler one wins ties.

    The rule is the one-standard-error rule of model selection. Rows that the gate compares on take no part in it.
    """
    better, error, where = advantage.value, advantage.error, advantage.measured_on
    found = f"the tuned model's {metric} is {_compared(better)} the reference's on {where}"
    if better > error:
        return ChosenCandidate("tuned", advantage, f"{found}, by more than the standard error of {rounded(error)}")
    return ChosenCandidate(
        "reference",
        advantage,
        f"{found}, and not better by more than the standard error of {rounded(error)}: the reference is simpler and "
        "becomes the candidate",
    )


def _compared(better: float) -> str:
    if better == 0:
        return "equal to"
    return f"{rounded(abs(better))} {'better' if better > 0 else 'worse'} than"
