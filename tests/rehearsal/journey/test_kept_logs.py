"""The embedded AWS's log outlives a rehearsal that failed, however it failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.journey import launch
from rehearsal.journey.launch import Rehearsal
from rehearsal.journey.options import PROJECT, RehearsalOptions
from slipway.errors import LaunchError


@contextmanager
def cloud(_options: RehearsalOptions, workdir: Path) -> Iterator[None]:
    (workdir / "cloud.log").write_text("what went wrong\n")
    yield


class Quiet:
    """Shows nothing."""

    @contextmanager
    def phase(self, _name: str) -> Iterator["Quiet"]:
        yield self

    def log(self, text: str) -> None: ...
    def show(self, text: str) -> None: ...


REFUSED = ClientError({"Error": {"Code": "Throttling", "Message": "too often"}}, "CreateStack")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (KeyError("StateMachineArn"), "KeyError: 'StateMachineArn'"),
        (LaunchError("no"), "no"),
        (REFUSED, "An error occurred (Throttling) when calling the CreateStack operation: too often"),
        (KeyboardInterrupt(), "interrupted"),
        (
            LaunchError("cdk synth failed\nOSError: [Errno 28] No space left on device\n  assert x"),
            (
                "the disk is full: make room, or have TMPDIR and --out name folders on another one: "
                "OSError: [Errno 28] No space left on device"
            ),
        ),
    ],
    ids=["a defect", "a failed phase", "AWS", "an interrupt", "a full disk"],
)
def test_the_reason_and_the_log_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, reason: str
) -> None:
    def fail(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(launch, "embedded_aws", cloud)
    monkeypatch.setattr(Rehearsal, "_launch", fail)
    options = RehearsalOptions(PROJECT / "config/shoppers.toml", out=tmp_path / "out", demo_rows=500)
    kept = Rehearsal(options, Quiet()).run().failure
    assert kept is not None
    assert (kept.phase, kept.reason, kept.log) == ("check", reason, ("what went wrong",))
    assert (tmp_path / "out/cloud.log").read_text() == "what went wrong\n"
