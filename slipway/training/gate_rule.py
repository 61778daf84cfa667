"""The gate's rule: the values of `evaluation.json`, and the limits of `[gate]` that each must keep.

The pipeline's conditions and the container's arguments come from here. The container decides by the same rule, with its
reasons in words; `tests/contract/test_gate.py` compares the two.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from slipway.settings import Gate
from slipway.training.references import Parameter

Comparison: TypeAlias = Literal["GreaterThanOrEqualTo", "LessThanOrEqualTo"]
_LEAST: Comparison = "GreaterThanOrEqualTo"
_MOST: Comparison = "LessThanOrEqualTo"


@dataclass(frozen=True)
class Requirement:
    """One limit: its argument of the container, the value that is compared with it, and how."""

    argument: str
    value: str
    comparison: Comparison
    limit: Parameter | float


def gate_rule(gate: Gate, threshold: Parameter | float) -> tuple[Requirement, ...]:
    """What a candidate must keep, all of it; an execution may have another `threshold` than the settings."""
    gap = gate.max_train_validation_gap
    return (
        Requirement("threshold", f"metrics.{gate.metric or 'auc'}", _LEAST, threshold),
        Requirement("min-gain-over-baseline", "gate.gain_over_baseline", _LEAST, -gate.max_loss_to_reference),
        Requirement("max-loss-to-champion", "gate.loss_to_champion", _MOST, gate.max_loss_to_champion),
        Requirement("max-gap", "gate.gap", _MOST, 1.0 if gap is None else gap),
    )
