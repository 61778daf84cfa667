"""The settings of one use case in one stage, whose sections fit together."""

from typing import Self

from pydantic import model_validator

from slipway.settings.conflicts import conflicts
from slipway.settings.section import raise_each
from slipway.settings.unchecked import UncheckedSettings


class Settings(UncheckedSettings):
    """One use case in one stage."""

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        raise_each(conflicts(self))
        return self
