"""Hold rollouts, and let them go."""

from dataclasses import dataclass

from slipway.operations import endpoint_state as endpoints
from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.endpoint_state import Fleet
from slipway.operations.hold import Hold
from slipway.rollout.pause import GO, HELD


@dataclass(frozen=True)
class Paused:
    under_way: Fleet | None
    """The new fleet of an update that goes on all the same."""


def pause(site: DeployedStage, recorder: Recorder, *, reason: str) -> Paused:
    """From now on no rollout begins.

    Raises:
        RefusedError: they are held already.
    """
    hold = Hold(site.client("ssm"), site.names.hold_parameter)
    before = hold.read()
    if before == HELD:
        raise RefusedError(f"rollouts of {site.names.endpoint} are held already")
    with recorder.act("pause", site.names.endpoint, reason=reason, before=before):
        hold.write(HELD)
    endpoint = endpoints.look(site)
    return Paused(under_way=endpoint.pending if endpoint else None)


def let_go(site: DeployedStage, recorder: Recorder, *, reason: str) -> None:
    """What is held goes on.

    Raises:
        RefusedError: nothing is held.
    """
    hold = Hold(site.client("ssm"), site.names.hold_parameter)
    before = hold.read()
    if before == GO:
        raise RefusedError(
            f"rollouts of {site.names.endpoint} are not paused; to approve a version use "
            "`slipway rollout approve --package N --reason …`"
        )
    with recorder.act("resume", site.names.endpoint, reason=reason, before=before):
        hold.write(GO)
