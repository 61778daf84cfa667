"""Abort a rollout: reject it before its update, or make SageMaker roll the update back."""

from collections.abc import Callable
from dataclasses import dataclass, field

from slipway.operations import executions
from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_endpoint import DeployedEndpoint, describe_endpoint
from slipway.operations.deployed_stage import DeployedStage, version_of
from slipway.operations.executions import Execution
from slipway.operations.pausing import PauseParameter
from slipway.operations.polling import Polling
from slipway.operations.rollback_alarm import fire_rollback_alarm
from slipway.rollout.pause import ABORT, PAUSED
from slipway.rollout.steps import Outcome

_ENDED_BY_ABORT = (Outcome.ROLLED_BACK, Outcome.REJECTED)


@dataclass
class Abort:
    """One abort; `run` returns how the rollout ended, in words."""

    stage: DeployedStage
    recorder: Recorder
    report: Callable[[str], object]
    polling: Polling = field(default_factory=lambda: Polling(longest_wait_seconds=3, timeout_seconds=1800))
    _rolled_back_config: str | None = None
    _written: str = ""
    _before: str | None = None
    """The value of the pause parameter before this abort wrote to it."""

    def run(self, *, reason: str) -> str:
        """Act until the rollout has ended.

        Raises:
            RefusedError: no rollout is under way, or it cannot be aborted.
            LaunchError: it has not ended in time.
        """
        execution, endpoint = executions.current(self.stage), describe_endpoint(self.stage)
        if execution is None and (endpoint is None or endpoint.pending is None):
            raise RefusedError(f"no rollout of endpoint {self.stage.names.endpoint} is under way")
        _refuse_harm(execution, endpoint)
        subject = execution.package if execution else self.stage.names.endpoint
        arn = execution.arn if execution else None
        with self.recorder.act("abort", subject, reason=reason, execution=arn) as outcome:
            try:
                outcome["ended"] = self._until_ended(execution)
            finally:
                self._restore_parameter()
        return str(outcome["ended"])

    def _until_ended(self, execution: Execution | None) -> str:
        def ended() -> str | None:
            # The execution is read first, so that what it did to the endpoint is seen too.
            now = execution and executions.describe(self.stage, execution.arn)
            endpoint = describe_endpoint(self.stage)
            if end := self._end(now, endpoint):
                return end
            if endpoint and endpoint.pending and not _changes_shadow(execution, endpoint):
                self._roll_back(endpoint.pending.config)
            elif execution:
                self._reject(execution)
            return None

        late = (
            f"the rollout has not ended {self.polling.timeout_seconds:.0f} s after the abort; check it with "
            "`slipway rollout status`, and abort again"
        )
        return self.polling.until(ended, late=late)

    def _end(self, execution: Execution | None, endpoint: DeployedEndpoint | None) -> str | None:
        live = endpoint.live.config if endpoint and endpoint.live else None
        pending = endpoint.pending.config if endpoint and endpoint.pending else None
        aborted = self._rolled_back_config
        if aborted and pending and pending != aborted:
            return f"the endpoint has left {aborted}, and is being restored"
        if aborted and endpoint and pending is None and endpoint.status == "InService":
            if live == aborted:
                raise RefusedError(
                    f"the abort came too late: {aborted} serves all requests; reject its package to restore the "
                    "model before it"
                )
            return f"the endpoint is back on {live}"
        if execution and execution.status != "RUNNING":
            if execution.outcome in _ENDED_BY_ABORT:
                return f"the rollout ended {execution.outcome}: {execution.reason or 'no reason was given'}"
            end = execution.outcome or execution.status
            raise RefusedError(f"the rollout ended {end} by itself, before the abort took effect")
        return None

    def _roll_back(self, config: str) -> None:
        means = fire_rollback_alarm(self.stage, config, actor=self.recorder.actor)
        if self._rolled_back_config is None:
            self.report(f"{config} is being rolled back by {means}")
        self._rolled_back_config = config

    def _reject(self, execution: Execution) -> None:
        """Name the package in the pause parameter: until `_restore_parameter`, other rollouts wait too."""
        if self._before is None and self._rolled_back_config is None:
            parameter = PauseParameter.of(self.stage)
            before = parameter.read()
            # An abort that was interrupted left its own value, which paused every other rollout.
            self._before = PAUSED if before.startswith(ABORT) else before
            self._written = f"{ABORT} {execution.package}"
            parameter.write(self._written)
            self.report("the rollout has not begun its update; it is rejected when it next reads the pause parameter")

    def _restore_parameter(self) -> None:
        parameter = PauseParameter.of(self.stage)
        if self._before is not None and parameter.read() == self._written:
            parameter.write(self._before)


def _refuse_harm(execution: Execution | None, endpoint: DeployedEndpoint | None) -> None:
    if endpoint and endpoint.status == "Creating":
        raise RefusedError(
            "the endpoint is being created, and there is no model to roll back to: wait until it serves, then reject "
            "the package"
        )
    pending = endpoint.pending.package if endpoint and endpoint.pending else None
    if execution and pending and pending != execution.package and not _changes_shadow(execution, endpoint):
        raise RefusedError(
            f"the rollout of version {version_of(execution.package)} is being rolled back already, to version "
            f"{version_of(pending)}"
        )


def _changes_shadow(execution: Execution | None, endpoint: DeployedEndpoint | None) -> bool:
    """Whether the update adds the candidate as a shadow, or takes it away: it serves what served before."""
    if execution is None or endpoint is None or endpoint.pending is None:
        return False
    has_shadow = bool(endpoint.pending.shadow or (endpoint.live and endpoint.live.shadow))
    return has_shadow and endpoint.pending.package != execution.package
