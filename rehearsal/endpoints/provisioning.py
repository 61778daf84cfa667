"""How an endpoint configuration becomes a fleet: images, artifacts, environments, and what is retained."""

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.container import Program
from rehearsal.endpoints.model_server import (
    SERVERLESS_STARTUP_SECONDS,
    STARTUP_SECONDS,
    FetchArtifact,
    ModelServer,
    prepare_container,
)
from rehearsal.endpoints.serving_fleet import ServingFleet, ServingVariant

METRIC_SECONDS = "SLIPWAY_METRIC_SECONDS"
"""How often the model's server publishes its own metrics; compressed as all waits are."""

_METRIC_SECONDS = 10.0

OnLog = Callable[[str, str, Sequence[str]], None]
MakeFleet = Callable[[], ServingFleet]


@dataclass(frozen=True)
class Retained:
    """What goes on from the live fleet, as RetainAllVariantProperties asks."""

    instances: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    data_capture: Mapping[str, Any] | None = None
    keeps_capture: bool = False

    def instances_of(self, wanted: Mapping[str, Any]) -> int:
        """Instances of a variant as the new configuration has it."""
        return self.instances.get(wanted["VariantName"], int(wanted.get("InitialInstanceCount", 1)))


NOTHING_RETAINED = Retained()


def retained_from(live: ServingFleet | None, *, retain: bool, excluded: Collection[str]) -> Retained:
    """What `live` hands on; `excluded` names VariantPropertyTypes."""
    if live is None or not retain:
        return NOTHING_RETAINED
    return Retained(
        instances={} if "DesiredInstanceCount" in excluded else {v.name: v.instances for v in live.variants},
        weights={} if "DesiredWeight" in excluded else {v.name: v.weight for v in live.variants},
        data_capture=live.data_capture,
        keeps_capture="DataCaptureConfig" not in excluded,
    )


@dataclass(frozen=True)
class Provisioning:
    """What every fleet of the account is made with."""

    workdir: Path
    image_programs: Callable[[str], Program]
    backend: Backend
    fetch_artifact: FetchArtifact
    on_log: OnLog
    speed: float

    def maker(
        self,
        endpoint_name: str,
        config: Mapping[str, Any],
        models: Mapping[str, Mapping[str, Any]],
        retained: Retained = NOTHING_RETAINED,
    ) -> MakeFleet:
        """A function that makes the fleet of `config`; nothing is started by it."""

        def make_fleet() -> ServingFleet:
            variants, shadows = (
                [self._variant(endpoint_name, wanted, models[wanted["ModelName"]], retained) for wanted in given]
                for given in (config["ProductionVariants"], config.get("ShadowProductionVariants", ()))
            )
            capture = retained.data_capture if retained.keeps_capture else config.get("DataCaptureConfig")
            return ServingFleet(str(config["EndpointConfigName"]), variants, capture, next(iter(shadows), None))

        return make_fleet

    def _variant(
        self, endpoint_name: str, wanted: Mapping[str, Any], model: Mapping[str, Any], retained: Retained
    ) -> ServingVariant:
        serverless = wanted.get("ServerlessConfig")
        startup = STARTUP_SECONDS if serverless is None else SERVERLESS_STARTUP_SECONDS
        return ServingVariant(
            name=(name := wanted["VariantName"]),
            weight=retained.weights.get(name, float(wanted.get("InitialVariantWeight", 1.0))),
            instances=retained.instances_of(wanted),
            instance_type=str(wanted.get("InstanceType", "")),
            image=str(model.get("Image", "")),
            server=self._server(endpoint_name, wanted, model),
            startup_seconds=float(wanted.get("ContainerStartupHealthCheckTimeoutInSeconds", startup)),
            max_concurrency=serverless["MaxConcurrency"] if serverless else None,
        )

    def _server(self, endpoint_name: str, wanted: Mapping[str, Any], model: Mapping[str, Any]) -> ModelServer:
        variant_name, instance_type = wanted["VariantName"], str(wanted.get("InstanceType", ""))
        folder = Path(tempfile.mkdtemp(prefix=f"{endpoint_name}-{variant_name}-", dir=self.workdir))
        program = self.image_programs(str(model["Image"]))
        served = {**model, "Environment": self._environment(model.get("Environment") or {})}
        container = prepare_container(served, program, folder, self.fetch_artifact, instance_type=instance_type)
        group, stream = f"/aws/sagemaker/Endpoints/{endpoint_name}", f"{variant_name}/{folder.name[-8:]}"
        return ModelServer(container, self.backend, lambda line: self.on_log(group, stream, [line]))

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        seconds = float(given.get(METRIC_SECONDS, _METRIC_SECONDS)) / self.speed
        return {**given, METRIC_SECONDS: f"{seconds:g}"}
