"""Which steps of a run may start now, which never will, and how it all ended. Pure: no clock, no threads."""

from collections.abc import Iterable, Mapping

from rehearsal.jobs.definition import Step
from rehearsal.jobs.step_records import RunOutcome, StepRecord


class RunProgress:
    def __init__(self, steps: Mapping[str, Step]) -> None:
        self.waiting = dict(steps)
        self._records: dict[str, StepRecord] = {}
        self._skipped: set[str] = set()

    @property
    def failed(self) -> bool:
        return any(record.status == "Failed" for record in self._records.values())

    def start_ready(self) -> list[Step]:
        """Take out the steps whose needs have all succeeded; those of a branch not taken are dropped for good."""
        while out := {name for name, step in self.waiting.items() if self._never(step)}:
            self._skipped |= out
            self.waiting = {name: step for name, step in self.waiting.items() if name not in out}
        ready = [step for step in self.waiting.values() if all(map(self._succeeded, step.needs))]
        for step in ready:
            del self.waiting[step.name]
        return ready

    def end(self, records: Iterable[StepRecord]) -> None:
        self._records.update((record.name, record) for record in records)

    def outcome(self) -> RunOutcome:
        """How the run ended, once nothing runs any more."""
        failed = [f"{each.name}: {each.failure_reason}" for each in self._records.values() if each.status == "Failed"]
        if failed:
            return RunOutcome("Failed", f"Step failure: One or multiple steps failed. {'; '.join(failed)}"[:1300])
        unfinished = self.waiting or any(each.status == "Stopped" for each in self._records.values())
        return RunOutcome("Stopped" if unfinished else "Succeeded")

    def _succeeded(self, name: str) -> bool:
        return name in self._records and self._records[name].status == "Succeeded"

    def _never(self, step: Step) -> bool:
        if step.needs & self._skipped:
            return True
        if step.branch is None or not self._succeeded(step.branch.condition):
            return False
        taken: str = self._records[step.branch.condition].metadata["Condition"]["Outcome"]
        return taken != str(step.branch.outcome)
