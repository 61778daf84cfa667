"""A script of the user's own runs as a training job, and must leave what every training job leaves."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_steps import train
from pipeline_steps.artifact.files import FILES
from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.documents import write_json
from pipeline_steps.paths import Paths
from pipeline_steps.tables.use_case import Column, UseCase
from pipeline_steps.training_script.running import ScriptError, run_script

NETWORK = Path(__file__).with_name("network.py")
USE_CASE = UseCase(
    "binary",
    (Column("age", "number"), Column("plan", "category"), Column("paid", "boolean")),
    "bought",
    "auc",
    "yes",
    classes=("no", "yes"),
)


def table(rows: int, *, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age, plan = rng.normal(0, 1, rows), rng.choice(["free", "team"], rows)
    bought = (age + 1.5 * (plan == "team") + rng.normal(0, 0.5, rows) > 0.7).astype(int)
    paid = rng.choice(["true", "false"], rows)
    return pd.DataFrame({"age": np.where(rng.random(rows) < 0.1, np.nan, age), "plan": plan, "paid": paid}).assign(
        bought=bought
    )


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A training job's files."""
    made = Paths(tmp_path / "ml")
    for split, rows in (("train", 200), ("validation", 80)):
        write_json(made.channel(split) / "use_case.json", USE_CASE.to_document())
        table(rows, seed=rows).to_csv(made.channel(split) / "data.csv", index=False)
    write_json(made.hyperparameters, {"algorithm": "script", "seed": "3", "data_fingerprint": "0f", "units": "6"})
    return made


@pytest.fixture
def built(tmp_path: Path) -> Callable[[str], Path]:
    """What the image has of the user's code, of the text of a script."""

    def make(text: str) -> Path:
        (tmp_path / "user_code/files").mkdir(parents=True)
        (tmp_path / "user_code/files/fit.py").write_text(text)
        (tmp_path / "user_code/entry_point").write_text("fit.py\n")
        return tmp_path / "user_code"

    return make


@pytest.fixture(autouse=True)
def base(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_BASE_DIR", str(paths.root))


def test_a_network_of_the_users_own_leaves_the_artifact_and_the_lines_of_metrics(
    paths: Paths, built: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run_script(paths, built(NETWORK.read_text()))
    assert {path.name for path in paths.model.iterdir()} == set(FILES)
    artifact = read_folder(paths.model)
    assert artifact.contract.algorithm == "script"
    assert [column.name for column in artifact.contract.columns] == USE_CASE.names
    metrics = artifact.document("metrics.json")
    assert metrics["hyperparameters"] == {"algorithm": "script", "seed": 3, "units": "6"}
    assert metrics["validation"]["auc"] > 0.85
    printed = capsys.readouterr().out
    assert f"validation:auc={metrics['validation']['auc']:.6f};" in printed
    assert "agrees with the fitted model on 160 rows" in printed  # as many again with a missing value
    assert artifact.document("baseline.json")["attributions"]


def test_the_other_files_of_its_folder_can_be_imported(
    paths: Paths, built: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = built("import own_layers\nprint(own_layers.NAME)\nraise SystemExit(0)\n")
    (folder / "files/own_layers.py").write_text("NAME = 'two layers'\n")
    with pytest.raises(ScriptError, match=r"must leave model\.onnx"):
        run_script(paths, folder)
    assert "two layers" in capsys.readouterr().out


SHORT = "from slipway_artifact import read_training_data, save\ndata = read_training_data()\n"
WRONG_SHAPE = """
from onnx import TensorProto, helper
one = helper.make_tensor_value_info
graph = helper.make_graph(
    [helper.make_node("Identity", ["features"], ["score"])], "g",
    [one("features", TensorProto.FLOAT, [None, 3])], [one("score", TensorProto.FLOAT, [None, 3])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
save(model.SerializeToString(), data, predictions=data.validation.target)
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "print('nothing')",
            r"must leave model.onnx.* it lacks model.onnx.*: end it with slipway_artifact.save",
        ),
        ("import sys; sys.exit(3)", "fit.py ended with exit code 3"),
        ("import no_such_framework", "imports no_such_framework, which is not installed: list its package"),
        (f"{SHORT}save(b'', data)", "must be given predict or predictions"),
        (f"{SHORT}save(b'no graph', data, predictions=[])", "must be a graph that ONNX Runtime loads"),
        (
            SHORT + WRONG_SHAPE,
            r"one score a row, shape \(80,\), got \(80, 3\); the rows are those of the valid",
        ),
    ],
)
def test_a_script_that_leaves_no_model_fails_with_the_reason(
    paths: Paths, built: Callable[[str], Path], text: str, reason: str
) -> None:
    with pytest.raises(Exception, match=reason):
        run_script(paths, built(text))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            ("predict=predict", "predict=lambda rows: predict(rows) * 0.999"),
            "must give every row what the fitted",
        ),
        (
            ('("IsNaN", ["features"], "missing")', '("IsNaN", ["filled"], "missing")'),
            "not finite; the rows are those of the validation split",
        ),
    ],
)
def test_a_graph_that_is_not_the_fitted_model_is_refused(
    paths: Paths, built: Callable[[str], Path], change: tuple[str, str], reason: str
) -> None:
    with pytest.raises(Exception, match=reason):
        run_script(paths, built(NETWORK.read_text().replace(*change)))


def test_an_artifact_of_another_use_case_is_refused(paths: Paths, built: Callable[[str], Path]) -> None:
    folder = built(NETWORK.read_text())
    run_script(paths, folder)
    document = json.loads((paths.channel("train") / "use_case.json").read_text())
    write_json(paths.channel("train") / "use_case.json", document | {"columns": document["columns"][:2]})
    (folder / "files/fit.py").write_text("")  # it leaves what lies there
    with pytest.raises(ScriptError, match=r"columns age, plan, got binary with age, plan, paid"):
        run_script(paths, folder)


def test_an_image_without_a_script_has_no_such_algorithm(paths: Paths, tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"algorithm must not be script: the image was built without"):
        train.main((), paths)
    shutil.rmtree(paths.root)
