"""`statistics.json` as SageMaker's Model Monitor writes it: each column of a period."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.label_shares import LabelShares
from pipeline_steps.features.columns import CategoryColumn
from pipeline_steps.features.text_column import TextColumn
from pipeline_steps.monitoring.captured_rows import CapturedRows

SCORE = "score"
"""The problem's headline number."""
LABEL = "predicted label"
OTHER = "(rare or unseen)"

_BUCKETS = 10
_SKETCH_ITEMS = 2048
_SKETCH_SHRINK = 0.64


def statistics_document(contract: Contract, rows: CapturedRows, shares: LabelShares | None = None) -> dict[str, Any]:
    """Describe the inputs in the contract's order, then the scores, and the labels where they have names."""
    features = []
    for place, column in enumerate(contract.columns):
        values = rows.column(place)
        if isinstance(column, CategoryColumn):
            features.append(_texts(column.name, texts_of(column, values), _common(values)))
        elif isinstance(column, TextColumn):
            features.append(_lengths(column.name, values))
        else:
            features.append(_number(column.name, values))
    features.append(_number(SCORE, rows.scores))
    if shares:
        names = (*shares.names, OTHER)
        counts = shares.count(rows.labels[~np.isnan(rows.labels)]).tolist()
        found = [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
        features.append(_texts(LABEL, found, _common(rows.labels)))
    return {"version": 0, "dataset": {"item_count": len(rows.scores)}, "features": features}


def texts_of(column: CategoryColumn, codes: NDArray[np.float32]) -> list[str]:
    """Give the categories that `codes` stand for; missing ones are left out."""
    texts = {code: text for text, code in column.codes.items()}
    return [texts.get(code, OTHER) for code in codes[~np.isnan(codes)].tolist()]


def _texts(name: str, texts: Sequence[str], common: dict[str, int]) -> dict[str, Any]:
    counted = Counter(texts)
    return {
        "name": name,
        "inferred_type": "String",
        "string_statistics": {
            "common": common,
            "distinct_count": len(counted),
            "distribution": {
                "categorical": {"buckets": [{"value": text, "count": count} for text, count in counted.most_common()]}
            },
        },
    }


def _lengths(name: str, values: NDArray[np.float32]) -> dict[str, Any]:
    """Describe texts by their numbers of characters: no text is repeated."""
    described = _number(name, values)["numerical_statistics"]
    return {"name": name, "inferred_type": "String", "string_statistics": {"common": described.pop("common")}} | (
        {"lengths": described} if described else {}
    )


def _number(name: str, values: NDArray[np.float32]) -> dict[str, Any]:
    known = values[~np.isnan(values)].astype(np.float64)
    described: dict[str, Any] = {"common": _common(values)}
    if len(known):
        counts, edges = np.histogram(known, _BUCKETS)
        described |= {
            "mean": float(known.mean()),
            "sum": float(known.sum()),
            "std_dev": float(known.std()),
            "min": float(known.min()),
            "max": float(known.max()),
            "distribution": {"kll": {"buckets": _buckets(counts, edges), "sketch": _sketch(known)}},
        }
    whole = bool((known == np.round(known)).all())
    return {
        "name": name,
        "inferred_type": "Integral" if whole and name != SCORE else "Fractional",
        "numerical_statistics": described,
    }


def _common(values: NDArray[np.float32] | NDArray[np.float64]) -> dict[str, int]:
    missing = int(np.isnan(values).sum())
    return {"num_present": len(values) - missing, "num_missing": missing}


def _buckets(counts: NDArray[np.int64], edges: NDArray[np.float64]) -> list[dict[str, float]]:
    return [
        {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]


def _sketch(known: NDArray[np.float64]) -> dict[str, Any]:
    """Make a KLL sketch: an item of level h stands for 2^h values."""
    data: list[list[float]] = []
    values = np.sort(known)
    while len(values) > _SKETCH_ITEMS:
        data.append(values[-1:].tolist() if len(values) % 2 else [])
        values = values[: len(values) // 2 * 2 : 2]
    data.append(values.tolist())
    return {"parameters": {"c": _SKETCH_SHRINK, "k": float(_SKETCH_ITEMS)}, "data": data}
