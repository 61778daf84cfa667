"""Reasons for one prediction: how much it would change if a column had its typical value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.attributions import OwnNumbers, Predict
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.features.columns import CategoryColumn
from pipeline_steps.problems.problem import Outputs

MOST_CELLS = 1000
"""Rows times columns of one request: the model predicts as many rows again."""
MOST_REASONS = 5


class ExplanationRefusedError(ValueError):
    """A request that is not explained; the text says why, and what would be."""


@dataclass(frozen=True)
class Reason:
    """`contribution` is what the response's number owes to the row's own value, in units of that number."""

    column: str
    contribution: float


class Explainer:
    """Explains predictions by occlusion: each column in turn gets the middle or the commonest value of training,
    and a text the average one.

    What is explained is the response's number: score or value, the probability of the row's label, or the distance to
    its cluster.
    """

    def __init__(self, contract: Contract, predict: Predict, baseline: Baseline) -> None:
        self._contract, self._predict = contract, predict
        self._texts = baseline.texts
        self._typical = np.array(
            [
                bins.most_common() if isinstance(column, CategoryColumn) else bins.middle()
                for column, bins in zip(contract.columns, baseline.columns, strict=True)
            ],
            dtype=np.float32,
        )

    def check(self, features: NDArray[np.float32]) -> None:
        """Check what it would cost.

        Raises:
            ExplanationRefusedError: too much.
        """
        rows, columns = len(features), len(self._typical)
        if rows * columns > MOST_CELLS:
            most = MOST_CELLS // columns
            advice = f"send at most {most} rows" if most else "models of so many columns are not explained"
            raise ExplanationRefusedError(
                f"explain takes at most {MOST_CELLS} cells, got {rows} rows of {columns} columns: {advice}"
            )

    def reasons(self, features: NDArray[np.float32], outputs: Outputs) -> list[list[Reason]]:
        """Give each row's greatest contributions, the greatest first; a column that contributes nothing is none."""
        rows, columns = len(features), len(self._typical)
        occluded = np.repeat(features, columns, axis=0)
        occluded[np.arange(rows * columns), np.tile(np.arange(columns), rows)] = np.tile(self._typical, rows)
        for place, text in self._texts.items():
            text.fill_average(occluded, slice(place, None, columns))
        own = OwnNumbers(self._contract, outputs)
        contributions = own.values[:, np.newaxis] - own.occluded(self._predict(occluded))
        return [self._greatest(row) for row in contributions]

    def _greatest(self, contributions: NDArray[np.float64]) -> list[Reason]:
        order = np.argsort(-np.abs(contributions), kind="stable")[:MOST_REASONS]
        names = [column.name for column in self._contract.columns]
        return [Reason(names[place], float(f"{contributions[place]:.6g}")) for place in order if contributions[place]]
