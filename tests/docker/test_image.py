"""The image: small, plain, and the same from every build."""

import json
import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from rehearsal.containers.docker.client import DockerClient
from scripts.compare_images import differences, tree
from scripts.image_bom import document
from scripts.image_files import image_files

ROOT = Path(__file__).parents[2]
MOST_MEGABYTES = 600


@pytest.fixture(scope="module")
def files(image: str) -> Mapping[str, tuple[int, int, int]]:
    """Mode, owner and size of each path."""
    return {entry.name: (entry.mode, entry.uid, entry.size) for entry, _ in image_files(image)}


def test_the_image_is_smaller_than_600_megabytes(docker: DockerClient, image: str) -> None:
    assert int(docker.run("image", "inspect", "--format", "{{.Size}}", image)) < MOST_MEGABYTES * 1_000_000


def test_the_image_starts_as_root_by_its_own_entry_point(docker: DockerClient, image: str) -> None:
    config = json.loads(docker.run("image", "inspect", "--format", "{{json .Config}}", image))
    assert (config["User"], config["Entrypoint"]) == ("root", ["python", "-m", "pipeline_steps"])
    assert docker.run("run", "--rm", "--network", "none", "--entrypoint", "id", image, "-u") == "0"


def test_the_image_holds_no_installer_no_tests_and_no_caches(files: Mapping[str, tuple[int, int, int]]) -> None:
    inside = [path.removeprefix("opt/venv/") for path in files if path.startswith("opt/venv/")]
    parts = {part for path in inside for part in path.split("/")}
    assert parts & {"pip", "setuptools", "wheel", "tests", "sample_data"} == set()
    assert [path for path in inside if path.startswith("bin/") and not path.startswith("bin/python")] == []
    assert [path for path in files if path.startswith(("root/.cache", "tmp/", "var/lib/apt/lists/deb"))] == []


def test_nothing_of_the_steps_can_be_written_by_another_user_than_root(
    files: Mapping[str, tuple[int, int, int]],
) -> None:
    program = {path: found for path, found in files.items() if path.startswith(("opt/program", "opt/venv"))}
    # A link has every permission; what it leads to counts.
    loose = [
        path
        for path, (mode, owner, _) in program.items()
        if owner != 0 or (mode & stat.S_IWOTH and mode & 0o777 != 0o777)
    ]
    assert loose == []
    assert len(program) > 1000


def test_the_hosts_settings_for_package_indexes_are_not_in_the_image(
    docker: DockerClient, image: str, files: Mapping[str, tuple[int, int, int]]
) -> None:
    history = docker.run("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    environment = docker.run("image", "inspect", "--format", "{{json .Config.Env}}", image)
    assert "extra-index-url" not in history + environment
    assert not {"PIP_CERT", "PIP_INDEX_URL", "SSL_CERT_FILE"} & {e.partition("=")[0] for e in json.loads(environment)}
    secrets = [
        path
        for path, (_, _, size) in files.items()
        if size and (path.startswith("run/secrets/") or path.endswith("pip.conf"))
    ]
    assert secrets == []


@pytest.mark.thorough
def test_two_builds_give_the_same_file_tree(docker: DockerClient, image: str) -> None:
    first = docker.run("image", "inspect", "--format", "{{.Id}}", image)
    environment = {
        **os.environ,
        "BASE_IMAGE": docker.run("image", "inspect", "--format", '{{index .Config.Labels "slipway.base"}}', image),
    }
    subprocess.run((ROOT / "scripts/build-image", "--no-cache"), env=environment, check=True, capture_output=True)
    second = docker.run("image", "inspect", "--format", "{{.Id}}", image)
    assert first != second
    trees = tree(first), tree(second)
    assert differences(*trees) == []
    assert len(trees[0]) > 10_000


def test_the_bill_of_materials_names_every_pinned_distribution_and_debians_packages(image: str) -> None:
    bom = document(image)
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.5")
    lock = (ROOT / "pipeline_steps/requirements.lock").read_text()
    pinned = {line.split()[0] for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))}
    found = {c["purl"] for c in bom["components"]}
    assert {f"pkg:pypi/{pin.replace('==', '@')}" for pin in pinned} <= found
    assert any(purl.startswith("pkg:deb/debian/libc6@") for purl in found)
    assert document(image) == bom
