"""Pause and resume rollouts, by the parameter that each rollout reads before it changes anything."""

from dataclasses import dataclass
from typing import Any, Self

from botocore.exceptions import ClientError

from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError, code_of
from slipway.operations.deployed_endpoint import Fleet, describe_endpoint
from slipway.operations.deployed_stage import DeployedStage
from slipway.rollout.pause import ABORT, GO, PAUSED


@dataclass(frozen=True)
class PauseParameter:
    """`go`, `paused`, or `abort` and the ARN of the package to reject; before the first pause it does not exist."""

    ssm: Any
    name: str

    @classmethod
    def of(cls, stage: DeployedStage) -> Self:
        return cls(stage.client("ssm"), stage.names.pause_parameter)

    def read(self) -> str:
        try:
            value: str = self.ssm.get_parameter(Name=self.name)["Parameter"]["Value"]
        except ClientError as exc:
            if code_of(exc) == "ParameterNotFound":
                return GO
            raise
        return value

    def write(self, value: str) -> None:
        self.ssm.put_parameter(
            Name=self.name,
            Value=value,
            Type="String",
            Overwrite=True,
            Description=f"{GO} | {PAUSED} | {ABORT} <model package ARN>; rollouts read it before they change anything",
        )


def pause(stage: DeployedStage, recorder: Recorder, *, reason: str) -> Fleet | None:
    """Let no rollout begin from now on; returns the new fleet of an update that continues all the same.

    Raises:
        RefusedError: rollouts are paused already.
    """
    parameter = PauseParameter.of(stage)
    before = parameter.read()
    if before == PAUSED:
        raise RefusedError(f"rollouts of {stage.names.endpoint} are paused already")
    with recorder.act("pause", stage.names.endpoint, reason=reason, before=before):
        parameter.write(PAUSED)
    endpoint = describe_endpoint(stage)
    return endpoint.pending if endpoint else None


def resume(stage: DeployedStage, recorder: Recorder, *, reason: str) -> None:
    """End the pause: the rollouts that wait continue.

    Raises:
        RefusedError: rollouts are not paused.
    """
    parameter = PauseParameter.of(stage)
    before = parameter.read()
    if before == GO:
        raise RefusedError(
            f"rollouts of {stage.names.endpoint} are not paused; to approve a version use "
            "`slipway rollout approve --package N --reason …`"
        )
    with recorder.act("resume", stage.names.endpoint, reason=reason, before=before):
        parameter.write(GO)
