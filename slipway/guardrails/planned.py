"""A rollout before it exists, as plain data: all that the rules read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from slipway.canary.config import AnalysisConfig, Tolerances
from slipway.canary.shadow_comparison import SAME_FOR_USERS, ShadowComparison
from slipway.canary.statistics.power import ExpectedBake, promoted_share
from slipway.endpoint_kinds import REAL_TIME, EndpointKind
from slipway.guardrails.composite_alarms import referenced_alarms

OPAQUE = "${?"
"""Begins what stands for a value that is known to the deployment alone: a parameter without a default, an import."""


@dataclass(frozen=True)
class Variant:
    """A production or shadow variant; without instances where its kind has none."""

    name: str
    instance_count: int | None = None
    instance_type: str | None = None
    accelerator: str | None = None
    package: str | None = None
    """The ARN of its model package, where it serves one and that is known."""
    environment: tuple[tuple[str, str], ...] | None = None
    """What its container is given; None where it is not known."""


@dataclass(frozen=True)
class ScaledVariant:
    """A variant whose instances follow the traffic between two counts; None where they are not known."""

    name: str
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class PlannedAnalysis:
    """What compares the new fleet with the old one in the bakes in which both serve.

    Attributes:
        tolerances: and error rates.
        decide_seconds: so long before the last of those bakes ends its decision is final; half of the bake at most.
        proceeds: without a decision the new fleet stays; else it is rolled back.
        value_horizon_seconds: the age at which a request's outcome counts, where value is watched.
        shadow: how the candidate is compared as a shadow before; None where it is none.
    """

    tolerances: Tolerances
    decide_seconds: float
    proceeds: bool = False
    value_horizon_seconds: float = AnalysisConfig.value_horizon_seconds
    shadow: ShadowComparison | None = None

    def promoted_share(self, bakes: Sequence[ExpectedBake], *, requests_per_second: float) -> float:
        """Share of good models, 0..1, that are proven no worse, as a shadow where they are one, and by the canary."""
        if self.shadow is None:
            return promoted_share(self.tolerances, bakes)
        proven = self.shadow.proven_share(requests_per_second)
        return proven * promoted_share(self.tolerances, bakes, proven=SAME_FOR_USERS)


@dataclass(frozen=True)
class PlannedExperiment:
    """An experiment that the endpoint may have.

    Attributes:
        planned_size: requests with an outcome, of all arms.
        max_days: the longest time.
        captured: share of the requests that is captured.
        outcome_seconds: the age at which a request counts.
        update_seconds: between two changes of the weights.
        floor: least share of an arm whose weight moves; 0 of a fixed split.
    """

    planned_size: int
    max_days: int
    captured: float
    outcome_seconds: float
    update_seconds: float
    floor: float


@dataclass(frozen=True, eq=False)
class PlannedRollout:
    """What an endpoint would be updated to, how, and what would roll it back; each is equal to itself alone.

    Attributes:
        endpoint: the endpoint's name.
        config_name: the new endpoint config's name as the alarms have it; `${EndpointConfig.EndpointConfigName}`
            where CloudFormation gives it.
        variants: the production variants of the new config.
        deployment: the DeploymentConfig in SageMaker's shape; None where there is none.
        alarms: the alarms that are known, in the shape of PutMetricAlarm (or PutCompositeAlarm).
        config_is_named: a template gives the endpoint config a physical name.
        autoscaled: a scalable target sets the number of instances.
        scaling: the scalable targets, where they are known.
        retained: RetainAllVariantProperties, less what is excluded from it.
        through_api: the DeploymentConfig goes to UpdateEndpoint as it is, not through CloudFormation.
        requests_per_second: the expected traffic of the whole endpoint; None where it is not given.
        previous_variants: the variant names of the config in use; None where they are not known.
        previous_types: instance types of the config in use by the variant's name.
        analysis: what compares the fleets beside the alarms; None where there is none, or it is not known.
        experiment: on the endpoint, between rollouts; None where there is none, or it is not known.
        setting_periods: what rollout.alarm_period_seconds may be, where settings make the alarms; a template has any.
    """

    endpoint: str
    config_name: str
    variants: tuple[Variant, ...]
    deployment: Mapping[str, Any] | None = None
    alarms: tuple[Mapping[str, Any], ...] = ()
    shadow_variants: tuple[Variant, ...] = ()
    kind: EndpointKind = REAL_TIME
    config_is_named: bool = False
    autoscaled: bool = False
    scaling: tuple[ScaledVariant, ...] = ()
    retained: frozenset[str] = field(default_factory=frozenset)
    through_api: bool = False
    requests_per_second: float | None = None
    previous_variants: tuple[str, ...] | None = None
    previous_types: tuple[tuple[str, str], ...] = ()
    analysis: PlannedAnalysis | None = None
    experiment: PlannedExperiment | None = None
    setting_periods: tuple[int, ...] = ()

    @property
    def instances(self) -> int | None:
        """Instances of the smallest variant, where all are known: its parts are the first to round to nothing.

        An autoscaled one may be at its least when the rollout begins, unless that begins with the config's number.
        """
        least = {} if self.kind.waits else {scaled.name: scaled.least for scaled in self.scaling}
        counts = [least.get(variant.name) or variant.instance_count for variant in self.variants]
        return min((count for count in counts if count), default=None) if all(counts) else None

    @property
    def named_alarms(self) -> tuple[str, ...]:
        """Names in the DeploymentConfig's AutoRollbackConfiguration."""
        rollback = (self.deployment or {}).get("AutoRollbackConfiguration") or {}
        return tuple(str(alarm.get("AlarmName", "")) for alarm in rollback.get("Alarms") or ())

    @cached_property
    def rollback_alarms(self) -> tuple[Mapping[str, Any], ...]:
        """The alarms that are known and named, or referenced by a composite alarm that is, once each."""
        known = {str(alarm["AlarmName"]): alarm for alarm in self.alarms}
        wanted, found = list(self.named_alarms), dict[str, Mapping[str, Any]]()
        while wanted:
            name = wanted.pop(0)
            if name in known and name not in found:
                found[name] = known[name]
                wanted += referenced_alarms(known[name])
        return tuple(found[name] for name in known if name in found)


def is_opaque(value: object) -> bool:
    return isinstance(value, str) and OPAQUE in value


def differ(value: str, expected: str) -> bool:
    """Whether the two are certainly not the same; what is known to the deployment alone may be."""
    return value != expected and not is_opaque(value) and not is_opaque(expected)
