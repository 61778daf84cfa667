"""All servers of one endpoint configuration."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from blueprint.errors import LaunchError
from rehearsal.fleet.http import HttpClient
from rehearsal.fleet.loop import LoopThread
from rehearsal.fleet.server import HOST, STARTUP_SECONDS, ModelServer
from rehearsal.fleet.weights import SmoothRoundRobin


@dataclass
class Variant:
    """One production variant.

    Its instances are modelled by one server process: `instances` decides the shares of a rollout and is what
    DescribeEndpoint tells, but one process serves for all of them.
    """

    name: str
    weight: float
    instances: int
    instance_type: str
    image: str
    server: ModelServer
    startup_seconds: float = STARTUP_SECONDS
    client: HttpClient | None = None


@dataclass
class Fleet:
    """The variants of one endpoint configuration, and how many requests they are working on."""

    config_name: str
    variants: Sequence[Variant]
    loop: LoopThread
    in_flight: int = 0
    _choice: SmoothRoundRobin[Variant] = field(init=False)

    def __post_init__(self) -> None:
        self.reweigh()

    @property
    def instances(self) -> int:
        """Instances that a rollout moves by: those of the smallest variant."""
        return min(variant.instances for variant in self.variants)

    def reweigh(self) -> None:
        """Take over changed weights."""
        self._choice = SmoothRoundRobin([(variant, variant.weight) for variant in self.variants])

    def choose(self, target_variant: str | None) -> Variant:
        """Raises LookupError when there is no such variant."""
        if target_variant is None:
            return self._choice.choose()
        for variant in self.variants:
            if variant.name == target_variant:
                return variant
        raise LookupError(f"variant must be one of {', '.join(v.name for v in self.variants)}, got {target_variant}")

    def start(self, cancelled: threading.Event) -> None:
        """Start every server; all answer /ping when this returns.

        Raises:
            LaunchError: one did not start; the others have been stopped.
        """
        for variant in self.variants:
            try:
                variant.server.start(startup_seconds=variant.startup_seconds, cancelled=cancelled)
            except LaunchError as exc:
                self.stop()
                raise LaunchError(f"variant {variant.name}: {exc}") from exc
            variant.client = HttpClient(HOST, variant.server.port)

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until nothing is in flight any more; False when the time was up before."""
        deadline = time.monotonic() + timeout_seconds
        while self.in_flight and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.in_flight == 0

    def stop(self) -> None:
        for variant in self.variants:
            if variant.client is not None:
                self.loop.submit(variant.client.close()).result(timeout=10)
                variant.client = None
            variant.server.discard()


def variants_of(
    config: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Any]],
    make_server: Callable[[str, Mapping[str, Any]], ModelServer],
    *,
    retained: Mapping[str, Variant],
) -> list[Variant]:
    """The variants that an endpoint configuration asks for.

    Args:
        config: the configuration as DescribeEndpointConfig shows it.
        models: Image, ModelDataUrl and Environment of each model by its name.
        make_server: given the variant's name and its model.
        retained: live variants whose weight and instance count go on, as RetainAllVariantProperties asks.
    """
    found = []
    for wanted in config["ProductionVariants"]:
        name, model = wanted["VariantName"], models[wanted["ModelName"]]
        kept = retained.get(name)
        timeout = wanted.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS)
        found.append(
            Variant(
                name=name,
                weight=kept.weight if kept else float(wanted.get("InitialVariantWeight", 1.0)),
                instances=kept.instances if kept else int(wanted.get("InitialInstanceCount", 1)),
                instance_type=str(wanted.get("InstanceType", "")),
                image=str(model.get("Image", "")),
                server=make_server(name, model),
                startup_seconds=float(timeout),
            )
        )
    return found
