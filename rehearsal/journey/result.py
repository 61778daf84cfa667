"""What a rehearsal has shown, and `report.json` made from it."""

from dataclasses import dataclass, field
from typing import Any, Literal

from rehearsal.journey.options import RehearsalOptions
from rehearsal.journey.role_access import RoleAccess
from rehearsal.journey.rollouts import Rollout
from rehearsal.journey.source_table import SourceTable
from rehearsal.journey.starvation import INCONCLUSIVE
from rehearsal.journey.training_run import TrainingRun, step_rows
from rehearsal.journey.user_counts import failed_by_other_models, users_document
from slipway.errors import SlipwayError
from slipway.rollout.audit import Entry, verify
from slipway.settings import Settings

REFUSED_FAULTS = ("shift", "schema")
"""Those that a gate finds before any user meets the model."""

Outcome = Literal["succeeded", "inconclusive", "refused", "failed", "interrupted"]

_REFUSE = "Refuse"
"""The pipeline's step that ends an execution whose candidate the gate refused."""


@dataclass(frozen=True)
class Failure:
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
        """For the user; its first line says what, further ones are details."""
        if self.interrupted:
            return "interrupted"
        if isinstance(self.error, SlipwayError):
            return str(self.error)
        return f"{type(self.error).__name__}: {self.error}"


@dataclass
class RehearsalResult:
    """Everything the report is made from."""

    options: RehearsalOptions
    settings: Settings
    table: SourceTable
    started: float
    seconds: float = 0.0
    templates: dict[str, str] = field(default_factory=dict)
    runs: list[TrainingRun] = field(default_factory=list)
    rollouts: list[Rollout] = field(default_factory=list)
    fleets: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    audit: list[Entry] = field(default_factory=list)
    access: list[RoleAccess] = field(default_factory=list)
    failure: Failure | None = None

    @property
    def evaluation(self) -> dict[str, Any]:
        """Of the last candidate that was evaluated, a refused one included; empty if none was."""
        return next((run.evaluation for run in reversed(self.runs) if run.evaluation), {})

    @property
    def profile(self) -> dict[str, Any]:
        """Of the last training split that was profiled; empty if none was."""
        return next((run.profile for run in reversed(self.runs) if run.profile), {})

    @property
    def trials(self) -> list[dict[str, Any]]:
        """Of the last search that began."""
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
        """Rollouts whose end says nothing, with the reason."""
        return [rollout.reason for rollout in self.rollouts if rollout.verdict == INCONCLUSIVE]

    @property
    def shortcomings(self) -> list[str]:
        """What did not go as a launch should; empty when all is well."""
        found = []
        verdicts = [rollout.verdict for rollout in self.rollouts]
        # the first model, the better one, the bad one
        expected = ["promoted", "promoted", "refused" if self.options.fault in REFUSED_FAULTS else "rolled_back"]
        agreed = [got if got == INCONCLUSIVE else wanted for got, wanted in zip(verdicts, expected, strict=False)]
        if self.failure is not None:
            found.append(f"{self.failure.phase}: {self.failure.reason.partition(chr(10))[0]}")
        elif verdicts != agreed or len(verdicts) < len(expected):
            found.append(f"the rollouts should end {', '.join(expected)}, got {', '.join(verdicts)}")
        back = [rollout for rollout in self.rollouts if rollout.verdict == "rolled_back"]
        if unstopped := [rollout.fault for rollout in back if not rollout.by]:
            found.append(f"an alarm should stop the model with fault {unstopped[0]}, got none in ALARM")
        # What cuts a rollout off (an embedded AWS that ended) costs users their answers too: no fault of a model's.
        judged = [each for each in self.rollouts if each.verdict != INCONCLUSIVE and not each.is_cut_off]
        if dropped := sum(rollout.dropped for rollout in judged):
            found.append(f"no user request may go unanswered, got {dropped}")
        if failed := sum(map(failed_by_other_models, judged)):
            found.append(f"only the bad model may answer users with errors, got {failed} errors of other models")
        if broken := verify(self.audit):
            found.append(f"the audit's entries must follow each other, but entry {broken} does not")
        if lacking := [row.role for row in self.access if row.missing]:
            found.append(f"no call may go without permission, got some by {', '.join(lacking)}")
        return found


def report_document(result: RehearsalResult) -> dict[str, Any]:
    """The machine-readable report; what the rehearsal did not get to is None or empty."""
    splits, failure = result.profile.get("sha256", {}), result.failure
    return {
        "outcome": result.outcome,
        "failure": failure and {"stage": failure.phase, "reason": failure.reason, "log": list(failure.log)},
        "seconds": result.seconds,
        "speed": result.options.speed,
        "data": {
            "path": result.table.name,
            "rows": result.table.rows,
            "sha256": result.table.sha256,
            "splits": {name: splits.get(name) for name in ("train", "validation", "test")},
        },
        "pipeline": [row for run in result.runs for row in step_rows(run)],
        "metrics": _metrics(result.evaluation),
        "rollouts": [rollout.row() for rollout in result.rollouts],
        "users": users_document(result.rollouts),
        "templates": result.templates,
        "timings": result.timings,
    }


def _metrics(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    if not evaluation:
        return None
    return {**evaluation["metrics"], **{name: evaluation[name] for name in ("baseline", "champion", "value")}}
