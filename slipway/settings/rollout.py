"""The endpoint, and how a new model takes it over."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slipway.canary.config import Tolerances, effective_decide_seconds
from slipway.canary.proposal import most_waits
from slipway.canary.shadow_comparison import ShadowComparison
from slipway.endpoint_kinds import KINDS, EndpointKind, KindName
from slipway.settings.asynchronous import Asynchronous
from slipway.settings.canary_analysis import CanaryAnalysis
from slipway.settings.limits import LEAST_TRAFFIC, MOST_DRIFT, MOST_TRAFFIC
from slipway.settings.own_container import Command, ImageUri, Output, RowFormat, VariableName, environment_errors
from slipway.settings.replay import Replay
from slipway.settings.schedule import EndpointSchedule
from slipway.settings.section import InstanceType, Section, matching, raise_each
from slipway.settings.serverless import Serverless
from slipway.settings.shadow import Shadow

ContractChange = Annotated[
    str, matching(r"^[0-9a-f]{12}$", "the code of 12 digits and letters a to f in the contract gate's report")
]
SwitchableAlarm = Literal["ModelErrors", "Latency", "PredictionDrift", "InputDrift", "CanaryDecision"]
"""Rollback alarms that a use case may do without; ServerErrors is always on."""


AUTO = "auto"
"""The plan that follows from the traffic."""
_WARM_UP_SECONDS, _WARM_UP_BAKE_SECONDS = 60, 600
"""Simulated at 5 to 100 requests a second, canary analysis rolled 66 to 100 % of good fleets back, 3 times slower
for 10 s, or 1.5 times for 60 s; with a minute of grace, at most 0.3 %. It costs a fleet that stays slow two minutes."""
_EVALUATION_SECONDS = 60
"""CloudWatch evaluates an alarm once a minute."""


_KINDS_WITH_SETTINGS = ("serverless", "asynchronous")
"""Those that have a section of their name."""


class Autoscaling(Section):
    """The number of instances follows the traffic."""

    min_instance_count: int = Field(ge=1, le=1000)
    """Fewest instances."""
    max_instance_count: int = Field(ge=1, le=1000)
    """Most instances."""
    invocations_per_instance: float = Field(gt=0)
    """Invocations of an instance in a minute that scaling aims at."""
    scale_in_cooldown_seconds: int = Field(300, ge=0, le=3600)
    """Time after a change before instances are removed."""
    scale_out_cooldown_seconds: int = Field(60, ge=0, le=3600)
    """Time after a change before instances are added."""

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        low, high = self.min_instance_count, self.max_instance_count
        if low > high:
            raise_each([f"min_instance_count must be at most max_instance_count, got {low} and {high}"])
        return self


class Endpoint(Section):
    """What serves the model."""

    kind: KindName = "real-time"
    """How requests are served: while the caller waits, without instances, or from a queue."""
    instance_type: InstanceType = "ml.m5.large"
    """Type of the instances."""
    instance_count: int = Field(4, ge=1, le=100)
    """Number of instances; with autoscaling, the number at the first rollout."""
    capture_percent: int = Field(100, ge=0, le=100)
    """Share of the requests and responses that are captured in S3, for replay and monitoring."""
    capture_days: int = Field(90, ge=7, le=3650)
    """Days after which captured requests and their outcomes are deleted."""
    image: ImageUri | None = None
    """Image in ECR of a server of your own, or `sagemaker-xgboost:<version>`; without it, Slipway's server serves."""
    environment: dict[VariableName, str] = Field(default_factory=dict, max_length=100)
    """Environment variables of your own server."""
    local_command: Command | None = None
    """What starts your own server in a rehearsal without Docker: the image's entry point; files from this file on."""
    request: RowFormat = RowFormat()
    output: Output | None = None
    autoscaling: Autoscaling | None = None
    schedule: EndpointSchedule | None = None
    serverless: Serverless | None = None
    asynchronous: Asynchronous | None = None

    @model_validator(mode="after")
    def _can_be_scaled(self) -> Self:
        scaling = self._scaling_errors(*self.scaled_between) if self.scaled_between else ()
        raise_each([*self._kind_errors(), *self._image_errors(), *scaling])
        return self

    @property
    def facts(self) -> EndpointKind:
        """What depends on the kind."""
        return KINDS[self.kind]

    @property
    def capacity(self) -> str:
        """What serves, in words."""
        return f"serverless, {self.serverless.memory_mb} MB" if self.serverless else self.instance_type

    @property
    def most_instances(self) -> int:
        """Of the largest fleet."""
        return self.scaled_between[1] if self.scaled_between else self.instance_count

    @property
    def scaled_between(self) -> tuple[int, int] | None:
        """The fewest and the most instances, where their number follows the traffic or the queue."""
        if self.autoscaling:
            return self.autoscaling.min_instance_count, self.autoscaling.max_instance_count
        if self.asynchronous:
            scaling = self.asynchronous.scaling
            return scaling.min_instance_count, scaling.max_instance_count or self.instance_count
        return None

    def _kind_errors(self) -> Iterator[str]:
        for kind in _KINDS_WITH_SETTINGS:
            given = getattr(self, kind) is not None
            if given != (kind == self.kind):
                yield f"{kind} must be {'left out' if given else 'given'} with kind {self.kind}"
        if not self.facts.has_instances:
            for key in ("instance_type", "instance_count"):
                if self.differs_in(key):
                    got = getattr(self, key)
                    yield f"{key} must be left out with kind {self.kind}, which has no instances, got {got}"

    def _image_errors(self) -> Iterator[str]:
        if self.image is None:
            for key in ("environment", "local_command", "request", "output"):
                if self.differs_in(key):
                    yield f"{key} must be left out without image: it is of a server of your own"
            return
        if self.output is None:
            yield "output must be given with image: it says where a response has the number that is compared"
        yield from environment_errors(self.environment)

    def _scaling_errors(self, low: int, high: int) -> Iterator[str]:
        count = self.instance_count
        if not low <= count <= high:
            yield f"instance_count must be in {low}..{high}, the range of autoscaling, got {count}"
        if self.instance_type.startswith("ml.t"):
            yield f"instance_type must not be burstable to be autoscaled, got {self.instance_type}"


class Rollout(Section):
    """How a new model takes over the endpoint, and what rolls it back."""

    type: Literal["canary", "linear", "all_at_once", "rolling"] = "canary"
    """How traffic moves to the new fleet, by SageMaker's names."""
    requests_per_second: float | None = Field(None, ge=LEAST_TRAFFIC, le=MOST_TRAFFIC)
    """Traffic in quiet hours, as `slipway plan` reads it: `slipway lint` and synth check the rollout by it."""
    plan: Literal["auto"] | None = None
    """With `auto` all that `slipway plan` proposes for `requests_per_second` holds, unless it is given here."""
    canary_percent: int = Field(25, ge=1, le=50)
    """Share of the fleet that the canary is."""
    step_percent: int = Field(25, ge=5, le=50)
    """Share of the fleet in each step of a linear or rolling update."""
    bake_seconds: int = Field(300, ge=60, le=3600)
    """Wait after the canary, or after each step, in which the alarms can roll back."""
    final_bake_seconds: int = Field(120, ge=0, le=3600)
    """Wait after all traffic has moved, before the old fleet ends."""
    timeout_seconds: int = Field(3600, ge=600, le=28800)
    """Longest duration of an update; SageMaker rolls back after it."""
    alarm_period_seconds: Literal[60, 120, 300] = 60
    """Period of the rollback alarms."""
    alarm_periods: int = Field(1, ge=1, le=10)
    """Periods in a row beyond the limit that raise an alarm."""
    min_requests: int = Field(20, ge=1, le=100_000)
    """Requests to the new fleet in an alarm period below which errors and latency raise no alarm."""
    max_error_percent: float = Field(5.0, ge=0.001, lt=100)
    """Largest share of errors of the new fleet; where the old fleet serves too, it must also have clearly fewer."""
    max_error_percent_alone: float | None = Field(None, ge=0.001, lt=100)
    """The same once the old fleet serves no traffic; by default twice `max_error_percent`."""
    max_latency_ms: float = Field(500.0, gt=0, lt=60_000)
    """Largest latency of the new fleet at the percentile; SageMaker ends a response after 60 s."""
    latency_percentile: float = Field(90.0, ge=50, lt=100)
    """Percentile of the latency that is compared."""
    max_prediction_drift: float = Field(0.25, gt=0, le=MOST_DRIFT)
    """Largest drift of the new fleet's scores against the model's own baseline (population stability index)."""
    max_input_drift: float = Field(0.5, gt=0, le=MOST_DRIFT)
    """Largest drift of the worst input column against the model's own baseline."""
    warm_up_seconds: int | None = Field(None, ge=0, le=600)
    """Time from its first traffic in which the new fleet may be slow; by default 60 for bakes of 600 s and longer."""
    alarms_off: tuple[SwitchableAlarm, ...] = ()
    """Rollback alarms that are left out."""
    accept_contract_change: ContractChange | None = None
    """The one change of the contract that callers are ready for, by the code that the contract gate reports."""
    canary_analysis: CanaryAnalysis = CanaryAnalysis()
    replay: Replay = Replay()
    shadow: Shadow = Shadow()

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        raise_each(self._errors())
        return self

    @property
    def grace_seconds(self) -> int:
        """What was given, or a minute where the bake lasts ten minutes and the alarm on latency still fits in it."""
        if self.warm_up_seconds is not None:
            return self.warm_up_seconds
        alarmed = (2 + self.alarm_periods) * self.alarm_period_seconds + _EVALUATION_SECONDS
        return _WARM_UP_SECONDS if self.bake_seconds >= max(_WARM_UP_BAKE_SECONDS, alarmed) else 0

    def tolerances(self) -> Tolerances:
        """What canary analysis tolerates, and from when on."""
        return self.canary_analysis.tolerances(warm_up_seconds=self.grace_seconds)

    def shadow_comparison(self) -> ShadowComparison | None:
        """How a candidate is compared as a shadow; None where it is none."""
        if not (self.shadow.enabled and self.canary_analysis.enabled):
            return None
        tolerances = self.tolerances()
        tolerated = self.shadow.error_tolerance or tolerances.error_tolerance
        return ShadowComparison(
            tolerances=replace(tolerances, error_tolerance=tolerated),
            copied=self.shadow.percent / 100,
            most_seconds=self.shadow.max_seconds,
        )

    @property
    def decide_seconds(self) -> float:
        """How long before the bake's end the decision of canary analysis is final."""
        return effective_decide_seconds(self.canary_analysis.decide_seconds, self.bake_seconds)

    @property
    def error_percent_alone(self) -> float:
        """What was given, or twice `max_error_percent`, but no more than half of what it leaves of 100."""
        most = self.max_error_percent
        return self.max_error_percent_alone or min(2 * most, (100 + most) / 2)

    def _errors(self) -> Iterator[str]:
        window = self.alarm_period_seconds * self.alarm_periods
        if window > self.bake_seconds:
            yield f"alarm_period_seconds x alarm_periods must fit in bake_seconds {self.bake_seconds}, got {window}"
        bakes = most_waits(self.type, self.step_percent)
        if (shortest := bakes * self.bake_seconds + self.final_bake_seconds) >= self.timeout_seconds:
            yield f"timeout_seconds must exceed the waits ({shortest}), got {self.timeout_seconds}"
        if self.type == "linear" and self.step_percent < 10:
            yield f"step_percent must be in 10..50 for linear, got {self.step_percent}"
        if len(set(self.alarms_off)) < len(self.alarms_off):
            yield f"alarms_off must name each alarm once, got {', '.join(self.alarms_off)}"
