"""The interface of a problem: code after the table works through it, and never compares the problem's name."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.quality import Quality
from pipeline_steps.problems.report import Report
from pipeline_steps.tables.use_case import UseCase

if TYPE_CHECKING:  # the server reads no table
    import pandas as pd

Target = NDArray[np.float64]
"""One number a row: 0 or 1, the place of the label among `UseCase.classes`, or the number itself; NaN without one."""

Outputs = NDArray[np.float32]
"""What the graph gives for rows: [rows], or [rows, width] for one number a class or cluster."""

Weights = NDArray[np.float64]
"""How often each row counts."""

Resamples = NDArray[np.float64]
"""How often each row counts in each of several resamples: [resamples, rows]."""

Decision = Mapping[str, Any]
"""How outputs become labels, as `contract.json` has it, such as `{"threshold": 0.31}`."""

Direction = Literal["maximize", "minimize"]

Likelihood = Literal["bernoulli", "categorical", "normal", "none"]
"""What an algorithm fits: a probability, one a class, a number, or no target at all."""


LabelKind = Literal["positive", "category", "group", "number"]
"""What labels are: 1 where positive and else 0, the place of a class, a group that the model numbered by itself, or a
number of any size."""

VALUE_METRIC = "value_per_1000"
"""What 1,000 predictions are worth, where the use case gives values; more is better, for every problem."""


class Prediction(NamedTuple):
    """One row of a response: its headline number, and its label as `Problem.labels` gives it.

    A class that the reader does not know is -1; the label is None in a body of another server that has none.
    """

    score: float
    label: float | None


class Responder(Protocol):
    """How one model's outputs are written into responses, and read back; it needs numpy alone."""

    def json_entries(self, outputs: Outputs) -> list[str]:
        """Write one JSON object a row."""

    def csv_lines(self, outputs: Outputs) -> list[str]:
        """Write one line a row, without its line break."""

    def read_entry(self, entry: Mapping[str, Any]) -> Prediction:
        """Read one JSON object.

        Raises:
            ValueError, TypeError, KeyError: it is no such object.
        """

    def read_line(self, cells: Sequence[str]) -> Prediction:
        """Read one line of CSV.

        Raises:
            ValueError, IndexError: it is no such line.
        """


class Problem(Protocol):
    """One kind of problem; an object without state.

    Attributes:
        name: of the problem, as settings have it.
        output: the name of the graph's output tensor.
        has_target: whether the table must have a target column.
        likelihood: what algorithms fit.
        metrics: what candidates are compared by and tuned for, the default first, with the direction that is better.
        headline_range: the least and greatest headline number that an output can have.
        label_kind: what `labels` gives.
        quality: of predictions whose outcome has become known; None where there is no outcome to know.
    """

    name: str
    output: str
    has_target: bool
    likelihood: Likelihood
    metrics: Mapping[str, Direction]
    headline_range: tuple[float, float]
    label_kind: LabelKind
    quality: Quality | None

    def read_target(self, cells: "pd.Series[str]", use_case: UseCase) -> tuple[Target, tuple[str, ...]]:
        """Read the target's cells, none of them empty; gives the numbers, and the labels in the order of the output.

        Raises:
            DataError: a cell is no target of this problem, or a class is absent.
        """

    def strata(self, target: Target) -> NDArray[np.int64]:
        """Number the stratum of each row: splits have rows of each in equal shares."""

    def category_order(self, target: Target) -> NDArray[np.float64]:
        """Give the number whose mean orders the categories of a column."""

    def comparison_rows(
        self, features: "pd.DataFrame", target: Target, use_case: UseCase, *, seed: int
    ) -> tuple["pd.DataFrame", Target]:
        """Give the rows that models are measured on: for problems with labels, these.

        Without labels as many rows again follow, each column permuted independently, with the target 1 beside the 0
        of the real rows: a model of the columns' relations must distinguish them.
        """

    def against(self, use_case: UseCase) -> str:
        """Name the rows that `metrics` compare the table's with, where no target is known; "" elsewhere."""

    def naive_outputs(self, train: Target, outputs: Outputs, target: Target, use_case: UseCase) -> Outputs:
        """Give what a model without features would, for the rows of a model's `outputs`: the naive reference."""

    def choose_decision(self, target: Target, outputs: Outputs, use_case: UseCase) -> dict[str, Any]:
        """Choose how outputs become labels, by held-out rows."""

    def labels(self, outputs: Outputs, decision: Decision) -> NDArray[Any]:
        """Decide each row: 0 or 1, the place of the class, the number, or the cluster."""

    def label_names(self, classes: Sequence[str], width: int) -> tuple[str, ...]:
        """Name every label in order; none where labels are numbers of any size. `width` is of the outputs, or 1."""

    def headline(self, outputs: Outputs) -> NDArray[np.float32]:
        """Give one number a row, whose distribution is compared in drift, replay and canary analysis."""

    def decision_curve(self, target: Target, outputs: Outputs, use_case: UseCase) -> list[dict[str, float]]:
        """Give the outcome of other decisions, one entry a threshold, at most 200; empty where there is none."""

    def measure(self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase) -> dict[str, float]:
        """Measure every metric of `metrics`, `value_per_1000` where the use case gives values, and what else describes.

        A metric that these rows leave undefined, such as a relative error of zeros, is absent.
        """

    def measure_resamples(
        self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase, resamples: Resamples
    ) -> dict[str, NDArray[np.float64]]:
        """Measure as `measure` does, once for each resample; NaN where a resample leaves a metric undefined."""

    def report(self) -> Report:
        """Give what evaluation shows of a model: losses, the registry's format, and pictures."""

    def largest_difference(self, exported: Outputs, fitted: Outputs) -> tuple[float, float]:
        """Give the largest difference of the exported graph's outputs from the fitted model's, and the allowed one."""

    def responder(self, classes: Sequence[str], decision: Decision) -> Responder:
        """Make what writes and reads responses."""

    def meaning(self, use_case: UseCase) -> dict[str, Any]:
        """Say what the output means, for `contract.json`: the part that must not change under callers."""

    def output_errors(self, outputs: Outputs, classes: Sequence[str], rows: int) -> list[str]:
        """What is wrong with outputs for `rows` rows of any features, a sentence each: shape, range, not finite."""
