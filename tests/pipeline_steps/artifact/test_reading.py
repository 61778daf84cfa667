from pathlib import Path

import pytest

from pipeline_steps.artifact.reading import read_archive, read_folder
from pipeline_steps.errors import StepError
from tests.archives import archive_of

FILES = dict.fromkeys(("model.onnx", "contract.json", "baseline.json", "metrics.json"), b"{}")


@pytest.mark.parametrize("prefix", ["", "./"])
def test_an_archive_is_loaded_however_its_members_are_named(jobs, prefix: str) -> None:
    files = {f"{prefix}{path.name}": path.read_bytes() for path in (jobs.boosted / "model").iterdir()}
    assert read_archive(archive_of(files)).contract == read_folder(jobs.boosted / "model").contract


def test_nothing_is_unpacked_to_disk(jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {path.name: path.read_bytes() for path in (jobs.boosted / "model").iterdir()}
    read_archive(archive_of(files | {"../escaped.txt": b"x"}))
    assert not list(tmp_path.parent.glob("escaped.txt"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "must be"),
        (b"no archive", "must be"),
        (archive_of({"model.onnx": b""}), "it lacks contract.json, baseline.json, metrics.json"),
        (archive_of(FILES | {"contract.json": b"{"}), "contract.json must hold JSON"),
        (archive_of(FILES | {"baseline.json": b"[]"}), "baseline.json must hold a JSON object, got list"),
        (archive_of(FILES | {"contract.json": b"{}"}), "contract.json must be of version 1, 2 or 3, got None"),
    ],
    ids=["nothing", "text", "three files absent", "no JSON", "a list", "no version"],
)
def test_an_archive_that_is_none_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(StepError, match=reason):
        read_archive(content)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="must be a readable"):
        read_archive(tmp_path / "model.tar.gz")
    with pytest.raises(StepError, match=r"model\.onnx must be a readable file"):
        read_folder(tmp_path)
