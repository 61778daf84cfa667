"""A training script of the user's own is an algorithm whose hyperparameters the settings do not know."""

from pathlib import Path

import pytest

from slipway.errors import InputError
from slipway.settings import load_settings, parse_settings

USE_CASE = """
name = "digits"
problem = "multiclass"
[data]
target = "digit"
[data.columns]
ink = "number"
[training]
script = "my_model/fit.py"
requirements = "../pins.txt"
[tuning.fixed]
epochs = "40"
[tuning.ranges]
rate = { type = "continuous", min = 0.001, max = 0.1, scaling = "Logarithmic" }
[stages.dev]
[stages.prod.training]
script = "other.py"
"""


@pytest.mark.parametrize(("stage", "script"), [("dev", "my_model/fit.py"), ("prod", "other.py")])
def test_paths_begin_at_the_settings_own_folder(tmp_path: Path, stage: str, script: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/digits.toml").write_text(USE_CASE)
    training = load_settings(tmp_path / "config/digits.toml", stage).training
    assert training.script == str(tmp_path / "config" / script)
    assert training.requirements == str(tmp_path / "pins.txt")


def small(**more):
    tuning = {"ranges": {"rate": {"type": "continuous", "min": 0.1, "max": 0.2}}}
    document = {"name": "d", "stage": "dev", "data": {"target": "y", "positive_label": "1", "columns": {"x": "number"}}}
    return parse_settings(document | {"training": {"script": "fit.py"}, "tuning": tuning} | more, source="config.toml")


def test_it_is_what_is_searched_unless_the_settings_name_more() -> None:
    (search,) = small().search.searches
    assert (search.algorithm, list(search.ranges)) == ("script", ["rate"])
    rates = {"ranges": {"rate": {"type": "categorical", "values": ["1", "2"]}}}
    both = small(tuning={"algorithms": ["script", "xgboost"], "script": rates}).search
    assert [each.algorithm for each in both.searches] == ["script", "xgboost"]


RANGE = {"type": "categorical", "values": ["1"]}


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"training": {"script": "fit.sh"}}, "training: script must be a Python file, got fit.sh"),
        ({"training": {"script": "fit.py", "folds": 5}}, "training: folds must be 0 with script, which is run once a"),
        ({"training": {"requirements": "pins.txt"}}, "requirements must be left out without script, got pins.txt"),
        (
            {"training": {}, "tuning": {"algorithms": ["script"], "ranges": {"a": RANGE}}},
            "training.script must be given where tuning.algorithms has script",
        ),
        (
            {"tuning": {"algorithms": ["xgboost"]}},
            "training.script must be left out, or tuning.algorithms have script, got xgboost",
        ),
        ({"tuning": {}}, "ranges must have a hyperparameter that is not fixed; script has none by default"),
        (
            {"tuning": {"ranges": {"_a": RANGE, "sagemaker_b": RANGE, "data_fingerprint": RANGE}}},
            "must not begin with _ or sagemaker_, nor be data_fingerprint; got _a, data_fingerprint, sagemaker_b",
        ),
        ({"tuning": {"fixed": {"seed": "1"}, "ranges": {"a": RANGE}}}, "must leave algorithm and seed to the pipeline"),
        (
            {"tuning": {"early_stopping": True, "ranges": {"a": RANGE}}},
            "tuning.early_stopping is for xgboost, lightgbm",
        ),
    ],
)
def test_what_cannot_be_had_with_it_is_refused_in_one_line(more, error: str) -> None:
    with pytest.raises(InputError) as caught:
        small(**more)
    assert any(error in line for line in str(caught.value).splitlines()), str(caught.value)
