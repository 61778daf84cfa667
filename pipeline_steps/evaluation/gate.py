"""The gate: whether a candidate may be registered, with its reasons in words.

It refuses only what the test rows prove: a limit is compared with a bound of a confidence interval. That the candidate
is better than the naive reference must itself be proven.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline_steps.evaluation.estimate import Estimate
from pipeline_steps.problems.problem import Direction
from pipeline_steps.rounding import exact, rounded


def metric_in_words(metric: str, against: str) -> str:
    """Name a metric, with the rows that it distinguishes from the table's."""
    return f"{metric} against {against}" if against else metric


@dataclass(frozen=True)
class Measured:
    """What the gate compares, on the same test rows.

    Attributes:
        metric: of the candidate.
        naive, reference, champion: the same metric of the other models; None where there is nothing to compare with.
        gain_over_naive: how much better the candidate is, in units of the metric, whichever direction is better.
        loss_to_reference, loss_to_champion: how much worse it is.
        value_loss_to_champion: how much less 1,000 of its predictions are worth.
        gap: how much better it is on the training rows than on the validation rows.
        accuracy: the share of right labels, where there are labels.
    """

    metric: Estimate
    naive: float
    reference: float
    gain_over_naive: Estimate
    loss_to_reference: Estimate
    gap: float
    champion: float | None = None
    loss_to_champion: Estimate | None = None
    value_loss_to_champion: Estimate | None = None
    accuracy: float | None = None


@dataclass(frozen=True)
class Gate:
    """The limits, all of which must hold; one that is None is not asked for."""

    metric: str
    direction: Direction
    confidence: float
    threshold: float | None
    min_gain_over_naive: float
    max_loss_to_reference: float
    max_loss_to_champion: float
    max_gap: float | None
    accuracy_target: float | None
    against: str = ""
    """The rows that the metric distinguishes from the table's, where no target is known."""

    @property
    def name(self) -> str:
        """The metric as reasons name it."""
        return metric_in_words(self.metric, self.against)

    def decide(self, found: Measured) -> dict[str, Any]:
        """Compare bounds with limits; gives each number that the pipeline's conditions compare.

        The aim for accuracy is reported beside the limits and is none of them.
        """
        reasons = list(self._reasons(found))
        nothing = Estimate.exactly(0.0)
        to_champion = found.loss_to_champion or nothing
        target = self.accuracy_target
        return {
            "metric": self.metric,
            "direction": self.direction,
            "confidence": self.confidence,
            "value": found.metric.value,
            "threshold": self.threshold,
            "metric_bound": self._not_ruled_out(found.metric),
            "gain_over_naive": found.gain_over_naive.value,
            "gain_over_naive_low": found.gain_over_naive.at_least,
            "gain_over_baseline": -found.loss_to_reference.value,
            "loss_to_reference": found.loss_to_reference.value,
            "loss_to_reference_low": found.loss_to_reference.at_least,
            "loss_to_champion": to_champion.value,
            "loss_to_champion_low": to_champion.at_least,
            "loss_to_champion_high": to_champion.at_most,
            "value_loss_to_champion_low": (found.value_loss_to_champion or nothing).at_least,
            "gap": found.gap,
            "accuracy_target": target,
            "accuracy_target_met": None if target is None or found.accuracy is None else found.accuracy >= target,
            "passed": not reasons,
            "reasons": "; ".join(reasons) or "every condition holds",
        }

    def _not_ruled_out(self, metric: Estimate) -> float:
        """The best value that the metric may have in truth."""
        return metric.at_most if self.direction == "maximize" else metric.at_least

    def _reasons(self, found: Measured) -> Iterator[str]:
        yield from self._threshold(found.metric)
        own = f"{self.name} {rounded(found.metric.value)}"
        if not found.gain_over_naive.at_least > self.min_gain_over_naive:
            yield (
                f"{own} is not proven better than the naive reference's {rounded(found.naive)}: the gain is "
                f"{self._interval(found.gain_over_naive)}, it is {self._at_least(found.gain_over_naive)}, "
                f"more than {exact(self.min_gain_over_naive)} is needed"
            )
        yield from self._loss(own, found.loss_to_reference, "linear reference", found.reference)
        if found.loss_to_champion is not None and found.champion is not None:
            yield from self._loss(own, found.loss_to_champion, "champion", found.champion)
        lost = found.value_loss_to_champion
        if lost is not None and lost.at_least > 0:
            yield (
                f"the value of 1,000 predictions is lower than the champion's by {self._interval(lost)}: "
                f"by {self._at_least(lost)}"
            )
        if self.max_gap is not None and found.gap > self.max_gap:
            yield (
                f"{self.name} is {rounded(found.gap)} better on the training rows than on the validation "
                f"rows, at most {exact(self.max_gap)} is allowed"
            )

    def _threshold(self, metric: Estimate) -> Iterator[str]:
        if self.threshold is None:
            return
        own = f"{self.name} {self._interval(metric)}"
        if self.direction == "maximize" and metric.at_most < self.threshold:
            bound = f"at most {rounded(metric.at_most)} with {100 * self.confidence:g} % confidence"
            yield f"{own} is below the threshold {exact(self.threshold)}: it is {bound}"
        if self.direction == "minimize" and metric.at_least > self.threshold:
            yield f"{own} is above the threshold {exact(self.threshold)}: it is {self._at_least(metric)}"

    def _loss(self, own: str, loss: Estimate, whose: str, other: float) -> Iterator[str]:
        limit = self.max_loss_to_champion if whose == "champion" else self.max_loss_to_reference
        if loss.at_least > limit:
            yield (
                f"{own} is worse than the {whose}'s {rounded(other)} by {self._interval(loss)}: "
                f"by {self._at_least(loss)}, at most {exact(limit)} is allowed"
            )

    def _interval(self, number: Estimate) -> str:
        low, high = rounded(number.low), rounded(number.high)
        return f"{rounded(number.value)} ({100 * self.confidence:g} % interval {low} to {high})"

    def _at_least(self, number: Estimate) -> str:
        return f"at least {rounded(number.at_least)} with {100 * self.confidence:g} % confidence"
