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
    positive_label: Label
    columns: dict[ColumnName, ColumnKind] = Field(min_length=1)
    validation_percent: int = Field(20, ge=5, le=40)
    test_percent: int = Field(20, ge=5, le=40)
    seed: int = Field(0, ge=0, lt=2**31)
    unwatched: tuple[ColumnName, ...] = ()
    """Columns whose values are new whenever they come, such as a month: their shift is no alarm."""

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        raise_each(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        if self.target in self.columns:
            yield f"target {self.target} must not be among the feature columns"
        if unknown := sorted(set(self.unwatched) - self.columns.keys()):
            yield f"unwatched must name feature columns, got {', '.join(unknown)}"
        # The model's server gets the names as one value of its environment.
        if (length := len(",".join(self.unwatched))) > MODEL_ENVIRONMENT.value:
            yield f"unwatched must have at most {MODEL_ENVIRONMENT.value} characters, joined by commas, got {length}"


class Gate(Section):
    """What a candidate must show on the untouched test split before it is registered."""

    metric: Literal["auc", "average_precision", "accuracy", "f1"] = "auc"
    threshold: float = Field(ge=0, le=1)
    min_gain_over_baseline: float = Field(0.0, ge=0, le=1)
    max_loss_to_champion: float = Field(0.005, ge=0, le=1)
    max_train_validation_gap: float = Field(0.05, ge=0, le=1)
    accuracy_aim: float = Field(0.9, ge=0, le=1)


class Value(Section):
    """Business value of each outcome of one prediction, in `currency`."""

    currency: Currency = "EUR"
    true_positive: float
    false_positive: float
    true_negative: float = 0.0
    false_negative: float
