"""What the container knows about the use case: `use_case.json`, written at synth and laid beside every split."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pipeline_steps.errors import StepError

if TYPE_CHECKING:  # the server reads no table
    import pandas as pd

Kind = Literal["number", "category", "boolean", "datetime", "text"]
NUMBERS = frozenset({"number", "datetime"})
"""The kinds whose values are numbers; a datetime's are days since 2000-01-01."""
SplitMethod = Literal["content", "time", "group", "id"]

FILE = "use_case.json"
_VERSION = 2


@dataclass(frozen=True)
class Column:
    """A feature column of the table.

    `format` is how a datetime is written, which `prepare` has found: `iso`, or as strptime has it. `min` and `max` are
    the ends of the possible values, where the settings give them.
    """

    name: str
    kind: Kind
    format: str | None = None
    min: float | None = None
    max: float | None = None

    def is_possible(self, values: "pd.Series[float]") -> "pd.Series[bool]":
        """Whether each value lies within the range; a missing one does."""
        below = values < (-math.inf if self.min is None else self.min)
        return ~(below | (values > (math.inf if self.max is None else self.max)))


@dataclass(frozen=True)
class TableFormat:
    """How the source files are written; what is None is detected.

    Attributes:
        delimiter: one character between cells.
        encoding: of the text, by Python's name.
        decimal: `.` or `,`.
        missing: the texts that mean a missing value, beside the empty cell; None stands for the usual ones of numbers.
        datetime: how dates are written, as strptime has it.
        drop_duplicates: keep only the first of equal rows.
    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    missing: tuple[str, ...] | None = None
    datetime: str | None = None
    drop_duplicates: bool = False


@dataclass(frozen=True)
class SplitPlan:
    """Which rows are held out: percentages, and the method.

    By `content` the features of a row decide. `column` is the time of a row (time), or the group or identifier that
    decides instead (group, id). Of a split by time, `prepare` adds from which time on rows are held out, as a number.
    """

    validation_percent: int = 20
    test_percent: int = 20
    seed: int = 0
    method: SplitMethod = "content"
    column: str | None = None
    validation_from: float | None = None
    test_from: float | None = None


@dataclass(frozen=True)
class UseCase:
    """The table, the problem, and how a prediction becomes a decision.

    Attributes:
        problem: a name of `pipeline_steps.problems.registry`.
        columns: the feature columns in the order of the model's input.
        target: the column to predict; None where the problem has none.
        positive_label: the target's value that counts as positive; for binary problems alone.
        metric: the primary metric, by which candidates are compared.
        split: how rows are dealt to train, validation and test.
        table_format: how the source files are written.
        decision: `{"maximise": …}` and its parameters; empty for the problem's default.
        value: what one prediction is worth, in the problem's own form; None where nothing is given.
        folds: of cross-validation inside a training job; below 2 there is none.
        ignore: columns of the table that are left out on purpose.
        features: the recipe of what is done to the columns before an algorithm; empty where each does its own.
        row_outliers: the methods by which the profile counts rows that are outliers.
        fits_counts: whether some training job fits a target of counts as one.
        classes: the target's labels in the order of the model's output; empty until `prepare` has read the target.
    """

    problem: str
    columns: tuple[Column, ...]
    target: str | None
    metric: str
    positive_label: str | None = None
    split: SplitPlan = SplitPlan()
    table_format: TableFormat = TableFormat()
    decision: Mapping[str, Any] = field(default_factory=dict)
    value: Mapping[str, Any] | None = None
    folds: int = 0
    ignore: tuple[str, ...] = ()
    features: Mapping[str, Any] = field(default_factory=dict)
    row_outliers: tuple[str, ...] = ()
    fits_counts: bool = False
    classes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of the feature columns."""
        return [column.name for column in self.columns]

    def to_document(self) -> dict[str, Any]:
        """The content of `use_case.json`."""
        return {"version": _VERSION, **asdict(self)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_document` made.

        Raises:
            StepError: the document is no use case of this version.
        """
        if document.get("version") != _VERSION:
            raise StepError(f"{FILE} must be of version {_VERSION}, got {document.get('version')}")
        given = {name: value for name, value in document.items() if name != "version"}
        try:
            columns = tuple(Column(**entry) for entry in given.pop("columns"))
            split = SplitPlan(**given.pop("split"))
            missing = (table_format := given.pop("table_format")).get("missing")
            found = cls(
                columns=columns,
                split=split,
                table_format=TableFormat(**{**table_format, "missing": None if missing is None else tuple(missing)}),
                ignore=tuple(given.pop("ignore", ())),
                row_outliers=tuple(given.pop("row_outliers", ())),
                classes=tuple(given.pop("classes", ())),
                **given,
            )
        except (KeyError, TypeError) as exc:
            raise StepError(f"{FILE} is no use case: {exc}") from exc
        if wrong := [column.kind for column in columns if column.kind not in get_args(Kind)]:
            raise StepError(f"a column's kind must be one of {', '.join(get_args(Kind))}, got {wrong[0]}")
        return found
