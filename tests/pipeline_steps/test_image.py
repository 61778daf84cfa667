import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "pipeline_steps"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
LOCK = (FOLDER / "requirements.lock").read_text()


def test_every_requirement_is_pinned() -> None:
    lines = [line.partition("#")[0].strip() for line in (FOLDER / "requirements.txt").read_text().splitlines()]
    requirements = [line.partition(";")[0].strip() for line in lines if line]
    assert requirements
    assert [line for line in requirements if not re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line)] == []


def test_the_image_runs_the_verbs_as_root_who_alone_can_write_to_sagemakers_mounts() -> None:
    instructions = [line for line in DOCKERFILE.splitlines() if line.startswith(("USER", "ENTRYPOINT", "ARG", "FROM"))]
    assert instructions[0].startswith("ARG BASE_IMAGE=")
    assert instructions[-3:] == ["FROM ${BASE_IMAGE}", "USER root", 'ENTRYPOINT ["python", "-m", "pipeline_steps"]']


def test_every_import_of_the_steps_is_a_requirement() -> None:
    required = (FOLDER / "requirements.txt").read_text().replace("-", "_").replace("scikit_learn", "sklearn")
    imported = set()
    for file in FOLDER.rglob("*.py"):
        imported |= set(re.findall(r"^\s*(?:from|import) (\w+)", file.read_text(), re.MULTILINE))
    ours = imported - set(sys.stdlib_module_names) - {"pipeline_steps", "botocore"}
    assert sorted(name for name in ours if name not in required) == []


def test_the_lock_pins_every_requirement_by_hash_at_the_same_version() -> None:
    pins = re.findall(r"^(\S+==\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", LOCK, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S+==", LOCK, re.MULTILINE))
    required = [line.partition("#")[0].strip() for line in (FOLDER / "requirements.txt").read_text().splitlines()]
    on_linux = [line.partition(";")[0].strip() for line in required if line and '!= "linux"' not in line]
    assert [line for line in on_linux if line not in {pin for pin, _ in pins}] == []


def test_the_image_installs_from_the_lock_by_hash_and_no_source() -> None:
    assert "--require-hashes --no-deps --only-binary=:all:" in DOCKERFILE
    assert "--requirement /tmp/requirements/requirements.lock" in DOCKERFILE


def test_settings_for_package_indexes_are_secrets_of_the_build_alone() -> None:
    assert DOCKERFILE.count("--mount=type=secret") == 2 * DOCKERFILE.count("--only-binary=:all:") == 4
    assert re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE) == ["BASE_IMAGE"]
