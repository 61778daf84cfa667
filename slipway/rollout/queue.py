"""Who waits for the lock of an endpoint, in which order, and who may take it: one document, changed as a whole."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

from slipway.rollout.steps import Kind


@dataclass(frozen=True)
class Waiting:
    """One execution in the queue.

    Attributes:
        since: when it was requested, in seconds; the order of the queue.
        paused: it has left the lock until rollouts are resumed, and keeps its place.
    """

    execution: str
    package: str
    kind: Kind
    since: float
    paused: bool = False


@dataclass(frozen=True)
class Queue:
    """`holder` is the execution that has the lock, or empty."""

    entries: tuple[Waiting, ...] = ()
    holder: str = ""

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Queue":
        entries = (Waiting(**{**entry, "kind": Kind(entry["kind"])}) for entry in document.get("entries", ()))
        return cls(tuple(entries), document.get("holder", ""))

    def to_document(self) -> dict[str, Any]:
        return {"holder": self.holder, "entries": [asdict(entry) for entry in self.entries]}

    def joined(self, entry: Waiting) -> "Queue":
        """With `entry` in its place; who has joined already keeps its own."""
        if any(each.execution == entry.execution for each in self.entries):
            return self
        entries = sorted((*self.entries, entry), key=lambda each: (each.since, each.execution))
        return replace(self, entries=tuple(entries))

    def only(self, running: Collection[str]) -> "Queue":
        """Without the executions that have ended, however they ended."""
        entries = tuple(entry for entry in self.entries if entry.execution in running)
        return Queue(entries, self.holder if self.holder in running else "")

    def taken(self, execution: str) -> "Queue":
        """With `execution` as the holder if it may take the lock; the same queue if it may not."""
        if not self._may_take(execution):
            return self
        entries = (replace(each, paused=False) if each.execution == execution else each for each in self.entries)
        return Queue(tuple(entries), execution)

    def paused(self, execution: str) -> "Queue":
        """Without `execution` as the holder; it keeps its place."""
        entries = (replace(each, paused=True) if each.execution == execution else each for each in self.entries)
        return Queue(tuple(entries), "" if self.holder == execution else self.holder)

    def left(self, execution: str) -> "Queue":
        entries = tuple(each for each in self.entries if each.execution != execution)
        return Queue(entries, "" if self.holder == execution else self.holder)

    def has_twin_ahead(self, execution: str) -> bool:
        """Whether an earlier entry is for the same package: an event that was delivered twice."""
        ahead, mine = self._ahead(execution)
        return any(each.package == mine.package for each in ahead)

    def _may_take(self, execution: str) -> bool:
        """A rollback passes whatever is paused; a rejection, which updates nothing, passes everything but a rollback.

        All others keep the order, also behind what is paused.
        """
        if self.holder:
            return self.holder == execution
        ahead, mine = self._ahead(execution)
        if mine.kind is Kind.ROLLBACK:
            return not any(each.kind is Kind.ROLLBACK for each in ahead)
        if any(each.kind is Kind.ROLLBACK for each in self.entries):
            return False
        return mine.kind is Kind.REJECTION or not ahead

    def _ahead(self, execution: str) -> tuple[tuple[Waiting, ...], Waiting]:
        place = next(place for place, each in enumerate(self.entries) if each.execution == execution)
        return self.entries[:place], self.entries[place]
