import pytest

from pipeline_steps.algorithms.hyperparameters import Hyperparameters, parse_hyperparameters
from pipeline_steps.errors import ArgumentError
from pipeline_steps.problems.problem import Likelihood


def test_strings_become_numbers_and_the_rest_is_filled_in() -> None:
    values = parse_hyperparameters({"algorithm": "xgboost", "eta": "0.1", "max_depth": "6"}).values
    assert (values["eta"], values["max_depth"], values["num_round"], values["seed"]) == (0.1, 6, 600, 0)


def test_what_sagemaker_adds_is_left_out() -> None:
    given = {"algorithm": "k_means", "_tuning_objective_metric": "validation:auc", "sagemaker_job_name": "j"}
    assert parse_hyperparameters(given).to_document("none") == {
        "algorithm": "k_means",
        "seed": 0,
        "clusters": 5,
        "restarts": 10,
    }


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "hyperparameter algorithm must be one of linear, xgboost, lightgbm, "),
        ({"algorithm": "forest"}, "hyperparameter algorithm must be one of linear, xgboost, lightgbm, "),
        ({"algorithm": "xgboost", "depth": "4"}, "hyperparameters of xgboost are seed, eta, max_depth"),
        ({"algorithm": "k_means", "eta": "0.1"}, "hyperparameters of k_means are seed, clusters, restarts; got eta"),
        ({"algorithm": "xgboost", "eta": "fast"}, "hyperparameter eta must be a number in 0.0001..1, got 'fast'"),
        ({"algorithm": "xgboost", "eta": "nan"}, "hyperparameter eta must be a number in 0.0001..1, got 'nan'"),
        ({"algorithm": "xgboost", "max_depth": "4.5"}, "hyperparameter max_depth must be a whole number in 1..16"),
        ({"algorithm": "xgboost", "subsample": "1.5"}, "hyperparameter subsample must be a number in 0.05..1"),
        ({"algorithm": "mlp", "class_weight": "much"}, "hyperparameter class_weight must be one of none, balanced"),
        ({"algorithm": "lightgbm", "monotone": "age"}, "hyperparameter monotone must be columns with a sign each"),
    ],
)
def test_a_wrong_hyperparameter_says_what_is_allowed(given: dict[str, str], reason: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse_hyperparameters(given)
    assert str(caught.value).startswith(reason)


def test_all_wrong_hyperparameters_are_reported_together() -> None:
    given = {"algorithm": "xgboost", "depth": "4", "eta": "fast", "max_depth": "0", "gamma": "1"}
    with pytest.raises(ArgumentError) as caught:
        parse_hyperparameters(given)
    unknown, *others = str(caught.value).splitlines()
    assert unknown.endswith("; got depth")
    assert others == [
        "hyperparameter eta must be a number in 0.0001..1, got 'fast'",
        "hyperparameter max_depth must be a whole number in 1..16, got '0'",
    ]


def test_monotone_columns_are_a_line_of_csv() -> None:
    given = {"algorithm": "xgboost", "monotone": '+income, "-debt, of the household",+a"b'}
    directions = {"income": 1, "debt, of the household": -1, 'a"b': 1}
    assert parse_hyperparameters(given).values["monotone"] == directions


def test_what_the_algorithm_chooses_by_the_data_has_no_value() -> None:
    assert parse_hyperparameters({"algorithm": "linear"}).values["alpha"] is None


@pytest.mark.parametrize(
    ("likelihood", "absent"), [("normal", {"class_weight"}), ("bernoulli", {"family"}), ("categorical", {"family"})]
)
def test_a_document_has_what_means_something_for_the_target_and_gives_all_of_it_back(
    likelihood: Likelihood, absent: set[str]
) -> None:
    given = parse_hyperparameters({"algorithm": "lightgbm", "monotone": "+age", "num_leaves": "7"})
    document = given.to_document(likelihood)
    assert given.values.keys() - document.keys() == absent
    assert Hyperparameters.from_document(document) == given
