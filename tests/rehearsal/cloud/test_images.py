"""Images without Docker: a build is accepted for what it is the hash of, and stays what it was."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.cloud.images import ImageTable
from rehearsal.containers.container import Container, Program
from slipway.training.image import image_tag
from tests.rehearsal.cloud.process import PROJECT, CloudProcess, repository_uri, start_build, write_steps


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    return write_steps(tmp_path / "project")


@pytest.fixture
def built() -> list[Program]:
    return []


@pytest.fixture
def table(steps: Path, built: list[Program], tmp_path: Path) -> ImageTable:
    return ImageTable(steps, tmp_path / "work", on_built=built.append)


def test_a_built_image_is_made_known_once_so_that_it_can_be_warmed_up(
    table: ImageTable, built: list[Program], steps: Path
) -> None:
    tag = image_tag(steps)
    table.build("0123456789abcdef")
    table.build(tag)
    table.build(tag)
    assert built == [table.program(f"r:{tag}")]


def test_an_image_can_be_kept_and_made_known_ahead_of_its_build(
    table: ImageTable, built: list[Program], steps: Path
) -> None:
    table.stage()
    uri = f"r:{image_tag(steps)}"
    with pytest.raises(LookupError):
        table.program(uri)
    assert table.build(image_tag(steps)).accepted
    assert built == [table.program(uri)]


def test_an_image_that_was_edited_after_it_was_kept_is_another(
    table: ImageTable, built: list[Program], steps: Path
) -> None:
    table.stage()
    (steps / "__main__.py").write_text("print('edited')")
    assert table.build(image_tag(steps)).accepted
    assert built[1:] == [table.program(f"r:{image_tag(steps)}")]
    assert (built[1].folder / "pipeline_steps/__main__.py").read_text() == "print('edited')"


def test_an_image_declares_what_its_jobs_import_verb_after_verb(table: ImageTable, steps: Path) -> None:
    (steps / "preload.toml").write_text('prepare = ["csv"]\ntrain = ["json", "array"]\n')
    table.build(image_tag(steps))
    program = table.program(f"r:{image_tag(steps)}")
    assert program.preload == ("csv", "json", "array")
    assert program.waits_for == {"prepare": 1, "train": 3}


def test_an_image_whose_jobs_could_not_write_to_sagemakers_mounts_is_refused(table: ImageTable, steps: Path) -> None:
    (steps / "Dockerfile").write_text("FROM base\nUSER steps\n")
    result = table.build(image_tag(steps))
    assert not result.accepted
    assert "the image must run as root" in result.message
    with pytest.raises(LookupError):
        table.program(f"r:{image_tag(steps)}")


def test_an_image_that_declares_nothing_is_not_warmed_up(table: ImageTable, steps: Path) -> None:
    table.build(image_tag(steps))
    assert table.program(f"r:{image_tag(steps)}").preload == ()


def test_what_the_steps_import_leaves_no_thread_so_that_jobs_can_start_warm(
    built: list[Program], tmp_path: Path
) -> None:
    ImageTable(PROJECT / "pipeline_steps", tmp_path / "work", on_built=built.append).stage()
    (program,) = built
    imports = "".join(f"import {module}\n" for module in program.preload)
    code = f"{imports}import os\nprint(len(os.listdir('/proc/self/task')))"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(program.folder),
        "MPLCONFIGDIR": str(tmp_path),
        **program.environment,
    }
    counted = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert counted.stdout == "1\n"


def test_the_hash_of_the_folder_is_accepted(table: ImageTable, steps: Path) -> None:
    tag = image_tag(steps)
    assert table.build(tag).accepted
    program = table.program(f"registry.example/steps:{tag}")
    assert program.entrypoint == ("python", "-m", "pipeline_steps")
    assert image_tag(program.folder / "pipeline_steps") == tag


def test_any_other_tag_is_refused_with_both_hashes(table: ImageTable, steps: Path) -> None:
    result = table.build("0123456789abcdef")
    assert not result.accepted
    assert f"{image_tag(steps)}, got 0123456789abcdef" in result.message


def test_an_image_is_what_was_built_whatever_is_edited_later(table: ImageTable, steps: Path) -> None:
    tag = image_tag(steps)
    table.build(tag)
    (steps / "__main__.py").write_text("raise SystemExit")
    assert image_tag(table.program(f"r:{tag}").folder / "pipeline_steps") == tag
    assert not table.build(tag).accepted
    assert table.build(image_tag(steps)).accepted


@pytest.mark.parametrize("fault", ["errors", "slow"])
def test_a_faulty_image_is_the_wrapper_around_the_newest_one(table: ImageTable, steps: Path, fault: str) -> None:
    table.build(image_tag(steps))
    program = table.program(f"registry.example/steps:fault-{fault}")
    assert program.entrypoint == ("python", "-m", "rehearsal.endpoints.fault_injection", "--fault", fault)
    path = Container(program, program.entrypoint, {}, steps).full_environment()["PYTHONPATH"].split(os.pathsep)
    assert path == [str(program.folder), str(Path(__file__).parents[3])]
    assert program.image == table.program(f"r:{image_tag(steps)}").image


OWN = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/my-server"


@pytest.mark.parametrize("uri", [f"{OWN}:1", f"{OWN}@sha256:{'0' * 64}"])
@pytest.mark.parametrize("in_docker", [True, False])
def test_an_image_of_the_users_own_is_its_command_or_what_docker_has(
    steps: Path, tmp_path: Path, uri: str, in_docker: bool
) -> None:
    own = {uri: "python '/my server.py'"}
    table = ImageTable(steps, tmp_path / "work", on_built=lambda _: None, own=own, in_docker=in_docker)
    program = table.program(uri)
    assert (program.image, program.entrypoint) == (uri, () if in_docker else ("python", "/my server.py"))
    faulty = table.program(f"{OWN}:fault-errors")
    assert faulty.entrypoint[-4:] == ("--fault", "errors", "--command", own[uri])
    assert faulty.image == uri


@pytest.mark.parametrize("uri", ["r:unknown", "r:fault-colour", "r"])
def test_an_image_that_was_not_built_is_not_there(table: ImageTable, steps: Path, uri: str) -> None:
    table.build(image_tag(steps))
    with pytest.raises(LookupError, match="has been built"):
        table.program(uri)


def test_without_a_build_there_is_no_faulty_image_either(table: ImageTable) -> None:
    with pytest.raises(LookupError):
        table.program("r:fault-errors")


def test_codebuild_puts_the_accepted_tag_into_ecr(cloud: CloudProcess, image: str) -> None:
    tag = image.rpartition(":")[2]
    build = start_build(cloud, tag)
    assert (build["buildStatus"], build["currentPhase"]) == ("SUCCEEDED", "COMPLETED")
    found = cloud("ecr").describe_images(repositoryName="steps", imageIds=[{"imageTag": tag}])["imageDetails"]
    assert [each["imageTags"] for each in found] == [[tag]]
    assert image.startswith(repository_uri())


def test_codebuild_fails_another_tag_with_the_reason_in_the_build_phase(cloud: CloudProcess, image: str) -> None:
    build = start_build(cloud, "feedfeedfeedfeed")
    assert build["buildStatus"] == "FAILED"
    found = cloud("codebuild").batch_get_builds(ids=[build["id"]])["builds"][0]
    failed = [phase for phase in found["phases"] if phase["phaseStatus"] == "FAILED"]
    assert [phase["phaseType"] for phase in failed] == ["BUILD"]
    assert image.rpartition(":")[2] in failed[0]["contexts"][0]["message"]
    ecr = cloud("ecr")
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName="steps", imageIds=[{"imageTag": "feedfeedfeedfeed"}])
