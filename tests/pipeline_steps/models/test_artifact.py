import io
import tarfile
from pathlib import Path

import pytest

from pipeline_steps.errors import StepError
from pipeline_steps.models.artifact import load_archive, load_folder


def _archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("prefix", ["", "./"])
def test_an_archive_is_loaded_however_its_members_are_named(jobs, prefix: str) -> None:
    files = {f"{prefix}{path.name}": path.read_bytes() for path in (jobs.boosted / "model").iterdir()}
    assert load_archive(_archive(files)).contract == load_folder(jobs.boosted / "model").contract


def test_nothing_is_unpacked_to_disk(jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {path.name: path.read_bytes() for path in (jobs.boosted / "model").iterdir()}
    load_archive(_archive(files | {"../escaped.txt": b"x"}))
    assert not list(tmp_path.parent.glob("escaped.txt"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "must be"),
        (b"no archive", "must be"),
        (_archive({"model.onnx": b""}), "must hold 'contract.json', which is absent"),
        (_archive({"contract.json": b"{", "model.onnx": b""}), "contract.json must hold JSON"),
        (_archive({"contract.json": b"[]", "model.onnx": b""}), "contract.json must hold an object, got list"),
        (_archive({"contract.json": b"{}", "model.onnx": b""}), "contract.json must be of version 1, got None"),
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
