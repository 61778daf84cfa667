"""How long each phase may take; one that takes longer is ended."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from slipway.errors import LaunchError
from slipway.settings import Settings

CHECK_SECONDS = 1800.0
SYNTH_SECONDS = 600.0
DEPLOY_SECONDS = 900.0
READ_ACCOUNT_SECONDS = 300.0
_TRAINING_SECONDS, _SECONDS_A_MILLION_ROWS_AND_JOB = 900.0, 1000.0
"""Ten times what two cores take."""
_ROLLOUT_SECONDS = 900.0
"""For what a rollout does in real time: its gates, and the start of servers."""


_REST_SECONDS = 60.0
"""For what scaling does in real time: the start and the end of servers."""


class _OverError(BaseException):
    """Not an `Exception`: libraries would catch it and retry."""


@contextmanager
def limited(seconds: float, phase: str) -> Iterator[None]:
    """Let the main thread run the body for `seconds` at most.

    Raises:
        LaunchError: the time is up.
    """

    def over(_signal: int, _frame: FrameType | None) -> None:
        raise _OverError

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _OverError as exc:
        raise LaunchError(f"{phase} must end within {seconds:.0f} s, and did not: something hangs") from exc
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def training_seconds(settings: Settings, *, rows: int) -> float:
    """For one execution of the pipeline on `rows` rows."""
    return _TRAINING_SECONDS + _SECONDS_A_MILLION_ROWS_AND_JOB * rows / 1e6 * settings.search.jobs


def rollout_seconds(settings: Settings, *, speed: float) -> float:
    """For one rollout and, after it, a restore of what served before, each as long as CloudFormation gives it.

    A shadow takes its own time, and an update to add it and one to remove it.
    """
    rollout = settings.rollout
    shadow = rollout.shadow.max_seconds + 2 * rollout.timeout_seconds if rollout.shadow.enabled else 0
    return _ROLLOUT_SECONDS + (2 * rollout.timeout_seconds + shadow) / speed


def experiment_seconds(settings: Settings, *, speed: float) -> float:
    """For two updates and the longest time of an experiment, and then a rollout."""
    longest = 86_400 * settings.experiment.max_days if settings.experiment else 0
    return rollout_seconds(settings, speed=speed) + (2 * settings.rollout.timeout_seconds + longest) / speed


def rest_seconds(settings: Settings, *, speed: float) -> float:
    """For an empty queue's way to no instance, or back to one: alarms over minutes, cooldowns, starts of instances."""
    queue = settings.endpoint.asynchronous
    cooldown = queue.scaling.scale_in_cooldown_seconds if queue else 0
    return _REST_SECONDS + (3600 + 2 * cooldown) / speed
