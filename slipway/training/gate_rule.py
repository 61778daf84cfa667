"""The gate's rule: the values of `evaluation.json`, and the limits of `[gate]` that each must keep.

The pipeline's conditions and the container's arguments come from here. The container decides by the same rule, with its
reasons in words; `tests/contract/test_gate.py` compares the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from slipway.settings import Settings
from slipway.training.references import Parameter

Comparison: TypeAlias = Literal["GreaterThan", "GreaterThanOrEqualTo", "LessThanOrEqualTo"]
_ABOVE: Comparison = "GreaterThan"
_LEAST: Comparison = "GreaterThanOrEqualTo"
_MOST: Comparison = "LessThanOrEqualTo"


@dataclass(frozen=True)
class Requirement:
    """One limit: the value that is compared with it, and how; and its argument of the container, where it has one.

    What is compared is a bound of a confidence interval: beyond it, the true value is ruled out.
    """

    value: str
    comparison: Comparison
    limit: Parameter | float
    argument: str | None = None


def gate_rule(settings: Settings, threshold: Parameter | float | None) -> tuple[Requirement, ...]:
    """What a candidate must keep, all of it; an execution may have another `threshold` than the settings."""
    return tuple(_requirements(settings, threshold))


def _requirements(settings: Settings, threshold: Parameter | float | None) -> Iterator[Requirement]:
    gate = settings.gate
    if threshold is not None:
        yield Requirement(
            "gate.metric_bound", _LEAST if settings.direction == "maximize" else _MOST, threshold, "threshold"
        )
    yield Requirement("gate.gain_over_naive_low", _ABOVE, gate.min_gain_over_naive, "min-gain-over-naive")
    yield Requirement("gate.loss_to_reference_low", _MOST, gate.max_loss_to_reference, "max-loss-to-reference")
    yield Requirement("gate.loss_to_champion_low", _MOST, gate.max_loss_to_champion, "max-loss-to-champion")
    if settings.value and settings.decision.maximise in (None, "value"):
        yield Requirement("gate.value_loss_to_champion_low", _MOST, 0.0)
    if gate.max_train_validation_gap is not None:
        yield Requirement("gate.gap", _MOST, gate.max_train_validation_gap, "max-gap")
