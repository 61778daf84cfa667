"""Everything one stage of one use case is made from."""

from typing import Annotated

from pydantic import Field, StringConstraints

from blueprint.names import Names
from blueprint.settings.data import Data, Gate, Value
from blueprint.settings.rollout import Endpoint, Rollout
from blueprint.settings.section import Section, Slug
from blueprint.settings.training import Training, Tuning


class Settings(Section):
    name: Slug
    description: str = Field("", max_length=1024)
    stage: Slug
    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] | None = None
    keep_data: bool = True
    data: Data
    training: Training = Training()
    tuning: Tuning
    gate: Gate
    value: Value
    endpoint: Endpoint = Endpoint()
    rollout: Rollout = Rollout()

    @property
    def names(self) -> Names:
        return Names(self.name, self.stage)
