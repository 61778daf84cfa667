import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).parents[3]
PARENT = """
import sys, time
from pathlib import Path
from pipeline_steps.gates import local_server

base = Path(sys.argv[1])
with (base / "log").open("wb") as log:
    process = local_server._start(base, log)
local_server._port(process, base / "log")
print(process.pid, flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}


def test_a_gates_server_ends_with_the_gate_also_when_that_is_killed(jobs, tmp_path: Path) -> None:
    (tmp_path / "model").symlink_to(jobs.boosted / "model")
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        assert is_running(server)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while is_running(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(server)
