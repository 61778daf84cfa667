"""What a container may, what it may not, and that none is left however its rehearsal ends."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.backends.backend import JobBackend
from rehearsal.containers.container import Container, Program
from rehearsal.containers.docker.client import DockerClient
from rehearsal.containers.docker.docker_backend import DockerBackend
from rehearsal.containers.docker.ownership import FOLDER_LABEL, OWNER_LABEL, remove_orphans, this_process
from rehearsal.endpoints.model_server import ModelServer
from rehearsal.jobs.container_run import Exit, RunLimits, run_container
from rehearsal.jobs.job_outcomes import JobError

ROOT = Path(__file__).parents[2]
USER = 12345
"""One that is not root, and that nobody has."""
Run = Callable[..., tuple[Exit, list[str]]]


@pytest.fixture
def run(backend: JobBackend, program: Program, tmp_path: Path) -> Run:
    def run(code: str, *, seconds: float = 30, **options: Any) -> tuple[Exit, list[str]]:
        container = Container(program, ("python", "-c", code), {}, tmp_path / "job", **options)
        container.make_folders()
        lines: list[str] = []
        return run_container(backend, container, RunLimits(seconds, 0.5, threading.Event()), lines.append), lines

    return run


def left(docker: DockerClient, folder: Path) -> list[str]:
    return docker.containers(f"{FOLDER_LABEL}={folder}")


def eventually(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_job_is_root_without_any_capability(run: Run) -> None:
    ended, lines = run(
        "import os, re; print(os.getuid(), os.getgid())\n"
        "print(*re.findall(r'(?:CapEff|CapBnd|NoNewPrivs):\\s*(\\w+)', open('/proc/self/status').read()))"
    )
    assert (ended.code, lines) == (0, ["0 0", f"{0:016x} {0:016x} 1"])


WRITE = """
import pathlib
for folder in ("/opt/ml", "/opt/ml/model", "/tmp", "/", "/opt/program", "/root", "/var/tmp", "/opt/venv"):
    try:
        (pathlib.Path(folder) / "probe").write_text("x")
        print(folder)
    except OSError:
        pass
"""


def test_a_job_can_write_to_opt_ml_and_tmp_and_nowhere_else(run: Run, tmp_path: Path) -> None:
    (tmp_path / "job/ml/model").mkdir(parents=True)
    assert run(WRITE)[1] == ["/opt/ml", "/opt/ml/model", "/tmp"]  # noqa: S108 -- the container's own


def test_a_job_finds_the_folders_below_opt_ml_to_be_roots_with_mode_755(run: Run, tmp_path: Path) -> None:
    (tmp_path / "job/ml/input/data").mkdir(parents=True, mode=0o777)
    code = """
import os
for path, _, _ in os.walk("/opt/ml"):
    print(path, os.stat(path).st_uid, oct(os.stat(path).st_mode & 0o7777))
"""
    folders = ("/opt/ml", "/opt/ml/input", "/opt/ml/input/data")
    assert run(code)[1] == [f"{folder} 0 0o755" for folder in folders]


def test_a_model_server_cannot_write_to_its_model_as_on_sagemaker(run: Run, tmp_path: Path) -> None:
    (tmp_path / "job/ml/model").mkdir(parents=True)
    assert run(WRITE, read_only=("model",))[1] == ["/opt/ml", "/tmp"]  # noqa: S108 -- the container's own


@pytest.fixture
def image_of_another_user(docker: DockerClient, image: str, tmp_path: Path) -> Iterator[str]:
    """The image as it would be with a last line `USER 10001`."""
    name = f"slipway/of-another-user:{os.getpid()}"
    made = docker.run("create", "--network", "none", image)
    docker.run("commit", "--change", "USER 10001", made, name)
    docker.remove([made])
    yield name
    docker.run("image", "rm", name)


def test_a_job_in_an_image_of_another_user_cannot_write_its_model_as_on_sagemaker(
    backend: JobBackend, program: Program, image_of_another_user: str, tmp_path: Path
) -> None:
    other = replace(program, image=image_of_another_user)
    container = Container(other, ("python", "-c", "open('/opt/ml/model/x', 'w')"), {}, tmp_path / "job")
    container.make_folders()
    (container.ml / "model").mkdir()
    lines: list[str] = []
    ended = run_container(backend, container, RunLimits(30, 1, threading.Event()), lines.append)
    assert (ended.code, lines[-1]) == (1, "PermissionError: [Errno 13] Permission denied: '/opt/ml/model/x'")


def test_what_a_job_wrote_is_ours_to_read_and_to_remove(run: Run, tmp_path: Path) -> None:
    run(
        "import os, pathlib; os.umask(0o077); model = pathlib.Path('/opt/ml/model')\n"
        "model.mkdir(); (model / 'x').write_text('made')"
    )
    assert (tmp_path / "job/ml/model/x").read_text() == "made"
    (tmp_path / "job/ml/model/x").unlink()


ORDINARY_USER = """
import os, sys, threading
from pathlib import Path
from rehearsal.containers.container import Container, Program
from rehearsal.containers.docker.docker_backend import DockerBackend
from rehearsal.containers.docker.client import DockerClient
from rehearsal.jobs.container_run import RunLimits, run_container

host, image, folder, code, user = sys.argv[1:]
os.setgroups([])
os.setgid(int(user))
os.setuid(int(user))
sys.executable = "/usr/bin/python3"  # ours may lie where no other user can look
backend = DockerBackend(DockerClient(host or None))
program = Program(Path("/"), ("python", "-m", "pipeline_steps"), image=image)
container = Container(program, ("python", "-c", code), {}, Path(folder))
container.make_folders()
run_container(backend, container, RunLimits(60, 1, threading.Event()), lambda line: print(line, flush=True))
backend.close()
"""
SECRETIVE = """
import os, time
os.umask(0o077)
os.mkdir("/opt/ml/model")
open("/opt/ml/model/x", "w").close()
print(os.stat("/opt/ml").st_uid, oct(os.stat("/opt/ml").st_mode & 0o777), flush=True)
"""


@pytest.fixture
def as_ordinary_user(docker: DockerClient, image: str) -> Iterator[Callable[[str], "subprocess.Popen[bytes]"]]:
    """Runs the code as a job of a user who is not root; its folder is `job` in `folder`."""
    socket = Path((docker.host or "unix:///var/run/docker.sock").removeprefix("unix://"))
    if os.geteuid() != 0 or not socket.is_socket() or not Path("/usr/bin/python3").exists():
        pytest.skip("only root can become another user, let it use Docker's socket, and give it a Python")
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        folder = Path(made)
        os.chown(folder, USER, USER)
        found = socket.stat()
        os.chown(socket, found.st_uid, USER)

        def start(code: str) -> "subprocess.Popen[bytes]":
            argv = [sys.executable, "-c", ORDINARY_USER, docker.host or "", image, str(folder / "job"), code, str(USER)]
            home = {**os.environ, "HOME": made, "DOCKER_CONFIG": made}
            return subprocess.Popen(argv, cwd=ROOT, env=home, stdout=subprocess.PIPE)

        start.folder = folder  # type: ignore[attr-defined]
        yield start
        os.chown(socket, found.st_uid, found.st_gid)


def owners(folder: Path) -> set[int]:
    return {path.stat().st_uid for path in folder.rglob("*")}


def test_a_user_who_is_not_root_gets_back_what_was_roots_in_the_job(as_ordinary_user: Any) -> None:
    with as_ordinary_user(SECRETIVE) as job:
        reported, _ = job.communicate(timeout=60)
    assert reported.decode().split() == ["0", "0o755"]
    assert (as_ordinary_user.folder / "job/ml/model/x").is_file()
    assert owners(as_ordinary_user.folder) == {USER}


def test_a_user_who_is_not_root_gets_it_back_after_a_kill_too(as_ordinary_user: Any) -> None:
    with as_ordinary_user(SECRETIVE + "time.sleep(60)") as job:
        assert job.stdout.readline()
        assert 0 in owners(as_ordinary_user.folder)
        job.kill()
    eventually(lambda: owners(as_ordinary_user.folder) == {USER})


@pytest.mark.parametrize("isolated", [True, False])
def test_an_isolated_job_sees_the_loopback_interface_only(run: Run, isolated: bool) -> None:
    _, lines = run("import socket; print(*sorted(name for _, name in socket.if_nameindex()))", isolated=isolated)
    here = subprocess.run(
        [sys.executable, "-c", "import socket; print(*sorted(n for _, n in socket.if_nameindex()))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert lines == ["lo"] if isolated else [here.stdout.strip()]


def test_a_job_gets_the_memory_and_processors_of_its_instance_type(run: Run) -> None:
    code = """
import pathlib
v1, v2 = pathlib.Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), pathlib.Path("/sys/fs/cgroup/memory.max")
print(int((v2 if v2.exists() else v1).read_text()) / 2**30)
quota = pathlib.Path("/sys/fs/cgroup/cpu.max")
if quota.exists():
    print(*quota.read_text().split())
else:
    print(*[pathlib.Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")])
"""
    _, (memory, processors) = run(code, instance_type="ml.c5.large")
    quota, period = map(int, processors.split())
    assert (float(memory), quota / period) == (4.0, min(2, os.cpu_count() or 1))


@pytest.mark.thorough
def test_a_job_that_takes_more_memory_than_its_instance_has_is_killed(run: Run) -> None:
    ended, _ = run("x = bytearray(5 << 30); print('lives')", instance_type="ml.c5.large")
    assert ended.code == 137


def test_the_exit_code_and_the_last_lines_are_the_jobs_own(run: Run) -> None:
    ended, lines = run("import sys; print('out'); sys.exit('err')")
    assert (ended.code, ended.ended_by, sorted(lines)) == (1, None, ["err", "out"])


def test_a_job_that_ignores_the_signal_is_removed_when_its_time_is_up(
    run: Run, docker: DockerClient, tmp_path: Path
) -> None:
    ended, _ = run("import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)", seconds=1.5)
    assert ended.ended_by == "MaxRuntimeExceeded"
    assert left(docker, tmp_path / "job") == []


def test_a_missing_image_is_told_and_never_fetched(backend: JobBackend, program: Program, tmp_path: Path) -> None:
    absent = Program(program.folder, program.entrypoint, image="slipway/pipeline-steps:absent")
    container = Container(absent, absent.entrypoint, {}, tmp_path / "job")
    container.make_folders()
    with pytest.raises(JobError, match="could not be started: No such image: slipway/pipeline-steps:absent"):
        run_container(backend, container, RunLimits(30, 1, threading.Event()), print)


def test_a_server_whose_command_line_is_killed_leaves_no_container(
    backend: JobBackend, docker: DockerClient, program: Program, tmp_path: Path
) -> None:
    container = Container(
        program, ("python", "-c", "import time; print('up', flush=True); time.sleep(60)"), {}, tmp_path
    )
    container.make_folders()
    command = backend.command(container)
    with subprocess.Popen(command.argv, env=command.environment, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"up\n"
        client.kill()
    assert len(left(docker, tmp_path)) == 1
    backend.remove(container)
    assert left(docker, tmp_path) == []


def test_a_model_server_is_removed_with_its_container(
    backend: JobBackend, docker: DockerClient, program: Program, tmp_path: Path
) -> None:
    code = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
address = (os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
http.server.HTTPServer(address, Handler).serve_forever()
"""
    container = Container(program, ("python", "-c", code), {}, tmp_path, instance_type="ml.m5.large")
    container.make_folders()
    server = ModelServer(container, backend, lambda _line: None)
    server.start(startup_seconds=30, cancelled=threading.Event())
    assert len(left(docker, tmp_path)) == 1
    server.stop()
    eventually(lambda: left(docker, tmp_path) == [])


OWNER = """
import sys, threading
from pathlib import Path
from rehearsal.containers.container import Container, Program
from rehearsal.containers.docker.docker_backend import DockerBackend
from rehearsal.containers.docker.client import DockerClient
from rehearsal.jobs.container_run import RunLimits, run_container

backend = DockerBackend(DockerClient(sys.argv[1] or None))
program = Program(Path("/"), ("python", "-m", "pipeline_steps"), image=sys.argv[2])
code = "import time; print('up', flush=True); time.sleep(60)"
container = Container(program, ("python", "-c", code), {}, Path(sys.argv[3]))
container.make_folders()
run_container(backend, container, RunLimits(60, 1, threading.Event()), lambda line: print(line, flush=True))
"""


def test_a_killed_rehearsal_takes_its_containers_with_it(docker: DockerClient, image: str, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", OWNER, docker.host or "", image, str(tmp_path)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        assert len(left(docker, tmp_path)) == 1
        owner.send_signal(signal.SIGKILL)
    eventually(lambda: left(docker, tmp_path) == [])


def test_a_later_run_removes_the_containers_of_the_dead_and_no_others(
    docker: DockerClient, image: str, tmp_path: Path
) -> None:
    namespace, pid, started = this_process().split("/")
    owners = {
        "dead": f"{namespace}/{pid}/1/a",
        "alive": f"{namespace}/{pid}/{started}/a",
        "elsewhere": f"pid:[1]/{pid}/1/a",
    }
    for name, owner in owners.items():
        labels = ("--label", f"{OWNER_LABEL}={owner}", "--label", f"{FOLDER_LABEL}={tmp_path / name}")
        docker.run("create", "--network", "none", *labels, image)
    try:
        remove_orphans(docker)
        assert {name: len(left(docker, tmp_path / name)) for name in owners} == {"dead": 0, "alive": 1, "elsewhere": 1}
    finally:
        docker.remove([container for name in owners for container in left(docker, tmp_path / name)])


def test_closing_a_backend_removes_its_containers_and_no_others(
    backend: JobBackend, docker: DockerClient, program: Program, tmp_path: Path
) -> None:
    another = DockerBackend(docker)
    mine, theirs = (Container(program, program.entrypoint, {}, tmp_path / name) for name in ("mine", "theirs"))
    for container, owner in ((mine, another), (theirs, backend)):
        container.make_folders()
        owner.command(container)
    another.close()
    assert (left(docker, mine.folder), len(left(docker, theirs.folder))) == ([], 1)
    backend.remove(theirs)
    assert left(docker, theirs.folder) == []
