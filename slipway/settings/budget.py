"""What a month of the use case may cost, and when notices are sent."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from slipway.settings.section import Section, raise_each

Percent = Annotated[int, Field(ge=1, le=1000)]
_MOST_NOTICES = 5
"""AWS Budgets takes no more a budget."""


class Budget(Section):
    """A budget of AWS Budgets. Its notices go to the topic of the monitoring stack, and so to `monitoring.notify`."""

    monthly_usd: float = Field(gt=0, le=1e9)
    """Budget of a month for everything with the use case's cost allocation tag."""
    notify_at_percent: tuple[Percent, ...] = (50, 80, 100)
    """Shares of the budget at which a notice is sent."""
    forecast: bool = True
    """Whether to send a notice, too, when the month is expected to end above the budget."""

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        raise_each(self._errors())
        return self

    def _errors(self) -> Iterator[str]:
        percents = self.notify_at_percent
        if len(set(percents)) < len(percents):
            yield f"notify_at_percent must name each share once, got {', '.join(map(str, percents))}"
        if not 1 <= (notices := len(percents) + self.forecast) <= _MOST_NOTICES:
            yield f"notify_at_percent and forecast must make 1..{_MOST_NOTICES} notices, got {notices}"
