"""The embedded AWS's log is kept when a rehearsal fails, however it fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.journey.options import PROJECT, RehearsalOptions
from rehearsal.journey.rehearsal import Rehearsal
from slipway.errors import LaunchError


class FailingAws:
    """An embedded AWS whose first use fails."""

    def __init__(self, failure: BaseException) -> None:
        self._failure = failure

    @property
    def endpoint_url(self) -> str:
        raise self._failure


class Quiet:
    """Shows nothing."""

    @contextmanager
    def phase(self, _name: str) -> Iterator["Quiet"]:
        yield self

    def log(self, text: str) -> None: ...
    def show(self, text: str) -> None: ...


THROTTLED = ClientError({"Error": {"Code": "Throttling", "Message": "too often"}}, "CreateStack")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (KeyError("FunctionName"), "KeyError: 'FunctionName'"),
        (LaunchError("no"), "no"),
        (THROTTLED, "An error occurred (Throttling) when calling the CreateStack operation: too often"),
        (KeyboardInterrupt(), "interrupted"),
        (
            LaunchError("cdk synth failed\nOSError: [Errno 28] No space left on device\n  assert x"),
            (
                "the disk is full: free some space, or set TMPDIR and --out to folders on another disk: "
                "OSError: [Errno 28] No space left on device"
            ),
        ),
    ],
    ids=["a defect", "a failed phase", "AWS", "an interrupt", "a full disk"],
)
def test_the_reason_and_the_log_are_kept(tmp_path: Path, failure: BaseException, reason: str) -> None:
    @contextmanager
    def start(_options: RehearsalOptions, workdir: Path, _source: Path) -> Iterator[Any]:
        (workdir / "cloud.log").write_text("what went wrong\n")
        yield FailingAws(failure)

    options = RehearsalOptions(PROJECT / "config/shoppers.toml", out=tmp_path / "out", demo_rows=500)
    kept = Rehearsal(options, Quiet(), start).run().failure
    assert kept is not None
    assert (kept.phase, kept.reason, kept.log) == ("synth and bootstrap", reason, ("what went wrong",))
    assert (tmp_path / "out/cloud.log").read_text() == "what went wrong\n"
