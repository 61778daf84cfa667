"""The whole launch with every job and every model server in a container."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from rehearsal.containers.docker.client import DockerClient
from rehearsal.containers.docker.ownership import OWNER_LABEL
from tests.e2e.test_rehearsal import command, processes_of
from tests.launches import PROJECT


def test_the_same_launch_goes_well_in_containers_with_the_other_fault_and_leaves_none(
    docker: DockerClient, tmp_path: Path
) -> None:
    others = set(docker.containers(OWNER_LABEL))
    argv, env = command(tmp_path, "--backend", "docker", "--fault", "slow", rows=6000)
    ended = subprocess.run(argv, cwd=PROJECT, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    outcomes = [(r["verdict"], r["failed"], r["dropped"]) for r in report["rollouts"]]
    assert outcomes == [("promoted", 0, 0), ("promoted", 0, 0), ("rolled_back", 0, 0)]
    assert report["rollouts"][2]["fault"] == "slow"
    assert {step["status"] for step in report["pipeline"]} == {"Succeeded"}
    assert report["metrics"]["champion"]["auc"] > 0.5
    assert set(docker.containers(OWNER_LABEL)) <= others
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.thorough
def test_an_interrupt_ends_the_containers_too(docker: DockerClient, tmp_path: Path) -> None:
    others = set(docker.containers(OWNER_LABEL))
    argv, env = command(tmp_path, "--backend", "docker")
    child = subprocess.Popen(argv, cwd=PROJECT, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert child.stderr is not None
    for line in child.stderr:
        if "train first model: Prepare" in line:
            break
    child.send_signal(signal.SIGINT)
    _, reported = child.communicate(timeout=60)
    assert child.returncode == 130, reported
    assert set(docker.containers(OWNER_LABEL)) <= others
    assert processes_of(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []
