"""Use cases shared out among processes; that an app is to the byte the same is shown in `test_app`."""

import itertools
import json
import os
import sys
from pathlib import Path

import pytest

from infra.shares import shares, synthesized_aside


@pytest.mark.parametrize("processors", [1, 2, 3, 16, None])
def test_every_use_case_is_made_once_and_in_order(monkeypatch: pytest.MonkeyPatch, processors: int | None) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    for count in range(60):
        made = [list(range(count))[share] for share in shares(count)]
        assert list(itertools.chain(*made)) == list(range(count))
        assert len(made) <= (processors or 1)
        assert len(made) == 1 or min(map(len, made)) >= 5


def test_a_process_that_has_its_share_starts_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_SYNTH_SHARE", "25:50")
    assert shares(100) == [slice(25, 50)]


def test_a_share_that_failed_ends_the_app_with_its_code_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with (
        pytest.raises(SystemExit) as ended,
        synthesized_aside([sys.executable, "-c", "raise SystemExit(3)"], [slice(0, 5)]) as aside,
    ):
        aside.join(tmp_path)
    assert ended.value.code == 3
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("manifest.json", "{}")]


def test_no_process_or_folder_outlives_an_app_that_is_interrupted() -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    begun = {}

    def interrupted() -> None:
        with synthesized_aside(sleeper, [slice(0, 5), slice(5, 10)]) as aside:
            begun.update(aside.processes)
            assert all(folder.is_dir() and process.poll() is None for folder, process in begun.items())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(begun) == 2
    for folder, process in begun.items():
        assert process.returncode is not None
        assert not folder.exists()


def test_what_validation_said_of_every_share_is_kept(tmp_path: Path) -> None:
    def assembly(*reports: str) -> dict[str, str]:
        return {
            "manifest.json": json.dumps({"artifacts": {}}),
            "tree.json": json.dumps({"tree": {"children": {}}}),
            "validation-report.json": json.dumps({"pluginReports": list(reports)}),
        }

    writes = "import json, os, pathlib, sys\nfor name, text in json.loads(sys.argv[1]).items():\n"
    writes += "    pathlib.Path(os.environ['CDK_OUTDIR'], name).write_text(text)"
    for name, text in assembly("ours").items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-c", writes, json.dumps(assembly("theirs"))]
    with synthesized_aside(command, [slice(0, 5)]) as aside:
        aside.join(tmp_path)
    assert json.loads((tmp_path / "validation-report.json").read_text()) == {"pluginReports": ["ours", "theirs"]}
