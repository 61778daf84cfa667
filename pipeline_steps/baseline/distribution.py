"""The distributions of training data, which production traffic is later compared with."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.baseline.cuts import SAME_SCORE, cut_scores
from pipeline_steps.baseline.texts import text_document
from pipeline_steps.features.columns import FeatureColumn, NumberColumn
from pipeline_steps.features.text_column import TextColumn

_BINS = 10


def training_distribution(
    columns: tuple[FeatureColumn, ...], train: pd.DataFrame, validation_scores: NDArray[np.float32]
) -> dict[str, Any]:
    """Describe the inputs on the training split, and the scores on the validation split (the model never fitted it).

    The scores are the problem's headline numbers of the exported graph's outputs, as they are served.
    """
    edges, counts = _binned(validation_scores, as_served=True)
    ranks, ties = cut_scores(validation_scores)
    return {
        "version": 1,
        "rows": len(train),
        "features": [_feature(column, train[column.name]) for column in columns],
        "score": {
            "rows": len(validation_scores),
            "mean": float(np.mean(validation_scores, dtype=np.float64)),
            "edges": edges,
            "counts": counts,
            "ranks": ranks,
            "ties": ties,
        },
    }


def _feature(column: FeatureColumn, values: "pd.Series[Any]") -> dict[str, Any]:
    if isinstance(column, TextColumn):
        lengths = column.encode_values(values.to_numpy())
        buckets = {"buckets": text_document(column.counts(values.tolist()))}
        return {**_number(column.name, pd.Series(lengths)), "kind": "text", **buckets}
    if isinstance(column, NumberColumn):
        return _number(column.name, values)
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


def _number(name: str, values: "pd.Series[Any]") -> dict[str, Any]:
    known = values.dropna().to_numpy()
    edges, counts = _binned(known)
    return {
        "name": name,
        "kind": "number",
        "missing": int(len(values) - len(known)),
        "edges": edges,
        "counts": counts,
    }


def _binned(known: NDArray[Any], *, as_served: bool = False) -> tuple[list[float], list[int]]:
    """Edges and counts of bins of equal weight: unusual values are visible at any scale of the column.

    A value that several quantiles fall on has a bin of its own: in one bin with all values above it, a change of its
    share would be invisible. In float32, as the model sees its input: rounded later, a value could move across an
    edge. What is `as_served` may be rounded otherwise: the edges lie a little below the values that make them.
    """
    if not len(known):
        return [0.0], [0]
    values = np.sort(known.astype(np.float32))
    found, times = np.unique(
        np.quantile(values, np.linspace(0, 1, _BINS + 1), method="inverted_cdf"), return_counts=True
    )
    if len(found) == 1:
        return found.tolist(), [len(values)]
    beyond = np.append(values, np.nextafter(values[-1], np.float32(np.inf)))
    after = np.searchsorted(values, found[times > 1], side="right")
    if values[-1] in beyond[after]:
        after = np.append(after, -1)
    edges = np.unique(np.concatenate([found, beyond[after]]))
    if as_served:
        edges[:-1] -= np.float32(SAME_SCORE) * np.abs(edges[:-1])
        edges = np.unique(edges)
    return edges.tolist(), np.histogram(values, edges)[0].tolist()
