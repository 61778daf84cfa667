"""The table: its columns, its target, and how it is split."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.settings.limits import MODEL_ENVIRONMENT
from slipway.settings.section import ColumnName, Label, Section, raise_each

ColumnKind = Literal["number", "category"]


class Data(Section):
    """The table: its target, the kind of each feature column, and how it is split."""

    target: ColumnName | None = None
    """The column to predict; of anomalies, the one that says which rows are known to be some."""
    positive_label: Label | None = None
    """Of binary problems and known anomalies: the target's value that is the positive class; others are negative."""
    columns: dict[ColumnName, ColumnKind] = Field(min_length=1)
    """The feature columns and their kinds; columns of the table that are not named are left out."""
    validation_percent: int = Field(20, ge=5, le=40)
    """Share of the rows that the search compares its models on."""
    test_percent: int = Field(20, ge=5, le=40)
    """Share of the rows that the gate compares models on, and that no training sees."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of the split."""
    exclude_from_drift: tuple[ColumnName, ...] = ()
    """Columns whose values are always new, such as a month: their drift raises no alarm."""

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        raise_each(self._errors())
        return self

    def _errors(self) -> Iterator[str]:
        if self.target in self.columns:
            yield f"target {self.target} must not be among the feature columns"
        if unknown := sorted(set(self.exclude_from_drift) - self.columns.keys()):
            yield f"exclude_from_drift must name feature columns, got {', '.join(unknown)}"
        # The model's server gets the names as one value of its environment.
        if (length := len(",".join(self.exclude_from_drift))) > MODEL_ENVIRONMENT.value:
            most = MODEL_ENVIRONMENT.value
            yield f"exclude_from_drift must have at most {most} characters, joined by commas, got {length}"
