import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rehearsal.process import free_port, spawn, stop, stop_all

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def start(argv: list[str], tmp_path: Path) -> subprocess.Popen[bytes]:
    return spawn(argv, env=dict(os.environ), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def gone(pid: int, *, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_child_gets_the_environment_and_folder_it_was_given(tmp_path: Path) -> None:
    code = "import os; print(os.environ['COLOUR'], os.getcwd())"
    with spawn(
        ["python3", "-c", code],
        env={"PATH": os.environ["PATH"], "COLOUR": "blue"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        out, _ = child.communicate(timeout=20)
    assert out.decode().split() == ["blue", str(tmp_path)]


def test_a_program_that_does_not_exist_is_told_to_the_caller(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        start(["no-such-program"], tmp_path)


def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    children: list[subprocess.Popen[bytes]] = []
    asker = threading.Thread(target=lambda: children.append(start(SLEEP, tmp_path)))
    asker.start()
    asker.join()
    with children[0] as child:
        assert child.stdout
        child.stdout.readline()
        time.sleep(0.1)
        assert child.poll() is None
        stop(child, grace_seconds=5)


def test_stop_ends_a_polite_child_by_sigterm(tmp_path: Path) -> None:
    with start(SLEEP, tmp_path) as child:
        assert child.stdout
        child.stdout.readline()
        assert stop(child, grace_seconds=5) == -signal.SIGTERM


def test_stop_ends_a_child_that_ignores_sigterm(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    with start([sys.executable, "-c", code], tmp_path) as child:
        assert child.stdout
        child.stdout.readline()
        assert stop(child, grace_seconds=0.1) == -signal.SIGKILL


def test_stop_ends_what_the_child_has_started_too(tmp_path: Path) -> None:
    with start(["sh", "-c", "sleep 60 & echo $!; wait"], tmp_path) as child:
        assert child.stdout
        grandchild = int(child.stdout.readline())
        stop(child, grace_seconds=5)
    assert gone(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_stop_all_ends_children_whose_handles_were_lost(tmp_path: Path) -> None:
    """As an interrupt loses them that comes before the `try` which would stop the child."""
    quiet = subprocess.DEVNULL
    pids = [spawn(SLEEP, env=dict(os.environ), cwd=tmp_path, stdout=quiet, stderr=quiet).pid for _ in range(2)]
    assert not any(gone(pid, within=0.2) for pid in pids)
    stop_all(grace_seconds=5)
    assert all(gone(pid) for pid in pids)


def test_a_child_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "from rehearsal.process import spawn\n"
        "quiet = subprocess.DEVNULL\n"
        "child = spawn(['sleep', '60'], env=dict(os.environ), cwd='/', stdout=quiet, stderr=quiet)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert not gone(child, within=0.1)
        parent.kill()
    assert gone(child)


def test_a_free_port_can_be_listened_on() -> None:
    assert 1024 <= free_port() <= 65535
