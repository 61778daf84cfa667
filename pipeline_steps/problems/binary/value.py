"""What a model's predictions are worth in money."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def value_of_rows(
    positive: NDArray[np.bool_], predicted: NDArray[np.bool_], value: Mapping[str, Any]
) -> NDArray[np.float64]:
    """Give the value of each row's outcome, by the document of the use case."""
    if_positive = np.where(predicted, value["true_positive"], value["false_negative"])
    if_negative = np.where(predicted, value["false_positive"], value["true_negative"])
    worth: NDArray[np.float64] = np.where(positive, if_positive, if_negative).astype(np.float64)
    return worth
