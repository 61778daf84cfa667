"""Predictions and attributions on the validation split: the baseline of label shares, bias and attribution drift."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.attributions import METHOD, Predict, attributions
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.groups import Groups
from pipeline_steps.baseline.label_shares import LabelShares
from pipeline_steps.problems.problem import Outputs, Target

_ATTRIBUTED_ROWS = 128
"""Enough for an order of columns; a tuning job has a tenth of a second for it."""


def with_held_out(
    document: Mapping[str, Any],
    contract: Contract,
    *,
    predict: Predict,
    features: NDArray[np.float32],
    outputs: Outputs,
    target: Target,
) -> dict[str, Any]:
    """Add predictions and attributions on the validation split to `baseline.json`.

    Args:
        document: the distributions of training.
        contract: the model's.
        predict: the exported graph, as it is served: of float32 [rows, columns].
        features: float32 [rows, columns], in the contract's order.
        outputs: of these rows, by a model that was not fitted on them.
        target: [rows], the outcomes; NaN where there is none.
    """
    baseline = Baseline.from_document(document, contract)
    return {
        **document,
        **_labels(contract, outputs),
        **_predictions(contract, features, outputs, target),
        "attributions": {
            "method": METHOD,
            "values": attributions(predict, contract, baseline, features, rows=_ATTRIBUTED_ROWS),
        },
    }


def _labels(contract: Contract, outputs: Outputs) -> dict[str, Any]:
    """Count the predicted labels, where a label is one of several."""
    names = contract.problem.label_names(contract.classes, outputs.shape[1] if outputs.ndim > 1 else 1)
    if not names:
        return {}
    labels = contract.problem.labels(outputs, contract.decision)
    return {"labels": LabelShares.of(names, labels).to_document()}


def _predictions(
    contract: Contract, features: NDArray[np.float32], outputs: Outputs, target: Target
) -> dict[str, list[dict[str, Any]]]:
    """Count predictions by the values of each column, where a label is positive or not."""
    if contract.problem.label_kind != "positive":
        return {}
    predicted = contract.problem.labels(outputs, contract.decision) == 1
    positive = None if np.isnan(target).any() else target == 1
    groups = [
        {"name": column.name, **Groups.count(features[:, place], predicted, positive).to_document()}
        for place, column in enumerate(contract.columns)
    ]
    return {"predictions": groups}
