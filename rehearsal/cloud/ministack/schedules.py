"""EventBridge Scheduler's clock."""

from ministack.services import scheduler as _scheduler

_SECONDS = 1


def look_each_second() -> None:
    """Let schedules start within a second of their time; ministack looks every ten."""
    _scheduler._SCHEDULE_TICK_INTERVAL = _SECONDS
