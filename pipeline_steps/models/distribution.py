"""What the model saw: the distributions that production traffic is later compared with."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.models.columns import FeatureColumn, NumberColumn

_BINS = 10
_SCORE_EDGES = np.linspace(0.0, 1.0, 21)


def training_distribution(
    columns: tuple[FeatureColumn, ...], train: pd.DataFrame, validation_scores: NDArray[np.float32]
) -> dict[str, Any]:
    """Describe the inputs on the training split, and the scores on the validation split (the model never fitted it)."""
    return {
        "version": 1,
        "rows": len(train),
        "features": [_feature(column, train[column.name]) for column in columns],
        "score": {
            "rows": len(validation_scores),
            "mean": float(np.mean(validation_scores, dtype=np.float64)),
            "edges": _SCORE_EDGES.tolist(),
            "counts": np.histogram(validation_scores, _SCORE_EDGES)[0].tolist(),
        },
    }


def _feature(column: FeatureColumn, values: "pd.Series[Any]") -> dict[str, Any]:
    if isinstance(column, NumberColumn):
        known = values.dropna()
        # bins of equal weight: unusual values show however the column is scaled
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1))) if len(known) else np.zeros(1)
        counts = np.histogram(known, edges)[0] if len(edges) > 1 else np.array([len(known)])
        return {
            "name": column.name,
            "kind": "number",
            "missing": int(len(values) - len(known)),
            "edges": edges.tolist(),
            "counts": counts.tolist(),
        }
    rows = values.value_counts()
    counted = {text: int(rows.get(text, 0)) for text in column.categories}
    missing = int(rows.get("", 0))
    return {
        "name": column.name,
        "kind": "category",
        "missing": missing,
        "frequencies": counted,
        "other": len(values) - missing - sum(counted.values()),
    }
