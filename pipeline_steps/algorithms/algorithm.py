"""What an algorithm is: hyperparameters, a fit, and a model that writes itself as an ONNX graph."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.problem import Likelihood, Outputs, Target, Weights

Features = NDArray[np.float32]
"""The model's input, [rows, columns]: numbers with NaN where missing, and codes of categories."""


@dataclass(frozen=True)
class Rows:
    """Encoded rows with their targets; `weights` of 1 each where they are None."""

    features: Features
    target: Target
    weights: Weights | None = None

    def __len__(self) -> int:
        return len(self.features)

    def only(self, chosen: NDArray[Any]) -> "Rows":
        """The rows that an index or a mask chooses."""
        return Rows(self.features[chosen], self.target[chosen], None if self.weights is None else self.weights[chosen])


@dataclass(frozen=True)
class Task:
    """What is fitted.

    Attributes:
        likelihood: of the target.
        classes: how many the target has; 0 where it is no category.
        names: of the columns.
        is_category: of each column, whether it holds codes of a category.
        output: the name of the graph's output tensor.
        seed: of everything that is drawn.
        is_ready: of each column, whether the recipe has scaled or encoded it, and it is not to be standardised again.
    """

    likelihood: Likelihood
    classes: int
    names: tuple[str, ...]
    is_category: tuple[bool, ...]
    output: str
    seed: int
    is_ready: tuple[bool, ...] | None = None


class FittedModel(Protocol):
    """What fitting gives; `best_iteration` is None where nothing is fitted in rounds."""

    best_iteration: int | None

    def predict(self, features: Features) -> Outputs:
        """Give what the exported graph gives: [rows], or [rows, width]."""

    def graph(self) -> bytes:
        """Write the model as an ONNX graph from `features` to the task's output."""


class Algorithm(Protocol):
    """A kind of model."""

    def fit(
        self,
        task: Task,
        train: Rows,
        validation: Rows | None,
        values: Mapping[str, Any],
        *,
        log: Callable[[str], None],
        checkpoints: Path | None = None,
    ) -> FittedModel:
        """Fit on `train`; `validation` decides when to stop, and is None where `values` already say.

        `checkpoints` is a folder that outlives an interrupted job, for algorithms that take long enough to use it.
        """
