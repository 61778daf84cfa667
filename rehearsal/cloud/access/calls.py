"""The calls of roles, as IAM names them."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Call:
    """One action on one resource; `context` are the condition keys that policies here may ask for."""

    action: str
    resource: str = "*"
    context: frozenset[tuple[str, str]] = field(default=frozenset(), compare=True)


def call(action: str, resource: str = "*", **context: str) -> Call:
    """Condition keys are given with `__` for `:`."""
    return Call(action, resource, frozenset((key.replace("__", ":"), value) for key, value in context.items()))


class CallLog:
    """How often which role made which call; written from many threads."""

    def __init__(self) -> None:
        self._calls: dict[str, Counter[Call]] = defaultdict(Counter)
        self._unread: dict[str, Counter[str]] = defaultdict(Counter)
        self._lock = threading.Lock()

    def note(self, role_arn: str, calls: Iterable[Call]) -> None:
        with self._lock:
            self._calls[role_arn].update(calls)

    def note_unread(self, role_arn: str, request: str) -> None:
        """A request whose IAM action is not known; the report lists it."""
        with self._lock:
            self._unread[role_arn][request] += 1

    def calls_of(self, role_arn: str) -> Mapping[Call, int]:
        with self._lock:
            return dict(self._calls.get(role_arn, {}))

    def unread_of(self, role_arn: str) -> Mapping[str, int]:
        with self._lock:
            return dict(self._unread.get(role_arn, {}))
