"""Everything one stage of one use case is made from."""

from typing import Self

from pydantic import Field, model_validator

from blueprint.names import Names
from blueprint.settings.access import Access
from blueprint.settings.budget import Budget
from blueprint.settings.data import Data, Gate, Value
from blueprint.settings.monitoring import Monitoring, monitoring_mistakes
from blueprint.settings.promotion import Promotion
from blueprint.settings.rollout import Endpoint, Rollout
from blueprint.settings.section import AccountId, Region, Section, Slug, raise_each
from blueprint.settings.serverless import serverless_mistakes
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
    budget: Budget | None = None
    access: Access = Access()
    promotion: Promotion = Promotion()

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        raise_each([*serverless_mistakes(self), *monitoring_mistakes(self)])
        return self

    @property
    def names(self) -> Names:
        return Names(self.name, self.stage)
