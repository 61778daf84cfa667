"""The result of a rehearsal: everything that its report is made from."""

from dataclasses import dataclass, field
from typing import Any, Literal

from rehearsal.journey.batch_run import BatchRun
from rehearsal.journey.options import Fault, RehearsalOptions
from rehearsal.journey.role_access import RoleAccess
from rehearsal.journey.rollout_result import RolloutResult
from rehearsal.journey.scaling_run import ScalingRun
from rehearsal.journey.starvation import INCONCLUSIVE
from rehearsal.journey.training_run import TrainingRun
from rehearsal.journey.user_counts import failed_by_other_models
from rehearsal.journey.user_table import UserTable
from slipway.endpoint_kinds import EndpointKind
from slipway.errors import SlipwayError
from slipway.operations.lineage import Lineage
from slipway.rollout.audit import Entry, verify
from slipway.rounding import counted
from slipway.settings import Settings

REFUSED_FAULTS = ("shift", "schema")
"""Those that a gate finds before any user gets an answer from the model."""


def default_fault(kind: EndpointKind) -> Fault:
    """One that the canary finds, or a gate where there is none."""
    return "errors" if kind.is_guarded else "shift"


Outcome = Literal["succeeded", "inconclusive", "refused", "failed", "interrupted"]

_REFUSE = "Refuse"
"""The pipeline's step that ends an execution whose candidate did not pass the gate."""


@dataclass(frozen=True)
class PhaseFailure:
    """What ended a rehearsal before its last phase.

    Attributes:
        phase: in which it happened.
        error: what was raised; an interrupt too.
        log: the last lines of the embedded AWS's log.
    """

    phase: str
    error: BaseException
    log: tuple[str, ...] = ()

    @property
    def interrupted(self) -> bool:
        return isinstance(self.error, KeyboardInterrupt)

    @property
    def reason(self) -> str:
        """For the user: the problem in the first line, details in further ones."""
        if self.interrupted:
            return "interrupted"
        if isinstance(self.error, SlipwayError):
            return str(self.error)
        return f"{type(self.error).__name__}: {self.error}"


@dataclass
class RehearsalResult:
    """Filled while the rehearsal runs."""

    options: RehearsalOptions
    settings: Settings
    table: UserTable
    started: float
    seconds: float = 0.0
    templates: dict[str, str] = field(default_factory=dict)
    runs: list[TrainingRun] = field(default_factory=list)
    rollouts: list[RolloutResult] = field(default_factory=list)
    fleets: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    scaling: ScalingRun | None = None
    """How the instances followed an empty queue and a full one; None where they follow none."""
    experiment: dict[str, Any] = field(default_factory=dict)
    """What the experiment has shown, where the settings have one; empty before."""
    audit: list[Entry] = field(default_factory=list)
    access: list[RoleAccess] = field(default_factory=list)
    lineage: list[Lineage] = field(default_factory=list)
    """Of each model that was to be rolled out."""
    batch: BatchRun | None = None
    """Of a use case with `[batch]`, once it has begun."""
    failure: PhaseFailure | None = None

    @property
    def evaluation(self) -> dict[str, Any]:
        """Of the last candidate that was evaluated, also of one that the gate refused; empty if none was."""
        return next((run.evaluation for run in reversed(self.runs) if run.evaluation), {})

    @property
    def reported(self) -> dict[str, str]:
        """What the last package says of a model that was not evaluated; empty where models are."""
        return next((run.reported for run in reversed(self.runs) if run.reported), {})

    @property
    def pictures(self) -> dict[str, str]:
        """Of the evaluation; SVG text by what each shows."""
        return next((run.pictures for run in reversed(self.runs) if run.evaluation), {})

    @property
    def profile(self) -> dict[str, Any]:
        """Of the last training split that was profiled; empty if none was."""
        return next((run.profile for run in reversed(self.runs) if run.profile), {})

    @property
    def trials(self) -> list[dict[str, Any]]:
        """Of the last tuning job that began."""
        return next((run.trials for run in reversed(self.runs) if run.trials), [])

    @property
    def outcome(self) -> Outcome:
        if self.failure is None:
            return "failed" if self.shortcomings else "inconclusive" if self.inconclusive else "succeeded"
        if self.failure.interrupted:
            return "interrupted"
        last = self.runs[-1].steps if self.runs else []
        return "refused" if any(step["StepName"] == _REFUSE for step in last) else "failed"

    @property
    def inconclusive(self) -> list[str]:
        """The reasons of the rollouts whose end proves nothing."""
        busy = self.experiment.get("inconclusive")
        rollouts = [rollout.reason for rollout in self.rollouts if rollout.outcome == INCONCLUSIVE]
        return [*rollouts, *([f"the experiment proves nothing: {busy}"] if busy else [])]

    @property
    def shortcomings(self) -> list[str]:
        """What did not go as a launch should; empty when all is well."""
        # What cuts a rollout off (an embedded AWS that ended) costs users their responses too: no model did that.
        conclusive = [each for each in self.rollouts if each.outcome != INCONCLUSIVE and not each.is_cut_off]
        found = self._wrong_ends()
        if dropped := sum(rollout.dropped for rollout in conclusive):
            found.append(f"every user request must get a response, got none for {dropped}")
        if failed := sum(map(failed_by_other_models, conclusive)):
            found.append(f"only the bad model may respond with errors, got {counted(failed, 'error')} of other models")
        if self.batch and self.failure is None:
            found += self.batch.shortcomings
        if self.scaling and self.failure is None:
            found += self.scaling.shortcomings
        if broken := verify(self.audit):
            found.append(f"the audit log's entries must follow each other, but entry {broken} does not")
        if lacking := [row.role for row in self.access if row.missing]:
            found.append(f"no call may lack permission, got some by {', '.join(lacking)}")
        return found

    def _wrong_ends(self) -> list[str]:
        """A rehearsal that failed, or rollouts that ended otherwise than they should."""
        found = []
        outcomes = [rollout.outcome for rollout in self.rollouts]
        # the first model, the better one, the bad one
        before_users = self.options.fault in REFUSED_FAULTS or self.settings.rollout.shadow.enabled
        expected = ["promoted", "promoted", "refused" if before_users else "rolled_back"]
        if self.settings.endpoint.image and outcomes[2:] in (["refused"], ["rolled_back"]):
            expected[2] = outcomes[2]  # its replay is sent to the faulty image itself, and may see what ails it
        allowed = [got if got == INCONCLUSIVE else wanted for got, wanted in zip(outcomes, expected, strict=False)]
        if self.failure is not None:
            found.append(f"{self.failure.phase}: {self.failure.reason.partition(chr(10))[0]}")
        elif outcomes != allowed or len(outcomes) < len(expected):
            found.append(f"the rollouts should end {', '.join(expected)}, got {', '.join(outcomes)}")
        if self.settings.experiment and self.failure is None:
            found.extend(self.experiment.get("shortcomings", ()))
        rolled_back = [rollout for rollout in self.rollouts if rollout.outcome == "rolled_back"]
        if without_alarm := [rollout.fault for rollout in rolled_back if not rollout.by]:
            found.append(f"an alarm should stop the model with fault {without_alarm[0]}, got none in ALARM")
        return found
