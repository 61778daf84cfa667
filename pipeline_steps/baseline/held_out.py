"""Predictions and attributions on the validation split: the baseline of bias and of attribution drift."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.attributions import METHOD, Score, attributions
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.groups import Groups

_ATTRIBUTED_ROWS = 128
"""Enough for an order of columns; a tuning job has a tenth of a second for it."""


def with_held_out(
    document: Mapping[str, Any],
    contract: Contract,
    *,
    score: Score,
    features: NDArray[np.float32],
    positive: NDArray[np.bool_],
) -> dict[str, Any]:
    """Add predictions and attributions on the validation split to `baseline.json`.

    Args:
        document: the distributions of training.
        contract: the model's.
        score: of float32 [rows, columns].
        features: float32 [rows, columns], in the contract's order.
        positive: bool [rows], the outcomes.
    """
    predicted = score(features) >= contract.threshold
    baseline = Baseline.from_document(document, contract)
    return {
        **document,
        "predictions": [
            {"name": column.name, **Groups.count(features[:, place], predicted, positive).to_document()}
            for place, column in enumerate(contract.columns)
        ],
        "attributions": {
            "method": METHOD,
            "values": attributions(score, baseline, features, rows=_ATTRIBUTED_ROWS),
        },
    }
