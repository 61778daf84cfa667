"""Everything one stage of one use case is made from."""

from pydantic import Field

from blueprint.names import Names
from blueprint.settings.data import Data, Gate, Value
from blueprint.settings.monitoring import Monitoring
from blueprint.settings.rollout import Endpoint, Rollout
from blueprint.settings.section import AccountId, Region, Section, Slug
from blueprint.settings.training import Training, Tuning


class Settings(Section):
    name: Slug
    description: str = Field("", max_length=1024)
    stage: Slug
    account: AccountId | None = None
    region: Region | None = None
    delivery_account: AccountId | None = None
    keep_data: bool = True
    data: Data
    training: Training = Training()
    tuning: Tuning
    gate: Gate
    value: Value
    endpoint: Endpoint = Endpoint()
    rollout: Rollout = Rollout()
    monitoring: Monitoring = Monitoring()

    @property
    def names(self) -> Names:
        return Names(self.name, self.stage)
