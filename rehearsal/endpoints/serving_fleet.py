"""All servers of one endpoint configuration."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.endpoints.capture import CapturePlan, Sampler, capture_plan
from rehearsal.endpoints.model_server import STARTUP_SECONDS, ModelServer
from rehearsal.endpoints.round_robin import SmoothRoundRobin
from slipway.errors import LaunchError


@dataclass(eq=False)
class ServingVariant:
    """One production variant.

    Its instances are modelled by one server process: `instances` decides the shares of a rollout, how many requests of
    a queue are worked on at a time, and what DescribeEndpoint shows, but one process serves for all of them. Without
    instances there is none.
    """

    name: str
    weight: float
    instances: int
    instance_type: str
    image: str
    server: ModelServer
    startup_seconds: float = STARTUP_SECONDS
    max_concurrency: int | None = None
    """Of a serverless variant: requests that it works on at the same time."""
    in_flight: int = 0

    @property
    def is_full(self) -> bool:
        """Whether a further request is throttled."""
        return self.max_concurrency is not None and self.in_flight >= self.max_concurrency


@dataclass(eq=False)
class ServingFleet:
    """The variants of one endpoint configuration, and how many requests they are working on."""

    config_name: str
    variants: Sequence[ServingVariant]
    data_capture: Mapping[str, Any] | None = None
    """The DataCaptureConfig that applies to it."""
    shadow: ServingVariant | None = None
    """Gets copies of requests; no user gets its responses."""
    in_flight: int = 0
    capture: CapturePlan | None = field(init=False)
    shadow_capture: CapturePlan | None = field(init=False)
    """The same for the shadow's responses, which are sampled by themselves."""
    _choice: SmoothRoundRobin[ServingVariant] = field(init=False)
    _sampler: Sampler = field(init=False)

    def __post_init__(self) -> None:
        self.capture = capture_plan(self.data_capture)
        self.shadow_capture = capture_plan(self.data_capture)
        self.reweigh()
        # AWS documents the sampling percentage, and not how a weight becomes one: the share of the only other variant.
        share = self.shadow.weight / self.variants[0].weight if self.shadow else 0.0
        self._sampler = Sampler(100 * min(1.0, share))

    @property
    def all_variants(self) -> list[ServingVariant]:
        return [*self.variants, *([self.shadow] if self.shadow else [])]

    def sampled_shadow(self) -> ServingVariant | None:
        """The shadow, where the next request is one that it gets a copy of."""
        return self.shadow if self.shadow and self._sampler.chooses() else None

    @property
    def is_serverless(self) -> bool:
        return not any(variant.instance_type for variant in self.variants)

    @property
    def instances(self) -> int:
        """Instances that a rollout moves by: those of the smallest variant."""
        return min(variant.instances for variant in self.variants)

    def reweigh(self) -> None:
        """Apply changed weights."""
        self._choice = SmoothRoundRobin([(variant, variant.weight) for variant in self.variants])

    def choose(self, target_variant: str | None) -> ServingVariant:
        """Raises LookupError when there is no such variant."""
        if target_variant is None:
            return self._choice.choose()
        for variant in self.variants:
            if variant.name == target_variant:
                return variant
        raise LookupError(f"variant must be one of {', '.join(v.name for v in self.variants)}, got {target_variant}")

    def start(self, cancelled: threading.Event) -> None:
        """Start every server; all respond to /ping when this returns.

        Raises:
            LaunchError: one did not start; the others have been stopped.
        """
        for variant in self.all_variants:
            try:
                variant.server.start(startup_seconds=variant.startup_seconds, cancelled=cancelled)
            except LaunchError as exc:
                self.stop()
                raise LaunchError(f"variant {variant.name}: {exc}") from exc

    def is_healthy(self, timeout_seconds: float) -> bool:
        """Whether every server that answers users passes its health check within the time."""
        deadline = time.monotonic() + timeout_seconds
        while not all(variant.server.is_healthy() for variant in self.variants if variant.instances):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until nothing is in flight any more; False when the time was up before."""
        deadline = time.monotonic() + timeout_seconds
        while self.in_flight and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.in_flight == 0

    def stop(self) -> None:
        for variant in self.all_variants:
            variant.server.discard()
