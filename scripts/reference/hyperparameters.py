"""The hyperparameters of each algorithm, from the container's own lists."""

from pipeline_steps.algorithms.hyperparameters import ALGORITHMS
from scripts.reference.table import table

_OF_THE_PIPELINE = "seed"


def hyperparameters_page(algorithm: str) -> str:
    """A row for each hyperparameter that settings may name."""
    rows = [
        (
            f"`{name}`",
            "whole number" if bound.whole else "number",
            f"`{bound.default:g}`",
            f"{bound.low:g}..{bound.high:g}",
        )
        for name, bound in ALGORITHMS[algorithm].items()
        if name != _OF_THE_PIPELINE
    ]
    return table(("hyperparameter", "type", "default", "allowed"), rows)
