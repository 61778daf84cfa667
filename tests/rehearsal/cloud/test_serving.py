"""The embedded AWS does not go on without its alarms."""

import asyncio
from dataclasses import dataclass, field

import pytest

from rehearsal.cloud.serving import run_until_stopped


@dataclass
class Run:
    """One run of a server that answers until it hears that all has ended."""

    events: list[str] = field(default_factory=list)

    def __call__(self, failure: Exception | None, *, stopped: bool) -> list[str]:
        asyncio.run(asyncio.wait_for(self._run(failure, stopped=stopped), 20))
        return self.events

    async def _run(self, failure: Exception | None, *, stopped: bool) -> None:
        stop, ended = asyncio.Event(), asyncio.Event()
        if stopped:
            stop.set()

        async def server() -> None:
            await ended.wait()
            self.events.append("server ended")

        async def clock() -> None:
            if failure:
                raise failure
            await asyncio.Event().wait()

        def broken() -> None:
            raise RuntimeError("cannot be closed")

        closing = [broken, lambda: self.events.append("jobs closed")]
        say = self.events.append
        await run_until_stopped(server(), clock(), closing, stop=stop, ended=ended, stopping=lambda: say("stopping"))


@pytest.fixture
def run() -> Run:
    return Run()


def test_it_ends_with_an_error_when_its_alarm_clock_dies(run: Run) -> None:
    with pytest.raises(ZeroDivisionError):
        run(ZeroDivisionError("a defect"), stopped=False)
    assert run.events == ["stopping", "jobs closed", "server ended"]


def test_it_ends_without_an_error_when_it_is_stopped_and_serves_until_its_jobs_have_ended(run: Run) -> None:
    assert run(None, stopped=True) == ["stopping", "jobs closed", "server ended"]
