from pathlib import Path

import pytest

from pipeline_steps.artifact.loading import load_archive, load_folder
from pipeline_steps.errors import StepError
from tests.archives import archive_of


@pytest.mark.parametrize("prefix", ["", "./"])
def test_an_archive_is_loaded_however_its_members_are_named(jobs, prefix: str) -> None:
    files = {f"{prefix}{path.name}": path.read_bytes() for path in (jobs.boosted / "model").iterdir()}
    assert load_archive(archive_of(files)).contract == load_folder(jobs.boosted / "model").contract


def test_nothing_is_unpacked_to_disk(jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {path.name: path.read_bytes() for path in (jobs.boosted / "model").iterdir()}
    load_archive(archive_of(files | {"../escaped.txt": b"x"}))
    assert not list(tmp_path.parent.glob("escaped.txt"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "must be"),
        (b"no archive", "must be"),
        (archive_of({"model.onnx": b""}), "must hold 'contract.json', which is absent"),
        (archive_of({"contract.json": b"{", "model.onnx": b""}), "contract.json must hold JSON"),
        (archive_of({"contract.json": b"[]", "model.onnx": b""}), "contract.json must hold an object, got list"),
        (archive_of({"contract.json": b"{}", "model.onnx": b""}), "contract.json must be of version 1, got None"),
    ],
    ids=["nothing", "text", "no contract", "no JSON", "a list", "no version"],
)
def test_an_archive_that_is_none_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(StepError, match=reason):
        load_archive(content)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="must be a readable"):
        load_archive(tmp_path / "model.tar.gz")
    with pytest.raises(StepError, match=r"contract\.json must be a readable file"):
        load_folder(tmp_path)
