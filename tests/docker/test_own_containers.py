"""Containers of the user's own: the example's image, built as its page says."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from rehearsal.containers.docker.client import DockerClient
from tests.launches import PROJECT, ends, launch

pytestmark = pytest.mark.thorough  # building the image takes most of a minute

EXAMPLE = PROJECT / "examples/own_container"
URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/visits:1"
ROW = {"PageValues": 1.5, "ExitRates": 0.1, "BounceRates": 0, "ProductRelated": 3, "Month": "Nov", "VisitorType": "New"}


@pytest.fixture(scope="module")
def visits(docker: DockerClient) -> str:
    """The image's name."""
    variables = {**os.environ, **docker.environment, "CONTEXT": str(EXAMPLE), "TAG": URI}
    built = subprocess.run(
        [str(PROJECT / "scripts/build-image")], env=variables, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return built.stdout.strip()


def checked(docker: DockerClient, *arguments: str) -> dict[str, str]:
    """The lines of `check-container` by their rule."""
    argv = [sys.executable, "-m", "slipway.cli", "check-container", *arguments]
    ended = subprocess.run(
        argv, cwd=PROJECT, env={**os.environ, **docker.environment}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = (line.removeprefix("ok").strip().partition(": ") for line in ended.stdout.splitlines())
    return {rule: words for rule, _, words in found}


def test_the_examples_image_trains(visits: str, docker: DockerClient, tmp_path: Path) -> None:
    rows = [f"{n},0.{n % 9},0,{n % 5},{('Nov', 'May')[n % 2]},New,{n % 3 // 2}" for n in range(60)]
    for channel in ("train", "validation"):
        (tmp_path / channel).mkdir()
        (tmp_path / channel / "data.csv").write_text("\n".join([",".join([*ROW, "Revenue"]), *rows]))
    lines = checked(docker, "--image", visits, "--train", str(tmp_path), "--hyperparameter", "penalty=0.5")
    assert {"user", "exit", "log", "model", "input"} <= lines.keys()


def test_the_examples_image_serves(visits: str, docker: DockerClient, tmp_path: Path) -> None:
    model = {"mean": [0.0] * 4, "std": [1.0] * 4, "labels": {"Month": ["Nov"], "VisitorType": []}, "weights": [0.1] * 6}
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        member, content = tarfile.TarInfo("model.json"), json.dumps(model).encode()
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    (tmp_path / "row.json").write_text(json.dumps({"visits": [ROW]}))
    lines = checked(
        docker,
        *("--image", visits, "--model", str(tmp_path / "model.tar.gz")),
        *("--request", str(tmp_path / "row.json"), "--content-type", "application/json"),
    )
    assert '{"probabilities":[' in lines["response"]


def test_two_models_of_the_examples_image_go_live_and_the_bad_build_does_not(visits: str, tmp_path: Path) -> None:
    """Training, servers and the servers of the replay are containers; the replay refuses the bad build."""
    assert visits == URI
    config = tmp_path / "visits.toml"
    config.write_text((EXAMPLE / "visits.toml").read_text(encoding="utf-8"), encoding="utf-8")
    report = launch(config, "--backend", "docker", fault="errors")
    assert ends(report) == ["promoted", "promoted", "refused"]
