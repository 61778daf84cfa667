"""The table: its columns, its target, how its files are written, and how it is split."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from slipway.settings.limits import MODEL_ENVIRONMENT
from slipway.settings.section import ColumnName, Label, Section, matching, raise_each

ColumnKind = Literal["number", "category", "boolean", "datetime", "text"]
RowOutlierMethod = Literal["isolation_forest", "local_outlier_factor", "elliptic_envelope", "dbscan", "one_class_svm"]
IGNORE = "ignore"
"""What stands in the place of a kind for a column that is left out."""


def _known_kind(value: Any) -> Any:
    """The kinds, and what a user can write in the place of one."""
    if value not in get_args(ColumnKind):
        raise ValueError(f"must be {', '.join(get_args(ColumnKind))} or {IGNORE}")
    return value


class SplitPlan(Section):
    """Which rows are held out. A row's own content decides, so that no row moves when others come or go."""

    method: Literal["content", "time", "group", "id"] = "content"
    """By a row's features; by time, the newest rows for the test; or by a column whose equal values stay together."""
    column: ColumnName | None = None
    """The column of the time, group or identifier."""
    validation_percent: int = Field(20, ge=5, le=40)
    """Share of the rows that the search compares its models on."""
    test_percent: int = Field(20, ge=5, le=40)
    """Share of the rows that the gate compares models on, and that no training sees."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of the split; a split by time needs none."""

    @model_validator(mode="after")
    def _column_fits(self) -> Self:
        if self.method == "content" and self.column is not None:
            raise ValueError(f"column must be left out with method content, got {self.column}")
        if self.method != "content" and self.column is None:
            raise ValueError(f"column must be given with method {self.method}")
        return self


class PlausibleRange(Section):
    """The values that a number can have; others are reported as impossible, and used as they are."""

    min: float | None = None
    """The least possible value; none without it."""
    max: float | None = None
    """The greatest possible value; none without it."""

    @model_validator(mode="after")
    def _ends_differ(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("min or max must be given")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError(f"min must be below max, got {self.min:g} and {self.max:g}")
        return self


class TableFormat(Section):
    """How the files are written; what is not given is detected."""

    delimiter: Annotated[str, matching(r"^[^\r\n\"]$", "one character, no quote and no line break")] | None = None
    """The character between cells."""
    encoding: Annotated[str, matching(r"^[A-Za-z0-9_-]{1,40}$", "the name of an encoding, such as utf-8")] | None = None
    """The encoding of the text, such as utf-8 or cp1252."""
    decimal: Literal[".", ","] | None = None
    """What stands before the decimals of a number."""
    missing: tuple[str, ...] | None = None
    """Texts that mean a missing value in any column, beside the empty cell."""
    datetime: Annotated[str, matching("%", "a format such as %d/%m/%Y")] | None = None
    """How dates and times are written, as Python's strptime has it, such as %d/%m/%Y."""

    @model_validator(mode="after")
    def _characters_differ(self) -> Self:
        if self.delimiter == self.decimal and self.decimal is not None:
            raise ValueError(f"delimiter and decimal must differ, got {self.decimal!r} for both")
        return self


class Data(Section):
    """The table: its target, the kind of each feature column, and which rows are held out."""

    target: ColumnName | None = None
    """The column to predict; of anomalies, the one that says which rows are known to be some."""
    positive_label: Label | None = None
    """Of binary problems and known anomalies: the target's value that is the positive class; others are negative."""
    columns: dict[ColumnName, Annotated[ColumnKind, BeforeValidator(_known_kind)]] = Field(min_length=1)
    """The feature columns and their kinds; columns of the table that are not named are left out."""
    ranges: dict[ColumnName, PlausibleRange] = Field(default_factory=dict)
    """Numbers' possible values; others are reported as impossible, apart from outliers, and used as they are."""
    row_outliers: tuple[RowOutlierMethod, ...] = ()
    """Methods by which the profile counts rows of unusual numbers together; Prepare takes seconds longer."""
    ignore: tuple[str, ...] = ()
    """Columns of the table that are left out on purpose, as are those with the kind ignore; no check mentions them."""
    split: SplitPlan = SplitPlan()
    format: TableFormat = TableFormat()
    drop_duplicates: bool = False
    """Whether only the first of equal rows is kept; equal rows are never in different splits."""
    exclude_from_drift: tuple[ColumnName, ...] = ()
    """Columns whose values are always new, such as a month: their drift raises no alarm."""

    @model_validator(mode="before")
    @classmethod
    def _ignored_is_no_kind(cls, values: Any) -> Any:
        """Take the columns of the kind ignore out of the features."""
        if not isinstance(values, dict) or not isinstance(columns := values.get("columns"), Mapping):
            return values
        ignored = [name for name, kind in columns.items() if kind == IGNORE]
        kept = {name: kind for name, kind in columns.items() if kind != IGNORE}
        listed = values.get("ignore", ())
        return values | {"columns": kept, "ignore": (*listed, *ignored)} if isinstance(listed, list | tuple) else values

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        raise_each(self._errors())
        return self

    def _errors(self) -> Iterator[str]:
        if self.target in self.columns:
            yield f"target {self.target} must not be among the feature columns"
        if both := sorted(set(self.ignore) & {*self.columns, self.target, self.split.column}):
            yield f"ignore must name no column that is used, got {', '.join(both)}"
        if self.split.column is not None and self.split.column == self.target:
            yield f"split.column must not be the target, got {self.split.column}"
        if self.split.method == "id" and self.split.column in self.columns:
            yield f"split.column must be no feature with method id, it identifies a row, got {self.split.column}"
        if others := sorted(name for name in self.ranges if self.columns.get(name) != "number"):
            yield f"ranges must name columns of the kind number, got {', '.join(others)}"
        if unknown := sorted(set(self.exclude_from_drift) - self.columns.keys()):
            yield f"exclude_from_drift must name feature columns, got {', '.join(unknown)}"
        # The model's server gets the names as one value of its environment.
        if (length := len(",".join(self.exclude_from_drift))) > MODEL_ENVIRONMENT.value:
            most = MODEL_ENVIRONMENT.value
            yield f"exclude_from_drift must have at most {most} characters, joined by commas, got {length}"
