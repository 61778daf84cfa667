"""What the judge of one endpoint is told when it is deployed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from slipway.canary.statistics.means import MeanTest
from slipway.canary.statistics.tolerances import JudgePlan

ROLL_BACK, PROCEED = "roll_back", "proceed"


@dataclass(frozen=True)
class Mandate:
    """Travels as one environment variable.

    Attributes:
        plan: tolerances and error rates.
        without_evidence: `roll_back` or `proceed`, for a bake that ends before there is enough evidence.
        decide_seconds: so long before the bake ends the verdict is final.
        variant: the endpoint's production variant.
        deployment: the DeploymentConfig, for an endpoint that does not tell its own.
        instances: of the new fleet, likewise.
        value: bounds of one outcome's value, and the loss a request that is tolerated; None where none is watched.
        value_horizon_seconds: the age of a request at which its outcome counts, if it has arrived by then.
        positive_label: what is worth 1 in outcomes that tell labels.
    """

    plan: JudgePlan
    without_evidence: str
    decide_seconds: float
    variant: str
    deployment: Mapping[str, Any]
    instances: int
    value: MeanTest | None = None
    value_horizon_seconds: float = 300.0
    positive_label: str = "1"

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        told = json.loads(text)
        value = MeanTest(**told["value"]) if told["value"] else None
        return cls(**{**told, "plan": JudgePlan(**told["plan"]), "value": value})
