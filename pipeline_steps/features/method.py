"""What a method of the recipe is: it is fitted on training rows, and writes what it learnt as ONNX nodes.

Between the first node of a recipe and its last all numbers are float64, in scikit-learn and in the graph, so that both
give the same; the matrix is float32.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.graphs.writer import GraphWriter
from pipeline_steps.problems.problem import Likelihood, Target

Values = NDArray[np.float64]
"""[rows, columns]; NaN is missing."""
Mask = NDArray[np.bool_]
Trend = Literal[-1, 0, 1]


@dataclass(frozen=True)
class Feature:
    """One column of the matrix.

    Attributes:
        sources: the names of the columns that it is made of: the table's, and the parts of dates.
        labels: of a category, the meaning of each code from 0 on.
        is_category: whether it holds codes.
        trend: 1 where it grows with its source, -1 where it falls, 0 where it does neither; None where only whether
            the source is missing decides.
        is_ready: whether algorithms take it as it is; other numbers they standardise where they need to.
        text: of a bucket of n-grams, the name of the column of texts.
    """

    name: str
    sources: tuple[str, ...]
    labels: tuple[str, ...] = ()
    is_category: bool = False
    trend: Trend | None = 1
    is_ready: bool = False
    text: str = ""


@dataclass(frozen=True)
class Sample:
    """Training rows of some columns, with their targets; nothing else is ever learnt from."""

    features: tuple[Feature, ...]
    values: Values
    target: Target
    likelihood: Likelihood
    classes: int
    seed: int


class Fitted(Protocol):
    """What a method has learnt. `features` describe what comes out."""

    @property
    def features(self) -> tuple[Feature, ...]: ...

    def transform(self, values: Values) -> Values:
        """Give what the nodes give, by the library that was fitted: training compares the two."""

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add nodes that take `block`, float64 [rows, columns]; gives the name of the result, of the same type."""


class Method(Protocol):
    """A method with its options, which are the fields of a dataclass."""

    def fit(self, sample: Sample) -> Fitted:
        """Learn from training rows.

        Raises:
            DataError: a column's values are none that the method takes; the text names column and value.
        """


@runtime_checkable
class CrossFitted(Protocol):
    """A method whose training rows must not get what was learnt from their own targets."""

    def cross_fit(self, sample: Sample) -> tuple[Fitted, Values]:
        """Learn from training rows, and give the values of these rows: learnt for each from other rows."""


@runtime_checkable
class AcrossColumns(Protocol):
    """A method that takes all columns that have it at once; it comes after the other methods of each."""

    is_across_columns: ClassVar[bool]

    def fit(self, sample: Sample) -> Fitted:
        """Learn from training rows, as a column's own methods do; gives a column for each."""


@runtime_checkable
class RowFilter(Protocol):
    """A method that leaves out training rows; rows of other splits and of requests always stay."""

    @property
    def drops_rows(self) -> bool: ...

    def kept(self, sample: Sample) -> Mask:
        """Say which training rows stay. Values are the table's, missing ones included."""
