"""No phase hangs, and the cause of a failure is named: a limit that was reached, an embedded AWS that has ended."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rehearsal.journey.embedded_aws import embedded_aws
from rehearsal.journey.options import PROJECT, RehearsalOptions
from rehearsal.journey.time_limits import limited
from rehearsal.process import stop_all
from slipway.errors import LaunchError


def test_a_stage_that_waits_for_a_process_for_ever_is_ended_at_its_limit() -> None:
    def wait(child: "subprocess.Popen[bytes]") -> None:
        with limited(0.2, "deploy"):
            child.communicate()

    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as child:
        with pytest.raises(LaunchError, match="deploy must end within 0 s, and did not"):
            wait(child)
        child.kill()


def test_a_library_that_tries_again_after_every_error_is_ended_too() -> None:
    def patient() -> None:
        while True:
            try:
                time.sleep(600)
            except Exception:  # noqa: BLE001, S112 -- as botocore does with what its connection raises
                continue

    with pytest.raises(LaunchError, match="train must end"), limited(0.2, "train"):
        patient()


def test_a_stage_within_its_limit_leaves_no_alarm_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with limited(60, "deploy"):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before


def _cloud_of(folder: Path) -> int:
    """The process id of the embedded AWS that works in `folder`."""
    lines = {int(path.parent.name): path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()}
    return next(pid for pid, line in lines.items() if b"rehearsal.cloud" in line and str(folder).encode() in line)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_an_embedded_aws_that_was_killed_is_named_as_the_cause(tmp_path: Path) -> None:
    options = RehearsalOptions(PROJECT / "config/shoppers.toml")

    def use() -> None:
        with embedded_aws(options, tmp_path) as aws:
            os.kill(_cloud_of(tmp_path), signal.SIGKILL)
            aws.client("s3").list_buckets()

    with pytest.raises(LaunchError) as caught:
        use()
    assert re.match(r"the embedded AWS ended: killed by SIGKILL\b", str(caught.value))


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux's")
def test_an_embedded_aws_that_could_not_start_has_the_reason_in_the_same_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text(
        "#!/bin/sh\necho noise >&2\necho 'OSError: [Errno 24] Too many open files' >&2\nexit 1\n"
    )
    (tmp_path / "python").chmod(0o755)

    def use() -> None:
        with embedded_aws(RehearsalOptions(PROJECT / "config/shoppers.toml"), tmp_path):
            pass

    with pytest.raises(LaunchError) as caught:
        use()
    first = str(caught.value).splitlines()[0]
    assert first == ("the embedded AWS ended before it was ready: exit code 1: OSError: [Errno 24] Too many open files")


def test_an_embedded_aws_that_we_stopped_after_a_failure_is_not_its_cause(tmp_path: Path) -> None:
    def use() -> None:
        with embedded_aws(RehearsalOptions(PROJECT / "config/shoppers.toml"), tmp_path):
            stop_all(grace_seconds=5)
            raise LaunchError("cdk synth failed")

    with pytest.raises(LaunchError, match="cdk synth failed"):
        use()
