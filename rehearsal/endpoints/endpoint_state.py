"""The state of one endpoint, and DescribeEndpoint made from it."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from rehearsal.endpoints.capture import capture_summary
from rehearsal.endpoints.serving_fleet import ServingFleet, ServingVariant
from slipway.rollout.plan import Phase

_VARIANT_STATUS = {
    Phase.PROVISIONING: "Creating",
    Phase.SHIFTING: "ActivatingTraffic",
    Phase.BAKING: "Baking",
    Phase.FINAL_BAKING: "Baking",
    Phase.ROLLING_BACK: "Deleting",
}

_LONGEST_REASON = 1024


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class PendingDeployment:
    """A deployment in progress."""

    config: Mapping[str, Any]
    rolling: bool = False
    """Capacity moves from the old fleet to the new one batch by batch, as the users do."""
    started: datetime = field(default_factory=now)
    phase: Phase = Phase.PROVISIONING
    phase_started: datetime = field(default_factory=now)
    share: float = 0.0
    fleet: ServingFleet | None = None

    def describe(self) -> dict[str, Any]:
        kinds = ("ProductionVariants", "ShadowProductionVariants")
        return {
            "EndpointConfigName": self.config["EndpointConfigName"],
            "StartTime": self.started,
            **{kind: [self._variant(wanted) for wanted in self.config[kind]] for kind in kinds if kind in self.config},
        }

    def _variant(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        found = {
            "VariantName": wanted["VariantName"],
            "InstanceType": wanted.get("InstanceType"),
            "DesiredInstanceCount": wanted.get("InitialInstanceCount", 1),
            "DesiredWeight": wanted.get("InitialVariantWeight", 1.0),
            **self._current(wanted["VariantName"]),
            **_status(_VARIANT_STATUS.get(self.phase), self.phase_started),
        }
        return {name: value for name, value in found.items() if value is not None}

    def _current(self, name: str) -> dict[str, Any]:
        if self.fleet is None:
            return {"CurrentInstanceCount": 0, "CurrentWeight": 0.0}
        variant = next(each for each in self.fleet.all_variants if each.name == name)
        return {
            "CurrentInstanceCount": round(variant.instances * self.share) if self.rolling else variant.instances,
            "CurrentWeight": variant.weight * self.share,
            "DesiredInstanceCount": variant.instances,
            "DesiredWeight": variant.weight,
            **_images(variant),
        }

    def remaining(self, variant: ServingVariant) -> int:
        """Instances that a variant of the old fleet has left."""
        return variant.instances - round(variant.instances * self.share) if self.rolling else variant.instances


class EndpointState:
    """Changed by the endpoint's own thread, read by all others."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._status, self._reason = "Creating", ""
        self._live: ServingFleet | None = None
        self._mixed: Sequence[ServingFleet] = ()
        self._pending: PendingDeployment | None = None
        self._deployment: Mapping[str, Any] | None = None
        self._desired: dict[str, Mapping[str, Any]] = {}
        """Weights and instance counts that are being set, by the variant's name."""

    @property
    def live(self) -> ServingFleet | None:
        return self._live

    @property
    def mixed(self) -> Sequence[ServingFleet]:
        """What a failed rollback has left beside the live fleet; the last healthy one serves."""
        return self._mixed

    @property
    def fleets(self) -> list[ServingFleet]:
        """Every fleet there is."""
        with self._lock:
            pending = self._pending.fleet if self._pending else None
            found = [self._live, pending, *self._mixed]
            return [fleet for i, fleet in enumerate(found) if fleet is not None and fleet not in found[:i]]

    @property
    def busy(self) -> bool:
        return self._pending is not None or bool(self._desired)

    @property
    def config_name(self) -> str | None:
        """The configuration being deployed, else the live one."""
        with self._lock:
            if self._pending is not None:
                return str(self._pending.config["EndpointConfigName"])
            return self._live.config_name if self._live else None

    def begin(self, status: str, config: Mapping[str, Any], deployment: Mapping[str, Any] | None) -> None:
        with self._lock:
            rolling = "RollingUpdatePolicy" in (deployment or {})
            self._status, self._reason, self._pending = status, "", PendingDeployment(config, rolling)
            self._deployment = deployment or self._deployment

    def enter(self, phase: Phase, share: float) -> None:
        with self._lock:
            if self._pending is not None:
                self._pending.phase, self._pending.phase_started, self._pending.share = phase, now(), share

    def provisioned(self, fleet: ServingFleet | None) -> None:
        """The new fleet exists; None: it does no longer."""
        with self._lock:
            if self._pending is not None:
                self._pending.fleet = fleet

    def go_live(self, fleet: ServingFleet) -> None:
        with self._lock:
            self._live = fleet
            if self._pending is not None:
                self._pending.fleet = None

    def mix(self, beside: Sequence[ServingFleet]) -> None:
        """These fleets stay up beside the live one."""
        with self._lock:
            self._mixed = tuple(beside)

    def settle(self, status: str, reason: str) -> None:
        """Nothing is in progress any more."""
        with self._lock:
            self._status, self._reason, self._pending = status, reason[:_LONGEST_REASON], None

    def begin_reweighing(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """New weights and instance counts are desired of live variants; what serves stays as it is."""
        with self._lock:
            self._status, self._reason = "Updating", ""
            self._desired = {change["VariantName"]: change for change in changes}

    @property
    def grows(self) -> bool:
        """Whether a variant is to have more instances than it has."""
        return any(count > variant.instances for variant, count in self._desired_counts())

    @property
    def scaled_from_zero(self) -> list[ServingVariant]:
        """The variants that are to have instances and have none."""
        return [variant for variant, count in self._desired_counts() if count and not variant.instances]

    def _desired_counts(self) -> list[tuple[ServingVariant, int]]:
        with self._lock:
            live = self._live.variants if self._live else ()
            return [
                (variant, int(self._desired[variant.name].get("DesiredInstanceCount", variant.instances)))
                for variant in live
                if variant.name in self._desired
            ]

    def keep_weights(self, reason: str) -> None:
        """What is desired has failed."""
        with self._lock:
            self._desired = {}
            self._status, self._reason = "InService", reason[:_LONGEST_REASON]

    def reweigh(self) -> None:
        """What is desired is so."""
        with self._lock:
            changes, self._desired = list(self._desired.values()), {}
            self._status = "InService"
            if self._live is None:
                return
            for change in changes:
                variant = self._live.choose(change["VariantName"])
                variant.weight = float(change.get("DesiredWeight", variant.weight))
                variant.instances = int(change.get("DesiredInstanceCount", variant.instances))
            self._live.reweigh()

    def describe(self) -> dict[str, Any]:
        """The fields of DescribeEndpoint that depend on the fleets."""
        with self._lock:
            found: dict[str, Any] = {"EndpointName": self.name, "EndpointStatus": self._status}
            if self._reason:
                found["FailureReason"] = self._reason
            if self._live is not None:
                found["EndpointConfigName"] = self._live.config_name
                found["ProductionVariants"] = _describe_variants(self._live.variants, self._pending, self._desired)
                if self._live.shadow is not None:
                    found["ShadowProductionVariants"] = _describe_variants([self._live.shadow], self._pending)
                if self._live.data_capture is not None:
                    found["DataCaptureConfig"] = capture_summary(self._live.data_capture)
            elif self._pending is not None:
                found["EndpointConfigName"] = self._pending.config["EndpointConfigName"]
            if self._pending is not None:
                found["PendingDeploymentSummary"] = self._pending.describe()
            if self._deployment is not None:
                found["LastDeploymentConfig"] = self._deployment
            return found


def _describe_variants(
    variants: Sequence[ServingVariant],
    pending: PendingDeployment | None,
    desired: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """The live fleet's variants; while the old fleet drains they are being deleted."""
    leaving = pending is not None and pending.phase is Phase.TERMINATING
    since = pending.phase_started if pending else now()
    return [
        {
            "VariantName": variant.name,
            "CurrentWeight": variant.weight,
            "DesiredWeight": desired.get(variant.name, {}).get("DesiredWeight", variant.weight),
            "CurrentInstanceCount": pending.remaining(variant) if pending else variant.instances,
            "DesiredInstanceCount": desired.get(variant.name, {}).get("DesiredInstanceCount", variant.instances),
            **_images(variant),
            **_status("Deleting" if leaving else None, since),
        }
        for variant in variants
    ]


def _images(variant: ServingVariant) -> dict[str, Any]:
    return {"DeployedImages": [{"SpecifiedImage": variant.image, "ResolvedImage": variant.image}]}


def _status(status: str | None, since: datetime) -> dict[str, Any]:
    return {"VariantStatus": [{"Status": status, "StartTime": since}]} if status else {}
