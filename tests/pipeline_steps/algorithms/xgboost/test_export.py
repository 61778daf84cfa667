import numpy as np
import pytest

from pipeline_steps.algorithms.xgboost.export import boosters_graph
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.errors import StepError
from tests.pipeline_steps.algorithms.tables import task


def _model(objective: str = "binary:logistic", booster: str = "gbtree", **tree: object) -> dict[str, object]:
    leaf = {"left_children": [-1], "right_children": [-1], "split_indices": [0], "split_conditions": [0.1]}
    trees = [{**leaf, "default_left": [0], **tree}]
    return {
        "learner": {
            "objective": {"name": objective},
            "gradient_booster": {"name": booster, "model": {"trees": trees, "tree_info": [0]}},
            "learner_model_param": {"base_score": "[2.5E-1]"},
        }
    }


def test_a_tree_without_a_split_is_exported() -> None:
    score = Scorer(boosters_graph([_model()], task("bernoulli"), "logistic", columns=2), "score").score(
        np.zeros((1, 2), dtype=np.float32)
    )
    assert score.tolist() == pytest.approx([1 / (1 + 3 * np.exp(-0.1))])


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (_model(objective="rank:ndcg"), "the objective must be one of binary:logistic, .* to be exported"),
        (_model(booster="dart"), "the booster must be gbtree to be exported, got dart"),
        (_model(split_type=[1]), "trees must split on numbers to be exported"),
    ],
)
def test_a_model_of_another_kind_is_refused(model: dict[str, object], reason: str) -> None:
    with pytest.raises(StepError, match=reason):
        boosters_graph([model], task("bernoulli"), "logistic", columns=2)
