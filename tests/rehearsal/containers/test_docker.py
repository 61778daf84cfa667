"""How a container is asked of Docker, and whose it is; no Docker is needed to know."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.containers.choice import choose_backend
from rehearsal.containers.container import Container, Program
from rehearsal.containers.docker.client import DockerClient
from rehearsal.containers.docker.create_arguments import create_arguments, secret_variables
from rehearsal.containers.docker.instance_types import Capacity, capacity_of
from rehearsal.containers.docker.ownership import is_dead, this_process
from rehearsal.containers.docker.readiness import require_image
from slipway.errors import InputError

PROGRAM = Program(Path("/folder"), ("python", "-m", "steps"), {"IMAGE": "1"}, image="steps:1")
CONTAINER = Container(PROGRAM, ("python", "-m", "steps", "train"), {"COLOUR": "a b"}, Path("/job"))


def created(container: Container, *, network: bool = False, processors: int = 64) -> list[str]:
    return create_arguments(container, owner="me", processors=processors, network=network)


def test_a_secret_is_not_among_the_arguments_that_everybody_can_read() -> None:
    container = replace(CONTAINER, environment={"AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_ACCESS_KEY_ID": "AKIA0"})
    arguments = created(container)
    assert not any("s3cret" in word for word in arguments)
    assert {"AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID=AKIA0"} <= set(option(arguments, "--env"))
    assert secret_variables(container) == {"AWS_SECRET_ACCESS_KEY": "s3cret"}


def option(arguments: list[str], name: str) -> list[str]:
    return [arguments[i + 1] for i, word in enumerate(arguments) if word == name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ml.m5.large", Capacity(2, 8)),
        ("ml.m5.xlarge", Capacity(4, 16)),
        ("ml.c5.2xlarge", Capacity(8, 16)),
        ("ml.c7i.12xlarge", Capacity(48, 96)),
        ("ml.r6i.large", Capacity(2, 16)),
        ("ml.t3.medium", Capacity(2, 4)),
        ("ml.g5.4xlarge", Capacity(16, 64)),
        ("ml.m5.nano", None),
        ("ml.quantum.large", None),
        ("local", None),
        ("", None),
    ],
)
def test_an_instance_type_gives_its_memory_and_processors(name: str, expected: Capacity | None) -> None:
    assert capacity_of(name) == expected


def test_a_container_is_locked_down() -> None:
    arguments = created(CONTAINER)
    assert {"--rm", "--read-only"} <= set(arguments)
    expected = {
        "--cap-drop": ["ALL"],
        "--security-opt": ["no-new-privileges"],
        "--network": ["none"],
        "--pull": ["never"],
        "--tmpfs": ["/tmp"],  # noqa: S108 -- the container's
        "--mount": ["type=bind,source=/job/ml,target=/opt/ml"],
    }
    assert {name: option(arguments, name) for name in expected} == expected


def test_only_a_container_that_may_use_the_network_gets_the_hosts() -> None:
    assert option(created(CONTAINER, network=True), "--network") == ["host"]


def test_the_image_is_started_by_its_own_entry_point() -> None:
    arguments = created(CONTAINER)
    assert "--entrypoint" not in arguments
    assert arguments[-2:] == ["steps:1", "train"]


def test_an_entry_point_of_the_jobs_own_replaces_the_images() -> None:
    arguments = created(replace(CONTAINER, argv=("sh", "-c", "true")))
    assert arguments[-5:] == ["--entrypoint", "sh", "steps:1", "-c", "true"]


def test_packages_from_outside_are_mounted_read_only_beside_the_images_own() -> None:
    program = replace(PROGRAM, entrypoint=("python", "-m", "more"), packages=(Path("/project/more"),))
    arguments = created(replace(CONTAINER, program=program, argv=("python", "-m", "more", "serve")))
    assert option(arguments, "--mount")[1] == "type=bind,source=/project/more,target=/opt/packages/more,readonly"
    assert "PYTHONPATH=/opt/program:/opt/packages" in option(arguments, "--env")
    assert arguments[-5:] == ["python", "steps:1", "-m", "more", "serve"]


def test_a_container_gets_the_jobs_variables_and_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "ours")
    assert option(created(CONTAINER), "--env") == ["IMAGE=1", "COLOUR=a b"]


def test_limits_come_from_the_instance_type_and_end_at_the_machines_processors() -> None:
    arguments = created(replace(CONTAINER, instance_type="ml.m5.2xlarge"), processors=4)
    limits = {name: option(arguments, name) for name in ("--memory", "--memory-swap", "--cpus")}
    assert limits == {"--memory": ["32g"], "--memory-swap": ["32g"], "--cpus": ["4"]}
    assert "--memory" not in created(replace(CONTAINER, instance_type="ml.unheard.of"))


def test_a_folder_with_a_comma_is_still_one_folder() -> None:
    arguments = created(replace(CONTAINER, folder=Path("/a,b")))
    assert option(arguments, "--mount") == ['type=bind,"source=/a,b/ml",target=/opt/ml']


def test_a_container_runs_as_the_images_own_user_as_on_sagemaker() -> None:
    assert option(created(CONTAINER), "--user") == []


linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are distinguished by /proc")


@linux
def test_an_owner_is_dead_once_its_process_has_ended() -> None:
    assert not is_dead(f"{this_process()}/1")
    with subprocess.Popen(
        [sys.executable, "-c", "from rehearsal.containers.docker.ownership import *; print(this_process()); input()"],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        owner = child.stdout.readline().strip()
        assert not is_dead(owner)
        child.communicate("\n")
    assert is_dead(owner)


@linux
def test_a_process_with_a_number_used_again_is_another_owner() -> None:
    namespace, pid, started = this_process().split("/")
    assert is_dead(f"{namespace}/{pid}/{int(started) - 1}/1")


@linux
@pytest.mark.parametrize("owner", ["pid:[1]/1/1/a", "", "nonsense", "a/b/c"])
def test_nothing_is_said_of_owners_that_cannot_be_seen_from_here(owner: str) -> None:
    assert not is_dead(owner)


@pytest.fixture
def fake_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a `docker` made of these shell lines first on the PATH."""

    def put(script: str) -> None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return put


@linux
def test_without_a_running_docker_the_backend_is_refused(fake_docker: Callable[[str], None]) -> None:
    fake_docker("echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    with pytest.raises(InputError, match=r"needs a running Docker .*, got: Cannot connect to the Docker daemon"):
        choose_backend("docker")


@linux
def test_a_missing_image_is_told_with_what_to_do(fake_docker: Callable[[str], None], tmp_path: Path) -> None:
    fake_docker('[ "$1" = version ] || { echo "No such image" >&2; exit 1; }')
    (tmp_path / "steps").mkdir()
    with pytest.raises(InputError, match=r"needs the image slipway/pipeline-steps:[0-9a-f]{16}: run `make image`"):
        require_image(tmp_path / "steps", host=None)


def test_the_users_docker_host_counts_whatever_this_process_has(
    fake_docker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_docker('echo "${DOCKER_HOST-unset}"')
    monkeypatch.setenv("DOCKER_HOST", "unix:///hidden.sock")
    assert DockerClient(None).run("info") == "unset"
    assert DockerClient("unix:///theirs.sock").run("info") == "unix:///theirs.sock"


def test_what_docker_says_when_it_refuses_is_the_errors_text(fake_docker: Callable[[str], None]) -> None:
    fake_docker("echo first >&2; echo 'Error response from daemon: no space left' >&2; exit 125")
    with pytest.raises(OSError, match=r"^no space left$"):
        DockerClient(None).run("create")
