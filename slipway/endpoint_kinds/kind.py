"""What depends on the kind of an endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

KindName = Literal["real-time", "serverless", "asynchronous"]


@dataclass(frozen=True)
class FixedSetting:
    """A setting that has one value with a kind, and has it where it is left out; None is none at all."""

    key: str
    value: str | int | bool | None
    reason: str

    def error(self, kind: KindName, got: object) -> str:
        """What is wrong with another value."""
        if self.value is None:
            return f"{self.key} must be left out with endpoint.kind {kind}: {self.reason}"
        return f"{self.key} must be {_shown(self.value)} with endpoint.kind {kind}, got {_shown(got)}: {self.reason}"

    def fill(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """`document` with this value where the key is left out."""
        return _filled(document, self.key.split("."), self.value) if self.value is not None else dict(document)


@dataclass(frozen=True, kw_only=True, eq=False)
class EndpointKind:
    """What settings, templates, rules, forecasts and laptop need to know of a kind; each is equal to itself alone.

    Attributes:
        name: in the settings and in messages.
        config_key: the key of an endpoint config, or of a variant in it, by which it is of this kind; "" where it is of
            no other.
        fixed: the settings that it leaves no choice of, each with the reason.
        has_instances: fleets of instances serve: chosen, counted against quotas, and paid by the hour.
        is_guarded: SageMaker has deployment guardrails for it: bakes, alarms and rollbacks.
        takes_shadow: whether a shadow variant can stand beside its variant.
        captures: whether its requests and responses can be captured.
        is_isolated: whether its containers can be kept off the network.
        waits: its requests wait in a queue for a fleet, so that an update loses nothing by starting small.
        longest_response_seconds: that SageMaker waits for a container's response.
        requests: the metric and the statistic that count the requests of a fleet.
        failures: the metrics whose sums are the failed responses of a fleet.
        alarmed_errors: the metric that each rollback alarm on errors watches.
        compared_errors: the metric whose sum and sample count canary analysis compares.
        invocation: the action of IAM that a caller needs.
        start_seconds: that a smoke test gives an endpoint to start.
        served: what the price of a month is for, where not for instances.
        unpriced: what of its costs an estimate leaves out.
        forecast: why its rollout is not simulated; "" where it is.
    """

    name: KindName
    config_key: str
    fixed: tuple[FixedSetting, ...]
    has_instances: bool
    is_guarded: bool
    takes_shadow: bool
    captures: bool
    is_isolated: bool
    waits: bool
    longest_response_seconds: int
    requests: tuple[str, str]
    failures: tuple[str, ...]
    alarmed_errors: Mapping[str, str]
    compared_errors: str
    invocation: str
    start_seconds: float
    served: str
    unpriced: str
    forecast: str


def _filled(document: Mapping[str, Any], path: list[str], value: object) -> dict[str, Any]:
    first, *rest = path
    given = document.get(first)
    if not rest:
        return {first: value, **document}
    if given is not None and not isinstance(given, Mapping):
        return dict(document)  # which has an error of its own
    return {**document, first: _filled(given or {}, rest, value)}


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
