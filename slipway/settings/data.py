"""The table, and what a model is worth on it."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from slipway.settings.limits import MODEL_ENVIRONMENT
from slipway.settings.section import ColumnName, Label, Section, raise_each

Currency = Annotated[str, StringConstraints(pattern=r"^\S{1,8}$")]
ColumnKind = Literal["number", "category"]


class Data(Section):
    """The table: its target, the kind of each feature column, and how it is split."""

    target: ColumnName
    """The column to predict."""
    positive_label: Label
    """The value of the target that is the positive class; every other value is negative."""
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


class Gate(Section):
    """What a candidate must show on the untouched test split before it is registered."""

    metric: Literal["auc", "average_precision", "accuracy", "f1"] = "auc"
    """The metric that is compared."""
    threshold: float = Field(ge=0, le=1)
    """Least value of the metric."""
    min_gain_over_baseline: float = Field(0.0, ge=0, le=1)
    """Least gain over the baseline, a logistic regression."""
    max_loss_to_champion: float = Field(0.005, ge=0, le=1)
    """Largest loss against the champion, the newest approved model."""
    max_train_validation_gap: float = Field(0.05, ge=0, le=1)
    """Largest difference between the AUC on training rows and on validation rows."""
    accuracy_target: float = Field(0.9, ge=0, le=1)
    """Accuracy that the report compares with; it refuses nothing."""


class Value(Section):
    """Business value of each outcome of one prediction, in `currency`."""

    currency: Currency = "EUR"
    """Name of the currency, for reports."""
    true_positive: float
    """Value of a positive prediction that is right."""
    false_positive: float
    """Value of a positive prediction that is wrong."""
    true_negative: float = 0.0
    """Value of a negative prediction that is right."""
    false_negative: float
    """Value of a negative prediction that is wrong."""
