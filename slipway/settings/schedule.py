"""When an endpoint runs, for those that are not needed at night."""

from typing import Annotated, Self

from pydantic import model_validator

from slipway.settings.section import Section, matching, raise_each

Cron = Annotated[
    str,
    matching(
        r"^cron\([0-9*/,\-]+( [A-Z0-9*/,\-?#]+){5}\)$",
        "an EventBridge expression such as cron(0 7 ? * MON-FRI *)",
        max_length=256,
    ),
]
"""Minutes, hours, day of month, month, day of week, year, as EventBridge has them."""
TimeZone = Annotated[str, matching(r"^[A-Za-z][A-Za-z0-9_+/-]*$", "a time zone such as Europe/Berlin", max_length=50)]


class EndpointSchedule(Section):
    """When the endpoint is started and stopped; while it is stopped nothing serves, and no instance is paid for."""

    start: Cron
    """When the endpoint is started, as an EventBridge cron expression."""
    stop: Cron
    """When the endpoint is stopped."""
    timezone: TimeZone = "UTC"
    """Time zone of both, by its name in the IANA database."""

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.start == self.stop:
            raise_each([f"start and stop must differ, got {self.start}"])
        return self
