import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.backends.fork_client import ForkRefusedError, ForkServer
from rehearsal.containers.backends.namespace import NamespaceBackend, Privileges, find_powers
from rehearsal.containers.backends.prefix import rewrite
from rehearsal.containers.backends.warm import WarmBackend
from rehearsal.containers.choice import choose_backend
from rehearsal.containers.container import Container, Program
from rehearsal.jobs.container_run import Exit, RunLimits, run_container
from slipway.errors import InputError
from tests.rehearsal.cloud.process import eventually

ROOT = Path(__file__).parents[3]
linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces, warm starts and death signals are Linux's")

Runner = Callable[..., tuple[Exit, list[str]]]


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    numbers = iter(range(100))

    def run(backend: Backend, program: Program, *arguments: str, isolated: bool = False, **variables: str) -> Any:
        folder = tmp_path / f"job{next(numbers)}"
        container = Container(program, (*program.entrypoint, *arguments), variables, folder, isolated)
        container.make_folders()
        lines: list[str] = []
        return run_container(backend, container, RunLimits(30, 0.5, threading.Event()), lines.append), lines

    return run


@pytest.fixture(params=["namespace", "prefix"])
def warm(request: pytest.FixtureRequest) -> Iterator[WarmBackend]:
    if sys.platform != "linux" or (request.param == "namespace" and find_powers() is None):
        pytest.skip("this system allows no such backend")
    chosen = choose_backend(request.param)
    yield chosen
    chosen.close()


def refusal(backend: WarmBackend) -> str:
    """Why its server forks no job."""
    (server,) = backend._servers.values()
    with Path(os.devnull).open("wb") as output, pytest.raises(ForkRefusedError) as refused:
        server.start({"needs": 0}, output.fileno())
    return str(refused.value)


def test_auto_takes_namespaces_where_they_work() -> None:
    assert choose_backend("auto").name == ("namespace" if find_powers() else "prefix")


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(InputError, match="backend must be one of auto, namespace, prefix, docker, got podman"):
        choose_backend("podman")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/opt/ml", "/job/ml"),
        ("/opt/ml/model", "/job/ml/model"),
        ("--model=/opt/ml/model,/opt/ml/output", "--model=/job/ml/model,/job/ml/output"),
        ('{"dir": "/opt/ml/model"}', '{"dir": "/job/ml/model"}'),
        ("/opt/mlflow", "/opt/mlflow"),
        ("/home/opt/ml", "/home/opt/ml"),
        ("s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"),
    ],
)
def test_the_prefix_backend_rewrites_paths_below_opt_ml_and_nothing_else(text: str, expected: str) -> None:
    assert rewrite(text, Path("/job/ml")) == expected


def test_every_backend_gives_the_container_its_own_files(every_backend: Backend, image: Any, run: Runner) -> None:
    program = image("(ML / 'model.txt').write_text('x'); print(sys.argv[1:], os.path.exists('/opt/ml/model.txt'))")
    ended, lines = run(every_backend, program, "/opt/ml/in")
    root = "/opt/ml" if every_backend.name == "namespace" else str(Path(lines[0].split("'")[1]).parent)
    assert (ended.code, lines) == (0, [f"['{root}/in'] {every_backend.name == 'namespace'}"])
    assert not Path("/opt/ml/model.txt").exists()


def test_what_lies_in_opt_stays_visible(every_backend: Backend, image: Any, run: Runner) -> None:
    _, lines = run(every_backend, image("print(sorted(name for name in os.listdir('/opt') if name != 'ml'))"))
    here = sorted(path.name for path in Path("/opt").iterdir() if path.name != "ml")
    assert lines == [str(here)]


@pytest.mark.parametrize("umask", [0, 0o077])
def test_folders_below_opt_ml_have_mode_755_whatever_our_umask(
    every_backend: Backend, image: Any, tmp_path: Path, umask: int
) -> None:
    program = image("print(*[oct(os.stat(path).st_mode & 0o7777) for path, _, _ in os.walk(ML)])")
    container = Container(program, program.entrypoint, {}, tmp_path / "job")
    before = os.umask(umask)
    container.make_folders()
    (container.ml / "model").mkdir()
    os.umask(before)
    lines: list[str] = []
    run_container(every_backend, container, RunLimits(30, 0.5, threading.Event()), lines.append)
    assert lines == ["0o755 0o755"]


def test_a_command_can_be_run_by_others_too(every_backend: Backend, image: Any, tmp_path: Path) -> None:
    program = image("print(ML.joinpath('seen.txt').read_text())")
    container = Container(program, program.entrypoint, {"COLOUR": "blue"}, tmp_path / "job")
    container.make_folders()
    (container.ml / "seen.txt").write_text("seen")
    command = every_backend.command(container)
    assert command.environment["COLOUR"] == "blue"
    shown = subprocess.run(command.argv, env=command.environment, cwd=container.work, capture_output=True, check=True)
    assert shown.stdout == b"seen\n"


@linux
@pytest.mark.parametrize("start", ["cold", "warm"])
def test_an_isolated_container_has_no_network_but_itself(start: str, image: Any, run: Runner) -> None:
    powers = find_powers()
    if powers is None or not powers.network:
        pytest.skip("this system allows no network namespaces")
    backend = choose_backend("namespace")
    assert isinstance(backend, WarmBackend)
    program = image("""
        import socket
        print([name for _, name in socket.if_nameindex()])
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()).close()
    """)
    try:
        ended, lines = run(backend if start == "warm" else backend.cold, program, isolated=True)
    finally:
        backend.close()
    assert (ended.code, lines) == (0, ["['lo']"])


@linux
@pytest.mark.parametrize("start", ["cold", "warm"])
def test_a_user_namespace_serves_those_who_are_not_root(start: str, image: Any, run: Runner) -> None:
    powers = find_powers()
    if powers is None or not powers.network:
        pytest.skip("this system allows no such namespaces")
    backend = WarmBackend(NamespaceBackend(Privileges(user_namespace=True, network=True)))
    program = image("(ML / 'x').touch(); print(os.getuid(), os.listdir('/opt/ml'))")
    try:
        ended, lines = run(backend if start == "warm" else backend.cold, program, isolated=True)
    finally:
        backend.close()
    assert (ended.code, lines) == (0, ["0 ['x']"])


PARENT = """
import os, sys, threading
from pathlib import Path
from rehearsal.containers.choice import choose_backend
from rehearsal.containers.backends.fork_client import ForkRefusedError
from rehearsal.containers.backends.namespace import NamespaceBackend, Privileges
from rehearsal.containers.backends.warm import WarmBackend
from rehearsal.containers.container import Container, Program
from rehearsal.jobs.container_run import RunLimits, run_container

if sys.argv[1] == "user namespace":
    chosen = WarmBackend(NamespaceBackend(Privileges(user_namespace=True, network=True)))
else:
    chosen = choose_backend(sys.argv[1])
backend = chosen if sys.argv[2] == "warm" else chosen.cold
program = Program(Path(sys.argv[3]), ("python", "-m", "steps"), preload=("json",))
container = Container(program, program.entrypoint, {}, Path(sys.argv[4]))
container.make_folders()
run_container(backend, container, RunLimits(60, 1, threading.Event()), lambda line: print(line, flush=True))
"""


@linux
@pytest.mark.parametrize("start", ["cold", "warm"])
@pytest.mark.parametrize("name", ["namespace", "user namespace", "prefix"])
def test_a_job_dies_with_the_process_that_runs_it(name: str, start: str, image: Any, tmp_path: Path) -> None:
    if name != "prefix" and find_powers() is None:
        pytest.skip("this system allows no mount namespaces")
    program = image("print(os.getpid(), os.getppid(), flush=True); time.sleep(60)")
    argv = [sys.executable, "-c", PARENT, name, start, str(program.folder), str(tmp_path / "job")]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        job, above = map(int, parent.stdout.readline().split())
        assert alive(job)
        parent.send_signal(signal.SIGKILL)
    pids = {job} | ({above} if start == "warm" else set())
    deadline = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, pids))


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in {"Z", "X"}


SELF = """
import json, socket
print(json.dumps({
    "argv0": os.path.basename(sys.argv[0]), "arguments": sys.argv[1:], "cwd": os.getcwd(),
    "environment": dict(os.environ),
    "path": sys.path, "name": __name__, "package": __package__, "leader": os.getpid() == os.getsid(0) == os.getpgid(0),
    "descriptors": sorted(os.listdir("/proc/self/fd")), "stdin": os.path.realpath("/proc/self/fd/0"),
    "mounted": os.path.realpath("/opt/ml") if os.path.exists("/opt/ml") else None,
    "gc": __import__("gc").isenabled(),
    "signals": [str(__import__("signal").getsignal(number)) for number in (2, 15, 17)],
}))
"""


@linux
def test_a_warm_job_finds_what_a_cold_one_finds(warm: WarmBackend, image: Any, tmp_path: Path) -> None:
    program = image(SELF)
    seen = []
    for backend in (warm.cold, warm):
        container = Container(program, (*program.entrypoint, "verb", "--flag"), {"COLOUR": "blue"}, tmp_path / "job")
        container.make_folders()
        lines: list[str] = []
        assert run_container(backend, container, RunLimits(30, 1, threading.Event()), lines.append).code == 0
        seen.append(json.loads(lines[0]))
    cold, warmed = seen
    for each in seen:
        each["environment"] = {k: v for k, v in each["environment"].items() if k not in {"PWD", "SHLVL", "OLDPWD", "_"}}
    assert warmed == cold
    assert len(warm._servers) == 1


@linux
def test_a_warm_job_is_forked_from_a_process_that_has_the_modules(warm: WarmBackend, image: Any, run: Runner) -> None:
    program = image("print('colorsys' in sys.modules)", preload=("colorsys", "no_such_module"))
    assert run(warm, program)[1] == ["True"]
    assert run(warm.cold, program)[1] == ["False"]


@linux
def test_a_job_cannot_affect_the_next_one(warm: WarmBackend, image: Any, run: Runner) -> None:
    program = image("""
        import json, random, tempfile
        print(hasattr(json, "mark"), "MARK" in os.environ, os.path.exists("mark"), (ML / "mark").exists(),
              len(os.listdir(tempfile.gettempdir())))
        print(random.random())
        json.mark = 1
        os.environ["MARK"] = "1"
        open("mark", "w").close()
        (ML / "mark").touch()
        tempfile.mkstemp()
        sys.exit(int(sys.argv[1]))
    """)
    draws = set()
    for code in (0, 3, 0):
        ended, lines = run(warm, program, str(code))
        assert (ended.code, lines[0]) == (code, "False False False False 0")
        draws.add(lines[1])
    assert len(draws) == 3


@linux
def test_jobs_run_side_by_side_from_one_server(warm: WarmBackend, image: Any, run: Runner, tmp_path: Path) -> None:
    met = tmp_path / "met"
    met.mkdir()
    program = image(f"""
        met, deadline = {str(met)!r}, time.monotonic() + 20
        open(f"{{met}}/{{os.getpid()}}", "w").close()
        while len(os.listdir(met)) < 4:
            assert time.monotonic() < deadline, "the others do not run meanwhile"
            time.sleep(0.01)
        print(os.getppid())
    """)
    parents: list[str] = []
    jobs = [threading.Thread(target=lambda: parents.extend(run(warm, program)[1])) for _ in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(parents) == 4
    assert len(set(parents)) == 1


@linux
def test_a_module_that_keeps_threads_makes_jobs_start_cold(warm: WarmBackend, image: Any, run: Runner) -> None:
    program = image(
        "import threading; print(threading.active_count(), 'steps.busy' in sys.modules)", preload=("steps.busy",)
    )
    (program.folder / "steps/busy.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    ended, lines = run(warm, program)
    assert (ended.code, lines) == (0, ["1 False"])
    assert refusal(warm) == "2 threads"


@linux
@pytest.mark.parametrize("variable", ["PYTHONHASHSEED", "OMP_NUM_THREADS"])
def test_a_job_with_start_up_variables_of_its_own_starts_cold(
    warm: WarmBackend, image: Any, run: Runner, variable: str
) -> None:
    program = image("print('colorsys' in sys.modules)", preload=("colorsys",))
    assert run(warm, program, **{variable: "1"})[1] == ["False"]


@linux
def test_an_image_without_preload_starts_cold(warm: WarmBackend, image: Any, run: Runner) -> None:
    assert run(warm, image("print('ran')", preload=()))[1] == ["ran"]
    assert warm._servers == {}


@linux
def test_another_entry_point_than_a_module_starts_cold(warm: WarmBackend, image: Any, run: Runner) -> None:
    program = Program(image("").folder, ("sh", "-c", "echo hello"), preload=("json",))
    assert run(warm, program)[1] == ["hello"]
    assert warm._servers == {}


@linux
def test_a_server_that_was_killed_is_replaced(warm: WarmBackend, image: Any, run: Runner) -> None:
    program = image("print(os.getppid())")
    first = int(run(warm, program)[1][0])
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while alive(first) and time.monotonic() < deadline:
        time.sleep(0.01)
    ended, lines = run(warm, program)
    assert ended.code == 0
    assert int(lines[0]) != first


@linux
def test_jobs_of_a_server_that_dies_are_reported_as_killed(warm: WarmBackend, image: Any, run: Runner) -> None:
    program = image("os.kill(os.getppid(), 9); time.sleep(60)")
    ended, _ = run(warm, program)
    assert ended.code == 137


@linux
def test_closing_the_backend_ends_its_servers(image: Any, run: Runner) -> None:
    backend = choose_backend("prefix")
    program = image("print(os.getppid())")
    server = int(run(backend, program)[1][0])
    backend.close()
    assert not alive(server)


@linux
def test_warming_up_imports_ahead_of_the_first_job(warm: WarmBackend, image: Any, run: Runner, tmp_path: Path) -> None:
    program = image("print(os.getppid())", preload=("steps.marking",))
    mark = tmp_path / "mark"
    (program.folder / "steps/marking.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    warm.warm_up(program)
    eventually(mark.exists)
    (server,) = warm._servers.values()
    assert run(warm, program)[1] == [str(server._process.pid)]


class RecordingServer(ForkServer):
    """Keeps the orders that follow a job's start; those called `lost` do not reach the server."""

    def __init__(self, interpreter: str, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self.sent: list[str] = []
        self.lost = ""
        super().__init__(interpreter, modules, environment)

    def _send(self, message: Mapping[str, Any]) -> None:
        self.sent.append(message["order"])
        if message["order"] != self.lost:
            super()._send(message)


@pytest.fixture
def recorded(warm: WarmBackend) -> Iterator[WarmBackend]:
    made = WarmBackend(warm.cold, RecordingServer)
    yield made
    made.close()


def give_up(backend: WarmBackend, program: Program, folder: Path, *, lost: str = "") -> tuple[bytes, list[str]]:
    """Order a job of a server that is not ready in time; what the job wrote, and the later messages to the server."""
    (program.folder / "steps/slow.py").write_text(WAITING.format(file=str(folder / "ready")))
    backend.warm_up(program)
    (server,) = backend._servers.values()
    assert isinstance(server, RecordingServer)
    server.lost = lost
    container = Container(program, program.entrypoint, {}, folder / "late")
    container.make_folders()
    source, sink = os.pipe()
    with os.fdopen(source, "rb") as output:
        usual, server.response_seconds = server.response_seconds, 0.1
        with os.fdopen(sink, "wb"), pytest.raises(ForkRefusedError, match=r"did not respond within 0\.1 s"):
            server.start(backend._order(container, backend.cold.bare_command(container)), sink)
        server.response_seconds = usual
        (folder / "ready").touch()
        return output.read(), server.sent


@linux
def test_an_order_without_a_response_in_time_is_cancelled(
    recorded: WarmBackend, image: Any, run: Runner, tmp_path: Path
) -> None:
    program = image("print(os.getppid())", preload=("steps.slow",))
    written, sent = give_up(recorded, program, tmp_path)
    (server,) = recorded._servers.values()
    assert run(recorded, program)[1] == [str(server._process.pid)]
    assert (written, sent) == (b"", ["cancel"])  # there was no job to end


@linux
def test_a_job_whose_order_was_cancelled_too_late_is_ended(recorded: WarmBackend, image: Any, tmp_path: Path) -> None:
    program = image("time.sleep(10); print('unowned')", preload=("steps.slow",))
    assert give_up(recorded, program, tmp_path, lost="cancel") == (b"", ["cancel", "signal"])


WAITING = """
import os, time
deadline = time.monotonic() + 20
while not os.path.exists({file!r}) and time.monotonic() < deadline:
    time.sleep(0.01)
"""


@linux
def test_a_job_starts_and_ends_without_the_modules_that_its_verb_does_not_wait_for(
    warm: WarmBackend, image: Any, run: Runner, tmp_path: Path
) -> None:
    names = ("steps.first", "steps.second")
    program = image(f"print([name for name in {names} if name in sys.modules])", preload=names, waits_for={"early": 1})
    for name in ("first", "second"):
        (program.folder / f"steps/{name}.py").write_text(WAITING.format(file=str(tmp_path / name)))
    with ThreadPoolExecutor() as threads:
        early = threads.submit(run, warm, program, "early")
        eventually(lambda: any(server._pending for server in warm._servers.values()))
        assert not early.done()
        (tmp_path / "first").touch()
        assert early.result(10)[1] == ["['steps.first']"]
        late = threads.submit(run, warm, program, "late")
        eventually(lambda: any(server._pending for server in warm._servers.values()))
        assert not late.done()
        (tmp_path / "second").touch()
        assert late.result(10)[1] == ["['steps.first', 'steps.second']"]
