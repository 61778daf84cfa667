"""End the rollout that has its turn: before its update by refusing it, within it by a verdict that SageMaker obeys."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from slipway.canary.statistics.evidence import Decision
from slipway.errors import LaunchError
from slipway.metrics import DECISION_METRIC, decision_datum, decision_namespace
from slipway.operations import endpoint_state as endpoints
from slipway.operations import executions
from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_stage import DeployedStage, version_of
from slipway.operations.endpoint_state import EndpointNow
from slipway.operations.executions import Execution
from slipway.operations.hold import Hold
from slipway.operations.polling import backoff
from slipway.rollout.pause import ABORT, HELD
from slipway.rollout.steps import Outcome

_ENDED_BY_WISH = (Outcome.ROLLED_BACK, Outcome.REJECTED)


@dataclass(frozen=True)
class Pace:
    """How often to look, and for how long; the clock and the sleep are for tests."""

    longest_pause_seconds: float = 3.0
    timeout_seconds: float = 1800.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Abort:
    """One attempt. `run` returns what came of it, in words."""

    site: DeployedStage
    recorder: Recorder
    tell: Callable[[str], None]
    pace: Pace = field(default_factory=Pace)
    _green: str | None = None
    _word: str = ""
    _before: str | None = None
    """What the hold said before this abort put its own word there."""

    def run(self, *, reason: str) -> str:
        """Act until the rollout has ended.

        Raises:
            RefusedError: nothing is under way, or the rollout cannot be sent back.
            LaunchError: it has not ended in time, or ended otherwise.
        """
        turn = executions.first(self.site)
        endpoint = endpoints.look(self.site)
        if turn is None and (endpoint is None or endpoint.pending is None):
            raise RefusedError(f"nothing is under way for endpoint {self.site.names.endpoint}")
        self._refuse_harm(turn, endpoint)
        subject = turn.package if turn else self.site.names.endpoint
        execution = turn.arn if turn else None
        with self.recorder.act("abort", subject, reason=reason, execution=execution) as outcome:
            try:
                outcome["ended"] = self._until_ended(turn)
            finally:
                self._restore_hold()
        return str(outcome["ended"])

    def _until_ended(self, turn: Execution | None) -> str:
        deadline = self.pace.clock() + self.pace.timeout_seconds
        pause = backoff(longest=self.pace.longest_pause_seconds)
        while True:
            # The execution first: what it has done to the endpoint is then seen too.
            now = turn and self._again(turn)
            endpoint = endpoints.look(self.site)
            if ended := self._ended(now, endpoint):
                return ended
            if self.pace.clock() > deadline:
                raise LaunchError(
                    f"the rollout has not ended {self.pace.timeout_seconds:.0f} s after the abort; look with "
                    "`slipway rollout status`, and abort again"
                )
            if endpoint and endpoint.pending:
                self._send_back(endpoint.pending.config)
            elif turn:
                self._refuse(turn)
            self.pace.sleep(next(pause))

    def _ended(self, turn: Execution | None, endpoint: EndpointNow | None) -> str | None:
        live = endpoint.live.config if endpoint and endpoint.live else None
        pending = endpoint.pending.config if endpoint and endpoint.pending else None
        if self._green and pending and pending != self._green:
            return f"the endpoint has left {self._green}, and is being put back"
        if self._green and endpoint and pending is None and endpoint.status == "InService":
            if live == self._green:
                raise RefusedError(
                    f"the abort came too late: {self._green} has taken over; reject its package to go back"
                )
            return f"the endpoint is back on {live}"
        if turn and turn.status != "RUNNING":
            if turn.outcome in _ENDED_BY_WISH:
                return f"the rollout ended {turn.outcome}: {turn.reason or 'no reason was given'}"
            ended = turn.outcome or turn.status
            raise RefusedError(f"the rollout ended {ended} by itself, before the abort reached it")
        return None

    def _send_back(self, config: str) -> None:
        """Have an alarm of the new fleet fire: SageMaker has no abort, and rolls back on alarms alone."""
        first = self._green is None
        self._green = config
        watching = endpoints.alarms(self.site, config)
        if not watching:
            raise RefusedError(f"the new fleet {config} has no alarm that SageMaker could roll back on")
        cloudwatch = self.site.client("cloudwatch")
        if any(alarm.watches_verdict for alarm in watching):
            endpoint = self.site.names.endpoint
            datum = decision_datum(Decision.ROLL_BACK, endpoint=endpoint, config=config)
            namespace = decision_namespace(endpoint)
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])
            means = f"metric {namespace} {DECISION_METRIC} = {int(Decision.ROLL_BACK)}"
        else:
            # CloudWatch takes the state back at its next evaluation; if that was too soon, it is set again.
            cloudwatch.set_alarm_state(
                AlarmName=watching[0].name, StateValue="ALARM", StateReason=f"{self.recorder.actor} aborts the rollout"
            )
            means = f"alarm {watching[0].name}"
        if first:
            self.tell(f"{config} is being sent back by {means}")

    def _refuse(self, turn: Execution) -> None:
        """While its package is named there, other rollouts are held too; `_restore_hold` says what was said before."""
        if self._before is None and self._green is None:
            before = self._hold.read()
            # Left there by an abort that was interrupted: it held every other rollout.
            self._before = HELD if before.startswith(ABORT) else before
            self._word = f"{ABORT} {turn.package}"
            self._hold.write(self._word)
            self.tell("the rollout has not begun its update; it will be refused when it looks at the hold")

    def _restore_hold(self) -> None:
        if self._before is not None and self._hold.read() == self._word:
            self._hold.write(self._before)

    @property
    def _hold(self) -> Hold:
        return Hold(self.site.client("ssm"), self.site.names.hold_parameter)

    def _again(self, turn: Execution) -> Execution:
        return executions.described(self.site, turn.arn)

    @staticmethod
    def _refuse_harm(turn: Execution | None, endpoint: EndpointNow | None) -> None:
        if endpoint and endpoint.status == "Creating":
            raise RefusedError(
                "the endpoint is being made for the first time: there is no model to go back to; "
                "reject the package once it serves, or wait for the end"
            )
        on_its_way = endpoint.pending.package if endpoint and endpoint.pending else None
        if turn and on_its_way and on_its_way != turn.package:
            raise RefusedError(
                f"the rollout of version {version_of(turn.package)} is being put back already, to version "
                f"{version_of(on_its_way)}"
            )
