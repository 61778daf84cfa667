"""A rollout before it exists, as plain data: all that the rules look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OPAQUE = "${?"
"""Begins what stands for a value that only the deployment knows: a parameter without a default, an import."""


@dataclass(frozen=True)
class Variant:
    """A production or shadow variant; a serverless one has no instances."""

    name: str
    instance_count: int | None = None
    instance_type: str | None = None
    serverless: bool = False
    accelerator: str | None = None


@dataclass(frozen=True)
class PlannedRollout:
    """What an endpoint would be updated to, how, and what would turn it back.

    Attributes:
        endpoint: the endpoint's name.
        config_name: the new endpoint config's name as the alarms have it; `${EndpointConfig.EndpointConfigName}`
            where CloudFormation gives it.
        variants: the production variants of the new config.
        deployment: the DeploymentConfig in SageMaker's shape; None where there is none.
        alarms: the alarms that are known, in the shape of PutMetricAlarm (or PutCompositeAlarm).
        config_is_named: a template gives the endpoint config a physical name.
        autoscaled: a scalable target sets the number of instances.
        retained: RetainAllVariantProperties, less what is excluded from it.
        through_api: the DeploymentConfig goes to UpdateEndpoint as it is, not through CloudFormation.
        requests_per_second: the expected traffic of the whole endpoint; None where nobody said.
        previous_variants: the variant names of the config in use; None where they are not known.
    """

    endpoint: str
    config_name: str
    variants: tuple[Variant, ...]
    deployment: Mapping[str, Any] | None = None
    alarms: tuple[Mapping[str, Any], ...] = ()
    shadow_variants: tuple[Variant, ...] = ()
    asynchronous: bool = False
    config_is_named: bool = False
    autoscaled: bool = False
    retained: frozenset[str] = field(default_factory=frozenset)
    through_api: bool = False
    requests_per_second: float | None = None
    previous_variants: tuple[str, ...] | None = None

    @property
    def serverless(self) -> bool:
        return any(variant.serverless for variant in self.variants)

    @property
    def instances(self) -> int | None:
        """Instances of the smallest variant, where all are known: its parts are the first to round to nothing."""
        counts = [variant.instance_count for variant in self.variants]
        return min((count for count in counts if count), default=None) if all(counts) else None

    @property
    def named_alarms(self) -> tuple[str, ...]:
        """Names in the DeploymentConfig's AutoRollbackConfiguration."""
        rollback = (self.deployment or {}).get("AutoRollbackConfiguration") or {}
        return tuple(str(alarm.get("AlarmName", "")) for alarm in rollback.get("Alarms") or ())

    @property
    def rollback_alarms(self) -> tuple[Mapping[str, Any], ...]:
        """The alarms that are both known and named, once each."""
        named = set(self.named_alarms)
        return tuple({alarm["AlarmName"]: alarm for alarm in self.alarms if alarm["AlarmName"] in named}.values())


def is_opaque(value: object) -> bool:
    return isinstance(value, str) and OPAQUE in value


def differ(value: str, expected: str) -> bool:
    """Whether the two are certainly not the same; what only the deployment knows may be."""
    return value != expected and not is_opaque(value) and not is_opaque(expected)
