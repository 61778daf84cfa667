"""The endpoint, and how a new model takes it over."""

from collections.abc import Iterator
from math import ceil
from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.canary.statistics.tolerances import JudgePlan
from slipway.settings.canary_analysis import Judge
from slipway.settings.gates import Replay
from slipway.settings.schedule import Hours
from slipway.settings.section import InstanceType, Section, raise_each
from slipway.settings.serverless import Serverless

SwitchableAlarm = Literal["ModelErrors", "Latency", "PredictionShift", "InputShift", "Verdict"]
"""Rollback alarms that a use case may do without; nobody can do without ServerErrors."""


_WARM_UP_SECONDS, _WARM_UP_BAKE_SECONDS = 60, 600
"""Simulated at 5 to 100 requests a second, the judge sent 66 to 100 % of good fleets back that were 3 times slower for
10 s, or 1.5 times for 60 s; with a minute of grace, at most 0.3 %. It costs a fleet that stays slow two minutes."""
_LOOK_SECONDS = 60
"""CloudWatch looks at an alarm once a minute."""


class Autoscaling(Section):
    """Instances follow the traffic: so many invocations an instance and minute are aimed at."""

    min_instance_count: int = Field(ge=1, le=1000)
    max_instance_count: int = Field(ge=1, le=1000)
    invocations_per_instance: float = Field(gt=0)
    """A minute."""
    scale_in_cooldown_seconds: int = Field(300, ge=0, le=3600)
    scale_out_cooldown_seconds: int = Field(60, ge=0, le=3600)

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        low, high = self.min_instance_count, self.max_instance_count
        if low > high:
            raise_each([f"min_instance_count must be at most max_instance_count, got {low} and {high}"])
        return self


class Endpoint(Section):
    instance_type: InstanceType = "ml.m5.large"
    instance_count: int = Field(4, ge=1, le=100)
    capture_percent: int = Field(100, ge=0, le=100)
    capture_days: int = Field(90, ge=7, le=3650)
    """What users sent, and the outcomes that arrive for it, are deleted after so many days."""
    autoscaling: Autoscaling | None = None
    hours: Hours | None = None
    serverless: Serverless | None = None
    """In the place of instances."""

    @model_validator(mode="after")
    def _can_be_scaled(self) -> Self:
        if self.autoscaling:
            raise_each(self._scaling_mistakes(self.autoscaling))
        return self

    def _scaling_mistakes(self, scaled: Autoscaling) -> Iterator[str]:
        low, high, count = scaled.min_instance_count, scaled.max_instance_count, self.instance_count
        if not low <= count <= high:
            yield f"instance_count must be in {low}..{high}, the range of autoscaling, got {count}"
        if self.instance_type.startswith("ml.t"):
            yield f"instance_type must not be burstable to be autoscaled, got {self.instance_type}"


class Rollout(Section):
    """How a new model takes over the endpoint, and what sends the traffic back."""

    type: Literal["canary", "linear", "all_at_once", "rolling"] = "canary"
    canary_percent: int = Field(25, ge=1, le=50)
    step_percent: int = Field(25, ge=5, le=50)
    bake_seconds: int = Field(300, ge=60, le=3600)
    final_bake_seconds: int = Field(120, ge=0, le=3600)
    timeout_seconds: int = Field(3600, ge=600, le=28800)
    alarm_period_seconds: Literal[60, 120, 300] = 60
    alarm_periods: int = Field(1, ge=1, le=10)
    min_requests: int = Field(20, ge=1, le=100_000)
    """The new fleet's requests in an alarm period, below which errors and latency raise no alarm."""
    max_error_percent: float = Field(5.0, gt=0, lt=100)
    """Of the new fleet's answers; where the old fleet serves too, errors must also be clearly more than of its."""
    max_error_percent_alone: float | None = Field(None, gt=0, lt=100)
    """The same where the old fleet serves nobody any more, so that there is nothing to compare with; see
    `error_percent_alone`."""
    max_latency_ms: float = Field(500.0, gt=0)
    latency_percentile: float = Field(90.0, ge=50, lt=100)
    max_prediction_shift: float = Field(0.25, gt=0)
    """Population stability index of the new fleet's scores against the model's own baseline."""
    max_input_shift: float = Field(0.5, gt=0)
    """The same of the worst input column."""
    warm_up_seconds: int | None = Field(None, ge=0, le=600)
    """From its first traffic on the new fleet may be slow for so long; see `grace_seconds`."""
    alarms_off: tuple[SwitchableAlarm, ...] = ()
    judge: Judge = Judge()
    replay: Replay = Replay()

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        raise_each(self._mistakes())
        return self

    @property
    def grace_seconds(self) -> int:
        """What was given, or a minute where the bake lasts ten minutes and the alarm on latency still fits in it."""
        if self.warm_up_seconds is not None:
            return self.warm_up_seconds
        alarmed = (2 + self.alarm_periods) * self.alarm_period_seconds + _LOOK_SECONDS
        return _WARM_UP_SECONDS if self.bake_seconds >= max(_WARM_UP_BAKE_SECONDS, alarmed) else 0

    def judge_plan(self) -> JudgePlan:
        """What the judge tolerates, and from when on."""
        return self.judge.plan(warm_up_seconds=self.grace_seconds)

    @property
    def error_percent_alone(self) -> float:
        """What was given, or twice `max_error_percent`, but no more than half of what it leaves of 100."""
        most = self.max_error_percent
        return self.max_error_percent_alone or min(2 * most, (100 + most) / 2)

    def _mistakes(self) -> Iterator[str]:
        window = self.alarm_period_seconds * self.alarm_periods
        if window > self.bake_seconds:
            yield f"alarm_period_seconds x alarm_periods must fit in bake_seconds {self.bake_seconds}, got {window}"
        bakes = ceil(100 / self.step_percent) if self.type in ("linear", "rolling") else 1
        if (shortest := bakes * self.bake_seconds + self.final_bake_seconds) >= self.timeout_seconds:
            yield f"timeout_seconds must exceed the waits ({shortest}), got {self.timeout_seconds}"
        if self.type == "linear" and self.step_percent < 10:
            yield f"step_percent must be in 10..50 for linear, got {self.step_percent}"
        if len(set(self.alarms_off)) < len(self.alarms_off):
            yield f"alarms_off must name each alarm once, got {', '.join(self.alarms_off)}"
