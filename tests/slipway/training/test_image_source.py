"""The script travels with its folder beside the steps, and the image's tag says so."""

from pathlib import Path

import pytest

from slipway.errors import InputError
from slipway.settings import Training
from slipway.training.image import image_tag
from slipway.training.image_source import image_source, require_files


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    folder = tmp_path / "pipeline_steps"
    folder.mkdir()
    (folder / "train.py").write_text("train")
    return folder


@pytest.fixture
def training(tmp_path: Path) -> Training:
    folder = tmp_path / "my_model"
    (folder / "layers").mkdir(parents=True)
    (folder / "fit.py").write_text("fit")
    (folder / "layers/dense.py").write_text("dense")
    (folder / "pins.txt").write_text("torch==2.13.0\n")
    return Training(script=str(folder / "fit.py"), requirements=str(folder / "pins.txt"))


def test_without_a_script_the_image_is_built_from_the_steps_as_they_are(steps: Path, tmp_path: Path) -> None:
    assert image_source(steps, Training(), into=tmp_path / "made") == steps


def test_the_scripts_folder_and_its_requirements_lie_beside_the_steps(
    steps: Path, training: Training, tmp_path: Path
) -> None:
    made = image_source(steps, training, into=tmp_path / "made")
    found = {path.relative_to(made).as_posix(): path.read_text() for path in made.rglob("*") if path.is_file()}
    assert found == {
        "train.py": "train",
        "user_code/entry_point": "fit.py\n",
        "user_requirements.txt": "torch==2.13.0\n",
        "user_code/files/fit.py": "fit",
        "user_code/files/layers/dense.py": "dense",
        "user_code/files/pins.txt": "torch==2.13.0\n",
    }


@pytest.mark.parametrize("edited", ["fit.py", "layers/dense.py", "pins.txt"])
def test_an_edit_of_any_of_its_files_is_another_image(
    steps: Path, training: Training, tmp_path: Path, edited: str
) -> None:
    tags = [image_tag(image_source(steps, training, into=tmp_path / name)) for name in ("one", "same")]
    (tmp_path / "my_model" / edited).write_text("edited")
    tags.append(image_tag(image_source(steps, training, into=tmp_path / "edited")))
    assert tags[0] == tags[1] != tags[2]


def test_hidden_files_caches_and_links_stay_behind(steps: Path, training: Training, tmp_path: Path) -> None:
    folder = tmp_path / "my_model"
    before = image_tag(image_source(steps, training, into=tmp_path / "before"))
    (folder / ".env").write_text("PASSWORD=secret")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/fit.pyc").write_text("compiled")
    (folder / "elsewhere").symlink_to(steps)
    assert image_tag(image_source(steps, training, into=tmp_path / "after")) == before


@pytest.mark.parametrize("key", ["script", "requirements"])
def test_a_file_that_is_not_there_is_named(steps: Path, training: Training, tmp_path: Path, key: str) -> None:
    changed = training.model_copy(update={key: str(tmp_path / "absent")})
    for check in (require_files, lambda each: image_source(steps, each, into=tmp_path / "made")):
        with pytest.raises(InputError, match=rf"training\.{key} must name a file, .* got .*absent$"):
            check(changed)
    require_files(training)


def test_a_script_beside_large_files_is_asked_to_have_a_folder_of_its_own(
    steps: Path, training: Training, tmp_path: Path
) -> None:
    with (tmp_path / "my_model/table.csv").open("wb") as file:
        file.truncate(11 * 1024 * 1024)
    with pytest.raises(InputError, match=r"in a folder of its own, of at most 10 MB"):
        image_source(steps, training, into=tmp_path / "made")
