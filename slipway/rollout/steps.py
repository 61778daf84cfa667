"""The names of a rollout's steps and outcomes: the function, the `slipway` command and the rehearsal use these."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

ALIAS = "live"
"""Of the function: what starts executions; Lambda takes no durable function by its bare name."""

POLLS = 330
"""Of the longest update: an execution may have so many operations only."""


def poll_seconds(timeout_seconds: int) -> int:
    """How long the rollout waits between two polls of an update, and of its canary analysis."""
    return max(10, timeout_seconds // POLLS)


class RolloutStep(StrEnum):
    """What an execution's history calls each thing that it does; the shared ones have no step of their own."""

    JOIN_QUEUE = "join the queue"
    ORDER = "let earlier approvals join"
    LOCK = "wait for the lock"
    RELEASE = "release the lock"
    READ_CANDIDATE = "read the candidate"
    READ_ENDPOINT = "read the endpoint"
    READ_PAUSE = "read the pause parameter"
    LEAVE_LOCK = "leave the lock to others"
    PAUSED = "paused"
    READ_STOPPED = "read what the schedule stopped"
    START_STOPPED = "start what the schedule stopped"
    WAIT_FOR_START = "wait for what the schedule stopped"
    RECORD_STOPPED = "record what the schedule stops"
    CLEAR_STOPPED = "clear what the schedule stopped"
    START_SERVERS = "start servers for the replay"
    SERVERS = "wait for servers for the replay"
    DELETE_SERVERS = "delete the servers for the replay"
    START_GATES = "start the gates"
    GATES = "gates"
    ENTER_SHADOW = "add the shadow"
    WAIT_FOR_SHADOW = "wait for the shadow"
    BEGIN_SHADOW = "begin to compare the shadow"
    SHADOW = "compare the shadow"
    READ_SHADOW = "look for a shadow"
    LEAVE_SHADOW = "remove the shadow"
    WAIT_FOR_LEAVE = "wait for the shadow's removal"
    DELETE_SHADOW = "delete what the shadow left"
    READ_ARMS = "choose the arms"
    READ_CHALLENGERS = "look for challengers"
    ENTER_EXPERIMENT = "add the challengers"
    WAIT_FOR_EXPERIMENT = "wait for the challengers"
    READ_VARIANTS = "read the endpoint's variants"
    EXPERIMENT = "follow the experiment"
    LEAVE_EXPERIMENT = "remove the challengers"
    WAIT_FOR_CHAMPION = "wait for the challengers' removal"
    DELETE_CHALLENGERS = "delete what the experiment left"
    START_WINNER = "start the winner's rollout"
    UPDATE = "update the stack"
    BEGIN_WATCH = "begin to watch"
    WATCH = "watch the update"
    EXPLAIN = "read why the update failed"
    SMOKE_TEST = "smoke test"
    DELETE_PREVIOUS = "delete the previous model"
    REJECT = "reject the package"
    READ_STACK = "wait for the stack before the restore"
    NAME_CANDIDATE = "name the failed config"
    RESTORE = "restore the stack"
    WAIT_FOR_RESTORE = "wait for the restore"
    DELETE_FAILED = "delete the failed config"
    FIND_PREVIOUS = "find the last approved package"
    START_ROLLBACK = "start the rollback"
    AUDIT = "write the audit log"
    NOTIFY = "notify"


WAITING = frozenset({RolloutStep.JOIN_QUEUE, RolloutStep.ORDER, RolloutStep.LOCK})
"""It waits for the rollouts before it."""
PAUSING = frozenset({RolloutStep.READ_PAUSE, RolloutStep.LEAVE_LOCK, RolloutStep.PAUSED})
"""It reads whether rollouts are paused, and waits while they are."""


class Outcome(StrEnum):
    """How a rollout ends; an execution that fails, is stopped or times out has no outcome, and people are notified."""

    PROMOTED = "promoted"
    NOTHING_TO_DO = "nothing to do"
    REJECTED = "rejected"
    """Before any user met it."""
    NOT_STARTED = "not started"
    """AWS refused a call or was short of something before the update; the package stays approved."""
    STOPPED = "stopped"
    """AWS refused a call or was short of something in the update; all is restored, the package stays approved."""
    ROLLED_BACK = "rolled back"
    NOT_RESTORED = "not restored"
    """A person has to look now."""
    ROLLBACK_STARTED = "rollback started"
    """The package that served was rejected, and the rollout of an earlier one has been started."""
    NO_ROLLBACK = "no rollback"
    """The package that serves was rejected, and there is no other one to go back to. A person has to look now."""
    DONE = "done"
    """The schedule has stopped or started the endpoint."""
    LEFT_OUT = "left out"
    """The schedule has changed nothing, or not what it should."""
    CHAMPION_STAYS = "champion stays"
    """An experiment has ended, and no challenger has won."""
    WINNER_STARTED = "winner's rollout started"
    """An experiment has ended, and the rollout of the challenger that won has been started."""


class Kind(StrEnum):
    """Why an execution runs."""

    APPROVAL = "approval"
    REJECTION = "rejection"
    ROLLBACK = "rollback"
    """To an earlier package, since the live one was rejected: a pause does not stop it."""
    SCHEDULE = "schedule"
    """Stops or starts the endpoint by its timetable."""

    EXPERIMENT = "experiment"
    """Adds challengers to the endpoint, or takes them away."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Kind":
        """Of an execution with this input: a decision in the registry, or the kind that it was started with."""
        return cls.REJECTION if given.get("ModelApprovalStatus") == "Rejected" else cls(given.get("Kind", cls.APPROVAL))
