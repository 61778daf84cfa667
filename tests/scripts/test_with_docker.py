"""scripts/with-docker, with a Docker that is absent, fails, hangs or works, as a few lines of shell play it."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "with-docker"
TOOLS = (
    *("bash", "sh", "env", "timeout", "flock", "mktemp", "seq", "sleep", "grep", "tail", "mkdir", "setsid", "setpriv"),
    *("uname", "tar", "touch", "rm", "chmod", "cat", "echo"),
)
# The machine's own Docker answers while the file `theirs` is there, the one started here while `up` is.
DOCKER = """\
[ -e "$PLAY/theirs" ] || [ -n "${DOCKER_HOST-}" -a -e "$PLAY/up" ] || exit 1
if [ "$1" = run ] && [ -e "$PLAY/no-containers" ]; then echo "cgroups: read-only file system" >&2; exit 125; fi
"""
DAEMON = 'echo $$ >"$PLAY/daemon"; touch "$PLAY/up"; trap \'rm "$PLAY/up"; exit 0\' TERM; while :; do sleep 0.05; done'
FAILING = "echo 'level=info msg=starting'; echo 'failed to start daemon: operation not permitted' >&2; exit 1"
SILENT = "exit 1"
HANGING = "echo $$ >\"$PLAY/daemon\"; trap '' TERM; while :; do sleep 0.05; done"


@dataclass(frozen=True)
class Play:
    """A PATH that has the named programs and the usual tools, and nothing else."""

    folder: Path
    seconds: dict[str, int] = field(default_factory=lambda: {"START": 20, "STOP": 20})

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": str(self.folder / "bin"),
            "PLAY": str(self.folder),
            "TMPDIR": str(self.folder),
            "SLIPWAY_DOCKER_DATA": str(self.folder / "data"),
            "SLIPWAY_DOCKER_STATE": str(self.folder / "state"),
            **{f"SLIPWAY_DOCKER_{name}_SECONDS": str(each) for name, each in self.seconds.items()},
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        # A shell traps no signal that was ignored when it started, as nohup and background jobs have it.
        argv = [str(self.folder / "bin" / "env"), "--default-signal=INT,TERM,HUP", "bash", str(SCRIPT), *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, env=self.environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, *words: str) -> tuple[int, str, str]:
        child = self.start(*words)
        out, reported = child.communicate(timeout=60)
        return child.returncode, out, reported

    def daemon_runs(self) -> bool:
        number = self.folder / "daemon"
        return number.exists() and Path(f"/proc/{number.read_text().strip()}").exists()


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """A machine on which we are root and Docker is installed but does not run."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    made = Play(tmp_path)
    for name, text in {"id": "echo 0", "docker": DOCKER, "dockerd": DAEMON}.items():
        made.program(name, text)
    return made


def without_docker(play: Play) -> None:
    for name in ("docker", "dockerd"):
        (play.folder / "bin" / name).unlink()


def hangs(play: Play) -> None:
    play.program("dockerd", HANGING)
    play.seconds.update(START=1, STOP=1)


WAYS: Mapping[str, tuple[Callable[[Play], object], str]] = {
    "not installed": (without_docker, "Docker is not installed, and this system has no apt-get to install it"),
    "not root": (lambda play: play.program("id", "echo 1000"), "no Docker answers, and starting one needs root"),
    "fails": (
        lambda play: play.program("dockerd", FAILING),
        "Docker does not start here: failed to start daemon: operation not permitted",
    ),
    "fails silently": (lambda play: play.program("dockerd", SILENT), "Docker does not start here: it ended"),
    "hangs": (hangs, "Docker does not start here: no answer within 1 s"),
    "runs no containers": (
        lambda play: (play.folder / "no-containers").touch(),
        "Docker runs no container here: status 125: cgroups: read-only file system",
    ),
}


@pytest.mark.parametrize("words", [(), ("--or-skip",), ("--and",), ("--and", "docker-compose", "--or-skip")])
def test_without_a_command_the_usage_is_told(play: Play, words: tuple[str, ...]) -> None:
    status, _, reported = play.run(*words)
    assert status == 2
    assert reported.startswith("usage: scripts/with-docker")


@pytest.mark.parametrize("way", WAYS)
def test_where_no_docker_can_be_had_one_line_says_so_and_who_insists_on_it_gets_an_error(play: Play, way: str) -> None:
    prepare, reason = WAYS[way]
    prepare(play)
    status, out, reported = play.run("--or-skip", "echo", "ran")
    assert (status, out) == (0, "")
    assert reported.startswith(f"with-docker: skipped, {reason}")
    assert reported.count("\n") == 1
    assert not play.daemon_runs()
    if way != "runs no containers":  # who insists on Docker finds out by what it runs
        status, out, reported = play.run("echo", "ran")
        assert (status, out) == (1, "")
        assert reported.startswith(f"with-docker: {reason}")


def test_a_failed_installation_is_told_in_its_own_words(play: Play) -> None:
    without_docker(play)
    play.program("apt-get", "case $* in *install*) echo 'E: Unable to locate package docker.io' >&2; exit 100; esac")
    play.program("apt-cache", "exit 1")
    status, _, reported = play.run("--or-skip", "echo", "ran")
    assert status == 0
    assert reported.splitlines()[-1] == (
        "with-docker: skipped, Docker could not be installed: E: Unable to locate package docker.io"
    )


def test_a_program_that_is_needed_too_is_installed_once(play: Play) -> None:
    play.program("apt-get", 'case $* in *install*) echo "$*" >>"$PLAY/apt"; made ;; esac')
    play.program("made", 'echo "#!/bin/bash" >"$PLAY/bin/compose"; chmod 755 "$PLAY/bin/compose"')
    status, out, reported = play.run("--or-skip", "--and", "compose", "--and", "grep", "compose")
    assert (status, out, reported) == (0, "", "with-docker: installing Debian's compose\n")
    assert play.run("--and", "compose", "compose") == (0, "", "")
    (line,) = (play.folder / "apt").read_text().splitlines()
    assert line.endswith("install --no-install-recommends compose")


def test_a_program_that_cannot_be_installed_is_told(play: Play) -> None:
    reason = "compose is not installed, and this system has no apt-get to install it"
    assert play.run("--or-skip", "--and", "compose", "echo", "ran") == (0, "", f"with-docker: skipped, {reason}\n")
    assert play.run("--and", "compose", "echo", "ran") == (1, "", f"with-docker: {reason}\n")
    assert not (play.folder / "daemon").exists()


@pytest.mark.parametrize("option", [(), ("--or-skip",)])
@pytest.mark.parametrize("status", [0, 1, 5])
def test_the_commands_status_counts_and_what_was_started_is_stopped(
    play: Play, status: int, option: tuple[str, ...]
) -> None:
    found, out, reported = play.run(*option, "sh", "-c", f'echo "$DOCKER_HOST"; exit {status}')
    assert (found, out, reported) == (status, f"unix://{play.folder}/state/docker.sock\n", "")
    assert (play.folder / "daemon").exists()
    assert not play.daemon_runs()


def test_a_command_that_cannot_get_what_it_needs_is_skipped_only_on_request(play: Play) -> None:
    assert play.run("sh", "-c", "exit 75")[0] == 75
    status, _, reported = play.run("--or-skip", "sh", "-c", "exit 75")
    assert (status, reported) == (0, "with-docker: skipped, what the command needs cannot be had here\n")


@pytest.mark.parametrize("option", [(), ("--or-skip",)])
def test_a_docker_that_answers_already_is_used_and_left_alone(play: Play, option: tuple[str, ...]) -> None:
    (play.folder / "theirs").touch()
    assert play.run(*option, "sh", "-c", 'echo "${DOCKER_HOST-its own}"; exit 3') == (3, "its own\n", "")
    assert not (play.folder / "daemon").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_whole_command_before_docker_is_stopped(play: Play, number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    inner = (
        f"trap 'sleep 0.3; [ -e \"$PLAY/up\" ] && echo tidied; exit 9' {name}; echo up; while :; do sleep 0.05; done"
    )
    child = play.start("sh", "-c", f"bash -c '{inner.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'; true")
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    child.send_signal(number)
    out, _ = child.communicate(timeout=30)
    assert "tidied" in out
    assert child.returncode == 128 + number
    assert not play.daemon_runs()


def test_whatever_kills_the_script_ends_its_docker_too(play: Play) -> None:
    child = play.start("sh", "-c", "echo up; exec sleep 60")
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    assert play.daemon_runs()
    child.kill()
    child.communicate(timeout=30)
    deadline = time.monotonic() + 20
    while play.daemon_runs():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_docker_stays_until_its_last_user_has_gone(play: Play) -> None:
    def user(name: str) -> subprocess.Popen[str]:
        """Leaves soon after the file `name` is there, and says last whether Docker is."""
        wait = f'while [ ! -e "$PLAY/{name}" ]; do sleep 0.05; done; sleep 0.5'
        started = play.start("sh", "-c", f'echo up; {wait}; [ -e "$PLAY/up" ] && echo "still up"')
        assert started.stdout is not None
        assert started.stdout.readline() == "up\n"
        return started

    first = user("first")
    number = (play.folder / "daemon").read_text()
    second = user("second")
    (play.folder / "first").touch()
    assert first.stdout is not None
    assert first.stdout.readline() == "still up\n"
    (play.folder / "second").touch()
    assert second.communicate(timeout=30)[0] == "still up\n"
    first.communicate(timeout=30)
    assert (play.folder / "daemon").read_text() == number
    assert not play.daemon_runs()
