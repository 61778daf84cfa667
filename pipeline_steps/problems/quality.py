"""What a problem answers about predictions in production whose outcome has become known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Labelled:
    """Predictions whose outcome is known, [rows] each.

    Attributes:
        truth: the outcome, as a target is read; -1 for a class that the model does not know.
        scores: the headline number of the response.
        labels: the response's label, as the problem gives it.
        classes: of the contract.
    """

    truth: NDArray[np.float64]
    scores: NDArray[np.float32]
    labels: NDArray[np.float64]
    classes: Sequence[str] = ()


class Quality(Protocol):
    """Measures them, in the form of SageMaker's model quality monitors; an object without state.

    Attributes:
        section: what the monitors call these metrics in `statistics.json`.
        published: the names under which CloudWatch gets metrics of the section.
    """

    section: str
    published: Mapping[str, str]

    def read_outcome(self, text: str, classes: Sequence[str]) -> float:
        """Read one label of a ground truth where no label is the positive one.

        Raises:
            ValueError: it is no outcome.
        """

    def enough(self, labelled: Labelled) -> bool:
        """Whether a difference from the validation split means anything."""

    def measure(self, labelled: Labelled) -> dict[str, Any]:
        """Measure at least one row; a metric is `{"value", "standard_deviation"}`, the latter "NaN" where unknown."""
