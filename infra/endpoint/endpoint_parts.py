"""The parts of an endpoint that are given together, and what is refused of them at synth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.endpoint.capacity import Capacity, DataCapture, Instances
from infra.endpoint.inference_queue import InferenceQueue
from infra.endpoint.served_model import Challengers, ContainerModel, RegisteredModel, ShadowModel
from slipway.endpoint_kinds import EndpointKind
from slipway.errors import InputError
from slipway.guardrails import PlannedRollout, ScaledVariant, Variant, planned_analysis
from slipway.guardrails.configured_rollout import CAPACITY
from slipway.metrics import SHADOW_VARIANT
from slipway.rollout.new_fleet_alarms import DRIFT_ALARMS
from slipway.settings import Rollout
from slipway.settings.names import VARIANT


@dataclass(frozen=True, kw_only=True)
class EndpointParts:
    """What a `GuardedEndpoint` is made of, as it is given."""

    model: RegisteredModel | ContainerModel
    capacity: Capacity
    rollout: Rollout
    capture: DataCapture | None
    queue: InferenceQueue | None
    shadow: ShadowModel | None
    challengers: Challengers | None

    def __post_init__(self) -> None:
        if self.shadow and not self.kind.takes_shadow:
            raise InputError(f"shadow must be left out of a {self.kind.name} endpoint, which takes no shadow variant")
        if self.challengers and not self.kind.captures:
            raise InputError(f"challengers must be left out of a {self.kind.name} endpoint, which cannot capture")
        if self.queue and not isinstance(self.capacity, Instances):
            raise InputError(f"queue must be left out of a {self.capacity.kind.name} endpoint: it has no instances")
        if self.capture and not self.kind.captures:
            raise InputError(f"capture must be left out of a {self.kind.name} endpoint, which cannot capture")
        if not self.kind.is_guarded:
            return
        needs_package = sorted(set(DRIFT_ALARMS) - set(self.rollout.alarms_off))
        if self.model.package_arn is None and needs_package:
            raise InputError(
                f"rollout.alarms_off must name {', '.join(needs_package)} for a model that is no package: they watch "
                "what its servers publish by its package"
            )

    @property
    def kind(self) -> EndpointKind:
        return self.queue.kind if self.queue else self.capacity.kind

    def planned_rollout(
        self,
        scaled: Sequence[ScaledVariant],
        *,
        endpoint_name: str,
        config_name: str,
        deployment: Mapping[str, Any],
        alarms: Sequence[Mapping[str, Any]],
    ) -> PlannedRollout | None:
        """What the guardrail rules read; None without instances, where an update has no settings."""
        if not isinstance(self.capacity, Instances):
            return None
        type_, shadow = self.capacity.type, self.shadow
        variant = Variant(
            VARIANT,
            self.capacity.count,
            type_,
            package=self.model.package_arn,
            environment=tuple(self.model.environment.items()),
        )
        return PlannedRollout(
            endpoint=endpoint_name,
            config_name=config_name,
            variants=(variant,),
            kind=self.kind,
            shadow_variants=(Variant(SHADOW_VARIANT, shadow.instance_count, type_),) if shadow else (),
            deployment=deployment,
            alarms=tuple(alarms),
            autoscaled=bool(scaled),
            scaling=tuple(scaled),
            retained=CAPACITY if scaled and not self.kind.waits else frozenset(),
            previous_variants=(VARIANT,),
            analysis=planned_analysis(self.rollout),
        )
