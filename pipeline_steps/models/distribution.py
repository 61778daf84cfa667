"""What the model saw: the distributions that production traffic is later compared with."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.models.columns import FeatureColumn, NumberColumn

_BINS = 10


def training_distribution(
    columns: tuple[FeatureColumn, ...], train: pd.DataFrame, validation_scores: NDArray[np.float32]
) -> dict[str, Any]:
    """Describe the inputs on the training split, and the scores on the validation split (the model never fitted it)."""
    edges, counts = _binned(validation_scores)
    return {
        "version": 1,
        "rows": len(train),
        "features": [_feature(column, train[column.name]) for column in columns],
        "score": {
            "rows": len(validation_scores),
            "mean": float(np.mean(validation_scores, dtype=np.float64)),
            "edges": edges,
            "counts": counts,
            "ranks": np.quantile(validation_scores, [0.1, 0.5, 0.9]).tolist(),
        },
    }


def _feature(column: FeatureColumn, values: "pd.Series[Any]") -> dict[str, Any]:
    if isinstance(column, NumberColumn):
        known = values.dropna().to_numpy()
        edges, counts = _binned(known)
        return {
            "name": column.name,
            "kind": "number",
            "missing": int(len(values) - len(known)),
            "edges": edges,
            "counts": counts,
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


def _binned(known: NDArray[Any]) -> tuple[list[float], list[int]]:
    """Edges and counts of bins of equal weight: unusual values show however the column is scaled.

    In float32, as the model sees its input: rounded later, a value could fall on the other side of an edge.
    """
    if not len(known):
        return [0.0], [0]
    values = known.astype(np.float32).astype(np.float64)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)).astype(np.float32)).astype(np.float64)
    return edges.tolist(), np.histogram(values, edges)[0].tolist() if len(edges) > 1 else [len(values)]
