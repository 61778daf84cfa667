"""When an endpoint runs, for those that are not needed at night."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from slipway.settings.section import Section, raise_each

Cron = Annotated[str, StringConstraints(pattern=r"^cron\([0-9*/,\-]+( [A-Z0-9*/,\-?#]+){5}\)$", max_length=256)]
"""Minutes, hours, day of month, month, day of week, year, as EventBridge has them."""


class EndpointSchedule(Section):
    """When the endpoint is started and stopped; while it is stopped nothing serves, and no instance is paid for."""

    start: Cron
    """When the endpoint is started, as an EventBridge cron expression."""
    stop: Cron
    """When the endpoint is stopped."""
    timezone: str = Field("UTC", pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$", max_length=50)
    """Time zone of both, by its name in the IANA database."""

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.start == self.stop:
            raise_each([f"start and stop must differ, got {self.start}"])
        return self
