"""The script that the settings name is found and run in the image that both engines build."""

from pathlib import Path

import pytest

from pipeline_steps.artifact.files import FILES
from pipeline_steps.documents import write_json
from pipeline_steps.paths import Paths
from pipeline_steps.tables.use_case import Column, UseCase
from pipeline_steps.training_script import running
from rehearsal.cloud.images import ImageTable
from slipway.settings import Training
from slipway.training.image import image_tag
from slipway.training.image_source import USER_CODE, USER_REQUIREMENTS, image_source

PROJECT = Path(__file__).resolve().parents[2]
NETWORK = PROJECT / "tests/pipeline_steps/training_script/network.py"


def test_the_image_is_built_with_what_the_settings_require() -> None:
    dockerfile = (PROJECT / "pipeline_steps/Dockerfile").read_text(encoding="utf-8")
    # a pattern, because most images are built without the file
    assert f"COPY requirements.lock {USER_REQUIREMENTS[:-1]}[t] /tmp/requirements/" in dockerfile
    assert f"--requirement /tmp/requirements/{USER_REQUIREMENTS}" in dockerfile


def test_the_image_has_the_script_where_training_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = image_source(PROJECT / "pipeline_steps", Training(script=str(NETWORK)), into=tmp_path / "source")
    built = []
    assert ImageTable(source, tmp_path / "work", on_built=built.append).build(image_tag(source)).accepted
    paths, use_case = Paths(tmp_path / "ml"), UseCase("binary", (Column("x", "number"),), "y", "auc", "1")
    for split in ("train", "validation"):
        write_json(paths.channel(split) / "use_case.json", use_case.to_document())
        (paths.channel(split) / "data.csv").write_text("x,y\n" + "1,0\n2,1\n,0\n" * 20)
    write_json(paths.hyperparameters, {"algorithm": "script", "seed": "0"})
    monkeypatch.setenv("SM_BASE_DIR", str(paths.root))
    assert running.USER_CODE.relative_to(PROJECT) == Path("pipeline_steps", USER_CODE)
    running.run_script(paths, built[0].folder / "pipeline_steps" / USER_CODE)
    assert {file.name for file in paths.model.iterdir()} == set(FILES)
