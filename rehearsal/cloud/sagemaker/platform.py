"""What every resource uses: one lock, one clock, the bus, the tags."""

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import validation_error
from rehearsal.cloud.sagemaker.ports import Emit, Require, unlimited

Record = dict[str, Any]
_log = logging.getLogger(__name__)


class Workers:
    """Threads for slow work; each can be stopped, and all are stopped at the end."""

    def __init__(self) -> None:
        self._running: dict[threading.Thread, threading.Event] = {}
        self._lock = threading.Lock()

    def start(self, name: str, work: Callable[[threading.Event], None]) -> threading.Event:
        """Run `work` on a new thread; the event that it gets and that is returned asks it to stop."""
        stopped = threading.Event()
        thread = threading.Thread(target=self._run, args=(work, stopped), name=name, daemon=True)
        with self._lock:
            self._running[thread] = stopped
        thread.start()
        return stopped

    def _run(self, work: Callable[[threading.Event], None], stopped: threading.Event) -> None:
        try:
            work(stopped)
        except Exception:  # noqa: BLE001 -- the thread ends here; its outcome is in the records
            _log.exception("%s failed", threading.current_thread().name)
        finally:
            with self._lock:
                self._running.pop(threading.current_thread(), None)

    def close(self, *, grace_seconds: float) -> None:
        """Ask every worker to stop and give them a moment."""
        with self._lock:
            running = dict(self._running)
        for stopped in running.values():
            stopped.set()
        deadline = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=grace_seconds)
        for thread in running:
            thread.join(max(0.0, (deadline - dt.datetime.now(dt.UTC)).total_seconds()))


@dataclass
class Platform:
    """Shared by the resources of one control plane."""

    emit: Emit
    require: Require = unlimited
    lock: threading.RLock = field(default_factory=threading.RLock)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """ARN → tags; an ARN is a key from the creation of its resource to its deletion."""
    workers: Workers = field(default_factory=Workers)

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def tag(self, arn: str, given: Iterable[Mapping[str, str]] | None) -> None:
        """Start keeping tags for a new resource."""
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in given or ()}

    def untag(self, arn: str) -> None:
        self.tags.pop(arn, None)

    def tags_of(self, arn: str) -> dict[str, str]:
        return dict(self.tags.get(arn, {}))


def epoch_ms(value: Any) -> Any:
    """`value` with every time in it as epoch milliseconds, the way most SageMaker events have it."""
    match value:
        case dt.datetime():
            return int(value.timestamp() * 1000)
        case Mapping():
            return {key: epoch_ms(item) for key, item in value.items()}
        case list() | tuple():
            return [epoch_ms(item) for item in value]
    return value


def iso(value: Any) -> Any:
    """`value` with every time in it as ISO 8601, the way events of packages and pipelines have it."""
    match value:
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case Mapping():
            return {key: iso(item) for key, item in value.items()}
        case list() | tuple():
            return [iso(item) for item in value]
    return value


def one_of(request: Mapping[str, Any], *names: str) -> None:
    """Exactly one of the request's members must be given."""
    given = [name for name in names if request.get(name)]
    if len(given) != 1:
        raise validation_error(f"Exactly one of {' and '.join(names)} must be specified, got {len(given)}")
