"""Numbers with a mean of 0 and a deviation of 1, and a 0 or 1 for each category: what is not a tree works on these.

A skewed number, such as an amount of which most are small and few are huge, has for linear models its logarithm beside
it, and for clusters in its place: sign(x) log(1 + |x| / unit). All of it is done with the operations that the graph
does: in float32, and the logarithm in float64, which is the same on every machine once it is rounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Features
from pipeline_steps.graphs.writer import GraphWriter

_MISSING_CODE = np.float32(-1)
Encoded = NDArray[np.float32]


TermKind = Literal["number", "logarithm", "missing", "category"]
Logarithms = Literal["none", "beside", "instead"]


class Term(NamedTuple):
    """One encoded column.

    Attributes:
        column: the place of the column that it is made of.
        mean: of a number or its logarithm, subtracted before the division by `deviation`.
        unit: of a logarithm.
        code: of a category; -1 stands for missing.
    """

    kind: TermKind
    column: int
    mean: float | None = None
    deviation: float | None = None
    unit: float | None = None
    code: float | None = None


@dataclass(frozen=True)
class Encoding:
    """What was learnt from the training rows.

    Attributes:
        numbers: the places of the columns of numbers.
        medians: of each of these, in the place of missing values.
        skewed: the places among them of those with logarithms.
        units: the typical size of each of these, by which it is divided before.
        replaces: whether the logarithms take the place of the numbers.
        means: of each number and then of each logarithm, after that.
        scales: the standard deviation of each; 1 where it has but one value.
        sparse: the places of the columns in which values were missing: each gets a column of 0 and 1 that says so.
        sources: for each category that was seen, the place of its column.
        codes: and its code; -1 stands for missing.
    """

    numbers: NDArray[np.int64]
    medians: Encoded
    skewed: NDArray[np.int64]
    units: Encoded
    replaces: bool
    means: Encoded
    scales: Encoded
    sparse: NDArray[np.int64]
    sources: NDArray[np.int64]
    codes: Encoded

    @property
    def width(self) -> int:
        return len(self.means) + len(self.sparse) + len(self.sources)

    @property
    def kept(self) -> NDArray[np.int64]:
        """The places of the numbers that are themselves encoded."""
        return _kept(len(self.numbers), self.skewed, replaces=self.replaces)

    @property
    def terms(self) -> list[Term]:
        """What each encoded column is, in their order."""
        skewed = zip(self.numbers[self.skewed].tolist(), self.units.tolist(), strict=True)
        scaled = [
            *(Term("number", place) for place in self.numbers[self.kept].tolist()),
            *(Term("logarithm", place, unit=unit) for place, unit in skewed),
        ]
        moments = zip(scaled, self.means.tolist(), self.scales.tolist(), strict=True)
        categories = zip(self.sources.tolist(), self.codes.tolist(), strict=True)
        return [
            *(term._replace(mean=mean, deviation=deviation) for term, mean, deviation in moments),
            *(Term("missing", place) for place in self.sparse.tolist()),
            *(Term("category", place, code=code) for place, code in categories),
        ]

    def transform(self, features: Features) -> Encoded:
        """Encode rows, float32 [rows, width]."""
        numbers = features[:, self.numbers]
        filled = np.where(np.isnan(numbers), self.medians, numbers)
        scaled = np.concatenate([filled[:, self.kept], _logarithms(filled[:, self.skewed], self.units)], axis=1)
        absent = np.isnan(features[:, self.sparse]).astype(np.float32)
        codes = features[:, self.sources]
        known = (_with_codes(codes) == self.codes).astype(np.float32)
        return np.concatenate([(scaled - self.means) / self.scales, absent, known], axis=1)

    def write(self, graph: GraphWriter) -> str:
        """Add the nodes; gives the name of the encoded rows."""
        parts = []
        if len(self.numbers):
            numbers = graph.node("Gather", graph.features, graph.constant(self.numbers), axis=1)
            filled = graph.node("Where", graph.node("IsNaN", numbers), graph.constant(self.medians), numbers)
            if len(self.skewed):
                kept = graph.node("Gather", filled, graph.constant(self.kept), axis=1)
                skewed = graph.node("Gather", filled, graph.constant(self.skewed), axis=1)
                filled = graph.node("Concat", kept, self._write_logarithms(graph, skewed), axis=1)
            centred = graph.node("Sub", filled, graph.constant(self.means))
            parts.append(graph.node("Div", centred, graph.constant(self.scales)))
        if len(self.sparse):
            sparse = graph.node("Gather", graph.features, graph.constant(self.sparse), axis=1)
            parts.append(graph.node("Cast", graph.node("IsNaN", sparse), to=_FLOAT))
        if len(self.sources):
            codes = graph.node("Gather", graph.features, graph.constant(self.sources), axis=1)
            missing = graph.constant([float(_MISSING_CODE)])
            present = graph.node("Where", graph.node("IsNaN", codes), missing, codes)
            parts.append(graph.node("Cast", graph.node("Equal", present, graph.constant(self.codes)), to=_FLOAT))
        return graph.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]

    def _write_logarithms(self, graph: GraphWriter, values: str) -> str:
        sizes = graph.node("Div", graph.node("Abs", values), graph.constant(self.units))
        above_one = graph.node("Add", sizes, graph.constant(1.0))
        logarithms = graph.node("Log", graph.node("Cast", above_one, to=_DOUBLE))
        return graph.node("Mul", graph.node("Sign", values), graph.node("Cast", logarithms, to=_FLOAT))


_SKEWED = 2.5
"""More than the skewness of an exponential distribution, which is 2."""
_FEWEST = 10
"""Values below which their skewness says little."""
_FLOAT, _DOUBLE = 1, 11
"""ONNX's numbers of the types float32 and float64."""


def fit_encoding(
    features: Features,
    is_category: Sequence[bool],
    *,
    is_ready: Sequence[bool] | None = None,
    logarithms: Logarithms = "none",
) -> Encoding:
    """Learn from the training rows; `logarithms` says where those of skewed numbers stand.

    What is ready, which a recipe has scaled or encoded, keeps its numbers.
    """
    categories = np.flatnonzero(is_category)
    numbers = np.flatnonzero(~np.asarray(is_category, dtype=np.bool_))
    ready = np.zeros(len(numbers), np.bool_) if is_ready is None else np.asarray(is_ready, dtype=np.bool_)[numbers]
    values = features[:, numbers]
    absent = np.isnan(values)
    medians = np.array([_median(column) for column in values.T], dtype=np.float32)
    filled = np.where(absent, medians, values)
    replaces, columns = logarithms == "instead", filled.T if logarithms != "none" else ()
    found = [place for place, column in enumerate(columns) if not ready[place] and _is_skewed(column)]
    skewed = np.array(found, dtype=np.int64)
    units = np.array([_median(np.abs(column[column != 0])) for column in filled[:, skewed].T], dtype=np.float32)
    kept = _kept(len(numbers), skewed, replaces=replaces)
    scaled = np.concatenate([filled[:, kept], _logarithms(filled[:, skewed], units)], axis=1)
    means = scaled.mean(axis=0, dtype=np.float64).astype(np.float32)
    deviations = np.sqrt(np.mean((scaled - means).astype(np.float64) ** 2, axis=0)).astype(np.float32)
    settled = np.concatenate([ready[kept], np.zeros(len(skewed), np.bool_)])
    codes = [np.unique(_with_codes(features[:, place])) for place in categories]
    return Encoding(
        numbers=numbers,
        medians=medians,
        skewed=skewed,
        units=units,
        replaces=replaces,
        means=np.where(settled, np.float32(0), means),
        scales=np.where((deviations > 0) & ~settled, deviations, np.float32(1)),
        sparse=numbers[absent.any(axis=0) & ~absent.all(axis=0)],
        sources=np.repeat(categories, [len(found) for found in codes]).astype(np.int64),
        codes=np.concatenate([np.empty(0, np.float32), *codes]).astype(np.float32),
    )


def _kept(numbers: int, skewed: NDArray[np.int64], *, replaces: bool) -> NDArray[np.int64]:
    places = np.arange(numbers, dtype=np.int64)
    return np.delete(places, skewed) if replaces else places


def _is_skewed(column: Encoded) -> bool:
    """Whether few values are much larger than the others, of those other than 0.

    A number that is mostly 0 and else within bounds, such as a pixel, is not.
    """
    sizes = np.abs(column[column != 0]).astype(np.float64)
    if len(sizes) < _FEWEST or sizes.min() == sizes.max():
        return False
    return float(np.mean(((sizes - sizes.mean()) / sizes.std()) ** 3)) > _SKEWED


def _logarithms(values: Encoded, units: Encoded) -> Encoded:
    logarithms: Encoded = np.log((np.abs(values) / units + np.float32(1)).astype(np.float64)).astype(np.float32)
    return np.sign(values) * logarithms


def _with_codes(codes: Encoded) -> Encoded:
    return np.where(np.isnan(codes), _MISSING_CODE, codes)


def _median(column: Encoded) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0
