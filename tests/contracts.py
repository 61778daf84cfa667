"""Contracts of models for tests."""

from collections.abc import Sequence

from pipeline_steps.artifact.contract import MAX_PAYLOAD_ROWS, Contract
from pipeline_steps.features.columns import FeatureColumn


def binary_contract(
    columns: Sequence[FeatureColumn] = (),
    *,
    target: str = "bought",
    positive_label: str = "TRUE",
    threshold: float = 0.5,
    algorithm: str = "xgboost",
    max_payload_rows: int = MAX_PAYLOAD_ROWS,
) -> Contract:
    """The contract of a binary model of these columns."""
    return Contract(
        columns=tuple(columns),
        problem_name="binary",
        target=target,
        positive_label=positive_label,
        classes=("FALSE", positive_label),
        decision={"threshold": threshold},
        output={"name": "score", "meaning": f"probability of {positive_label}"},
        algorithm=algorithm,
        max_payload_rows=max_payload_rows,
    )
