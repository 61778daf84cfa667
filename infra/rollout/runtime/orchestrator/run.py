"""What a rollout works with: its target, its request, AWS, and steps that are done once however often it is resumed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from slipway.rollout.steps import Kind, RolloutStep

Result = TypeVar("Result")
State = dict[str, Any]


class CallError(Exception):
    """AWS refused a call, or could not be reached."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Rejection(Exception):  # noqa: N818 -- a decision and no fault of the program
    """The rollout ends before any user met the candidate.

    Attributes:
        by: who decided: contract, replay, gates, shadow, lock, pause, operator or schedule.
        is_candidates: the package is rejected; else it stays approved.
    """

    def __init__(self, reason: str, *, by: str, is_candidates: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.by, self.is_candidates = reason, by, is_candidates


class Failure(Exception):  # noqa: N818 -- a decision and no fault of the program
    """The candidate does not serve, or must not.

    Attributes:
        is_candidates: the package is rejected; else it stays approved.
    """

    def __init__(self, reason: str, *, is_candidates: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.is_candidates = reason, is_candidates


class Steps(Protocol):
    """Things that are done once, and waits that cost nothing; results are JSON values."""

    @property
    def execution(self) -> str:
        """The execution's ARN."""
        ...

    @property
    def operation(self) -> int:
        """The number of the one that was begun last, the same when it is done again."""
        ...

    def do(self, name: RolloutStep, act: Callable[[], Result]) -> Result:
        """Act, and save the result.

        Raises:
            CallError: AWS refused a call of `act`.
        """
        ...

    def poll(
        self, name: RolloutStep, check: Callable[[State], State], start: State, pause: Callable[[State], float | None]
    ) -> State:
        """Check until `pause` returns None instead of how many seconds to wait; `check` gets what it returned last.

        Raises:
            CallError: AWS refused a call of `check`.
        """
        ...

    def wait(self, name: RolloutStep, seconds: float) -> None: ...


@dataclass(frozen=True)
class RolloutTarget:
    """The one endpoint that is rolled out to, and the functions and jobs that a rollout calls.

    Attributes:
        function: the alias of the function itself.
        canary_analysis: the version of the function that compares the fleets; empty where there is none.
        proceeds: whether a rollout goes on without a comparison.
        gate_job: the job that a candidate must pass.
        plan: how traffic moves, in words.
        timeout_seconds: the longest that an update of the endpoint may take.
        shadow_seconds: the longest that a candidate is a shadow; 0 where it is none.
        most_challengers: how many the endpoint can have in an experiment; 0 where there are none.
        experiment_analysis: the version of the function that reads an experiment's rewards; empty where there is none.
        experiment_seconds: between two changes of the weights.
        experiment_polls: the most of them.
        stopped_parameter: in SSM, the package that a schedule has stopped; empty where there is no schedule.
    """

    endpoint: str
    stack: str
    package_group: str
    function: str
    bucket: str
    queue_key: str
    pause_parameter: str
    smoke_test: str
    audit: str
    topic: str
    gate_job: dict[str, Any]
    canary_analysis: str = ""
    proceeds: bool = False
    plan: str = "canary"
    timeout_seconds: int = 3600
    stopped_parameter: str = ""
    shadow_seconds: int = 0
    most_challengers: int = 0
    experiment_analysis: str = ""
    experiment_seconds: int = 3600
    experiment_polls: int = 0


@dataclass(frozen=True)
class RolloutRequest:
    """The approval or rejection to act on; `requested_at` in seconds, or None where the event has no time."""

    package: str
    kind: Kind = Kind.APPROVAL
    requested_at: float | None = None

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> "RolloutRequest":
        """Of a decision in the registry and its time, or of a start by hand or by an execution.

        Raises:
            ValueError: it asks for nothing that a rollout does.
        """
        package, status = event.get("ModelPackageArn"), event.get("ModelApprovalStatus")
        if not isinstance(package, str) or ":model-package/" not in package:
            raise ValueError(f"ModelPackageArn must be the ARN of a model package, got {package!r}")
        if status not in (None, "Approved", "Rejected"):
            raise ValueError(f"ModelApprovalStatus must be Approved or Rejected, got {status!r}")
        kind, decided_at = event.get("Kind", Kind.APPROVAL), event.get("DecidedAt")
        if kind not in (Kind.APPROVAL, Kind.ROLLBACK):
            raise ValueError(f"Kind must be {Kind.APPROVAL} or {Kind.ROLLBACK}, got {kind!r}")
        return cls(package, Kind.of(event), datetime.fromisoformat(decided_at).timestamp() if decided_at else None)


@dataclass(frozen=True)
class Run:
    """One execution."""

    target: RolloutTarget
    request: RolloutRequest
    steps: Steps
    client: Callable[[str], Any]
    now: Callable[[], float]

    def of_package(self, package: str) -> "Run":
        """The same, for what goes by the package of a request: gates and audit entries."""
        return replace(self, request=replace(self.request, package=package))
