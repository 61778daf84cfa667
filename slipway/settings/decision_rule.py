"""How a model's outputs become decisions, and what a prediction is worth."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from slipway.settings.problems import Maximised, parameter_of
from slipway.settings.section import Label, Section, matching, raise_each

Currency = Annotated[str, matching(r"^\S{1,8}$", "at most 8 characters without a blank, such as EUR")]
_PARAMETERS = ("beta", "precision", "share")


class DecisionRule(Section):
    """How the model's output becomes a decision; chosen on rows that the search compares its models on."""

    maximise: Maximised | None = None
    """What the decision maximises; by default the value where `[value]` is given, else F1, or what is most probable."""
    beta: float | None = Field(None, gt=0, le=100)
    """With `f_beta`: how many times as much recall counts as precision."""
    precision: float | None = Field(None, gt=0, lt=1)
    """With `recall_at_precision`: the least precision, at which recall is maximised."""
    share: float | None = Field(None, gt=0, lt=1)
    """With `top_share`: the share of rows that is positive, those with the highest scores."""
    interval: float | None = Field(None, ge=0.5, lt=1)
    """For regression: the share of the true numbers that lie in the interval given with each prediction."""

    @model_validator(mode="after")
    def _parameters_fit(self) -> Self:
        raise_each(self._errors())
        return self

    def _errors(self) -> Iterator[str]:
        needed = parameter_of(self.maximise) if self.maximise else None
        if needed and getattr(self, needed) is None:
            yield f"{needed} must be given with maximise {self.maximise}"
        for name in _PARAMETERS:
            if name != needed and (given := getattr(self, name)) is not None:
                yield f"{name} must be left out with maximise {self.maximise or '(none)'}, got {given}"

    def document(self) -> dict[str, Any]:
        """What was asked for, as the container reads it; empty for the problem's default."""
        return self.model_dump(exclude_none=True)


class Value(Section):
    """Business value of one prediction, in `currency`: which keys there are depends on the problem."""

    currency: Currency = "EUR"
    """Name of the currency, for reports."""
    true_positive: float | None = None
    """Of binary problems and anomalies: value of a positive prediction that is right."""
    false_positive: float | None = None
    """Value of a positive prediction that is wrong."""
    true_negative: float | None = None
    """Value of a negative prediction that is right; 0 where it is left out."""
    false_negative: float | None = None
    """Value of a negative prediction that is wrong."""
    matrix: dict[Label, dict[Label, float]] | None = Field(None, min_length=2)
    """Of multiclass problems: for each actual label, the value of each predicted one; 0 for what is left out."""
    overestimate: float | None = None
    """Of regression: value of each unit by which a prediction is too high, usually negative."""
    underestimate: float | None = None
    """Of regression: value of each unit by which a prediction is too low, usually negative."""

    def document(self) -> dict[str, Any]:
        """The value of each outcome, as the container reads it: in the problem's own form."""
        given = self.model_dump(exclude_none=True)
        return {"true_negative": 0.0, **given} if self.true_positive is not None else given

    def bounds(self) -> tuple[float, float] | None:
        """The least and greatest value of one prediction; None where there is no end to it."""
        if self.overestimate is not None:
            return None
        document = {"row": self.document()} if self.matrix is None else self.matrix
        values = [value for row in document.values() for value in row.values() if isinstance(value, float)]
        return min(values), max(values)
