"""Launches with a recipe of features, and of models that a script of the user's own trains."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.launches import PROJECT, ends, launch

pytestmark = [pytest.mark.e2e, pytest.mark.thorough]
RECIPE = """
[features.numbers]
missing = "median"
missing_indicator = true
transform = "yeo_johnson"
scale = "standard"

[features.categories]
encode = "target"

[[features.rules]]
columns = ["ProductRelated*", "BounceRates", "ExitRates"]
outliers = { detect = "isolation_forest", treat = "drop" }

[features.derived]
ratios = [["ProductRelated_Duration", "ProductRelated"]]

[features.select]
method = "k_best"
k = 12
"""


def shoppers() -> str:
    """The headline use case with a recipe, and a short search."""
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    text = re.sub(r"^\[(tuning|gate).*?(?=^\[(?!tuning|gate))", "", text, flags=re.MULTILINE | re.DOTALL)
    return f"{text}{RECIPE}{DEPTHS}{GATE}"


def digits() -> str:
    """The digits with the shipped network in PyTorch."""
    text = (PROJECT / "config/digits.toml").read_text(encoding="utf-8")
    for old, new in (("../examples", str(PROJECT / "examples")), ("max_jobs = 6", "max_jobs = 2"), ('"15"', '"6"')):
        assert old in text
        text = text.replace(old, new)
    return text


GATE = "[gate]\nmax_loss_to_champion = 0.03\n"
"""Of some 600 test rows, two good models may differ by more than the 0.005 that the use case allows."""
DEPTHS = '\n[tuning]\nmax_jobs = 2\n[tuning.ranges]\nmax_depth = { type = "integer", min = 3, max = 6 }\n'


@pytest.mark.parametrize(
    ("text", "algorithms", "rows"),
    [
        pytest.param(shoppers(), {"xgboost", "linear"}, 3000, id="recipe"),
        pytest.param(
            digits(),
            {"script"},
            2000,
            id="torch",
            marks=pytest.mark.skipif(find_spec("torch") is None, reason="needs PyTorch: make test-torch"),
        ),
    ],
)
def test_two_models_go_live_and_the_bad_one_does_not(
    text: str, algorithms: set[str], rows: int, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    report = launch(tmp_path / "own.toml", fault="errors", rows=rows)
    assert ends(report) == ["promoted", "promoted", "rolled_back"]
    assert report["algorithm"] in algorithms
