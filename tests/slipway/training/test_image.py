import re
from pathlib import Path

import pytest

from slipway.errors import InputError
from slipway.training.image import base_image, image_tag, is_pinned, require_root


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "steps"
    (made / "sub").mkdir(parents=True)
    (made / "a.py").write_text("a = 1\n")
    (made / "sub" / "b.py").write_text("b = 2\n")
    return made


def test_the_tag_is_16_hexadecimal_digits_and_stays(folder):
    tag = image_tag(folder)
    assert len(tag) == 16
    assert int(tag, 16) >= 0
    assert image_tag(folder) == tag


def test_caches_and_times_do_not_change_the_tag(folder):
    tag = image_tag(folder)
    (folder / "sub" / "__pycache__").mkdir()
    (folder / "sub" / "__pycache__" / "b.pyc").write_bytes(b"cache")
    (folder / "a.py").touch()
    assert image_tag(folder) == tag


def test_where_the_folder_lies_does_not_change_the_tag(folder, tmp_path):
    tag = image_tag(folder)
    assert image_tag(folder.rename(tmp_path / "elsewhere")) == tag


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_text("a = 2\n"),
        lambda folder: (folder / "a.py").rename(folder / "c.py"),
        lambda folder: (folder / "sub" / "b.py").rename(folder / "b.py"),
        lambda folder: (folder / "new.py").write_text(""),
        lambda folder: (folder / "a.py").unlink(),
    ],
    ids=["content", "name", "place", "more", "less"],
)
def test_any_change_to_a_file_changes_the_tag(folder, change):
    tag = image_tag(folder)
    change(folder)
    assert image_tag(folder) != tag


PINNED = f"registry.example:5000/python:3.11-slim@sha256:{'0f' * 32}"


@pytest.mark.parametrize("name", ["registry.example/python:3.11-slim", PINNED, PINNED.replace(":3.11-slim", "")])
def test_the_base_is_the_dockerfiles_own(folder, name):
    (folder / "Dockerfile").write_text(f"# a comment\nARG BASE_IMAGE={name}\nFROM ${{BASE_IMAGE}}\n")
    assert base_image(folder) == name
    assert is_pinned(name) == ("sha256" in name)


@pytest.mark.parametrize("line", ["ARG BASE_IMAGE", "ARG BASE_IMAGE=python@sha256:0f", "ARG BASE_IMAGE=python@3.11"])
def test_a_base_that_names_no_image_is_reported(folder, line):
    (folder / "Dockerfile").write_text(f"{line}\nFROM ${{BASE_IMAGE}}\n")
    with pytest.raises(InputError, match="Dockerfile: ARG BASE_IMAGE must be"):
        base_image(folder)


def test_the_shipped_base_is_named_by_its_digest():
    assert is_pinned(base_image(Path(__file__).parents[3] / "pipeline_steps"))


@pytest.mark.parametrize(
    "user", ["", "USER root", "USER 0:0", "USER app\nUSER root", "FROM base AS other\nUSER app\nFROM base"]
)
def test_an_image_of_root_is_accepted(tmp_path: Path, user: str) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM base\n{user}\nWORKDIR /x\n")
    require_root(tmp_path)


@pytest.mark.parametrize("user", ["steps", "10001:0", "$OWNER"])
def test_an_image_of_another_user_could_not_write_to_sagemakers_mounts(tmp_path: Path, user: str) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM base\nUSER root\nuser {user}\n")
    with pytest.raises(InputError, match=rf"must run as root, .* ends with USER {re.escape(user)}: remove that line"):
        require_root(tmp_path)
