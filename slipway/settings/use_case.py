"""Everything one stage of one use case is made from."""

from typing import Self

from pydantic import Field, model_validator

from slipway.settings.access import Access
from slipway.settings.budget import Budget
from slipway.settings.data import Data, Gate, Value
from slipway.settings.monitoring import Monitoring, monitoring_mistakes
from slipway.settings.names import Names
from slipway.settings.promotion import Promotion
from slipway.settings.rollout import Endpoint, Rollout
from slipway.settings.section import AccountId, Region, Section, Slug, raise_each
from slipway.settings.serverless import serverless_mistakes
from slipway.settings.training import Training, Tuning


class Settings(Section):
    """One use case in one stage."""

    name: Slug
    """Name of the use case: the first part of the names of its stacks, endpoint and registry group."""
    description: str = Field("", max_length=1024)
    """What the model predicts, in words, for the registry and the report."""
    stage: Slug
    """Name of the stage; the commands set it from `--stage`."""
    account: AccountId | None = None
    """Account of the stage; without it, the account of the credentials."""
    region: Region | None = None
    """Region of the stage; without it, the region of the credentials."""
    delivery_account: AccountId | None = None
    """Account of the CodePipeline that delivers the stage, where it is another one."""
    keep_data: bool = True
    """Whether buckets, key, images and models stay when the stacks are deleted."""
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
