"""The hyperparameter search that the settings come to, and those that SageMaker or its jobs would refuse."""

import pytest

from slipway.errors import InputError
from slipway.settings import parse_settings
from slipway.settings.hyperparameters import ALGORITHMS

ROOT = "tuning."
KNOWN = ", ".join(ALGORITHMS["xgboost"].hyperparameters)

BINARY = "linear, xgboost, lightgbm, random_forest, mlp, script"


def reported(document):
    with pytest.raises(InputError) as caught:
        parse_settings(document, source="config.toml")
    return str(caught.value).splitlines()


DEPTHS = {"type": "integer", "min": 3, "max": 7}
ETA = "tuning.ranges.eta"
ETAS = {"type": "continuous", "min": 0.5, "max": 1.0}
RATES = {"type": "categorical", "values": ["0.05", "0.1", "0.2"]}


@pytest.mark.parametrize(
    ("tuning", "errors"),
    [
        (
            {"max_jobs": 6, "ranges": {"max_depth": DEPTHS}},
            [f"{ROOT}max_jobs must be at most 5, the number of combinations in tuning.ranges, got 6"],
        ),
        ({"max_jobs": 15, "ranges": {"max_depth": DEPTHS, "eta": RATES}}, []),
        (
            {"max_jobs": 16, "ranges": {"max_depth": DEPTHS, "eta": RATES}},
            [f"{ROOT}max_jobs must be at most 15, the number of combinations in tuning.ranges, got 16"],
        ),
        ({"max_jobs": 700, "ranges": {"eta": {"type": "continuous", "min": 0.1, "max": 0.2}}}, []),
        (
            {"max_jobs": 3, "max_parallel_jobs": 4, "ranges": {"max_depth": DEPTHS}},
            [f"{ROOT}max_parallel_jobs must be at most 3, the number of jobs, got 4"],
        ),
        (
            {"max_jobs": 1, "ranges": {"eta": {"type": "categorical", "values": ["0.1", "0.2", "0.1"]}}},
            ["tuning.ranges.eta: values must differ from each other, got 0.1 more than once"],
        ),
        (
            {
                "strategy": "Grid",
                "ranges": {
                    name: {"type": "categorical", "values": [str(value) for value in range(1, 11)]}
                    for name in ("max_depth", "gamma", "reg_alpha")
                },
            },
            [f"{ROOT}ranges must have at most 750 combinations with strategy Grid, got 1000"],
        ),
        (
            {
                "strategy": "Grid",
                "fixed": {"eta": "0.1", "seed": "1"},
                "ranges": {"eta": {"type": "categorical", "values": ["0.1"]}, "gamma": DEPTHS},
            },
            [
                f"{ROOT}ranges.gamma must be categorical with strategy Grid, got integer",
                f"{ROOT}ranges must leave out what is fixed, got eta",
                f"{ROOT}fixed and ranges must leave algorithm and seed to the pipeline, got seed",
            ],
        ),
        (
            {"ranges": {"eta": ETAS | {"min": 3.0, "max": 3.0}}},
            [f"{ETA}: min must be below max, got 3.0 and 3.0"],
        ),
        (
            {"ranges": {"eta": ETAS | {"min": 0.0, "scaling": "Logarithmic"}}},
            [f"{ETA}: min must be above 0 with Logarithmic scaling, got 0.0"],
        ),
        (
            {"ranges": {"eta": ETAS | {"scaling": "ReverseLogarithmic"}}},
            [f"{ETA}: min and max must be in 0..1 (1 left out) with ReverseLogarithmic scaling, got 0.5 and 1.0"],
        ),
        (
            {
                "fixed": {"eta": "2", "num_round": "many"},
                "ranges": {"gamma": {"type": "integer", "min": -1, "max": 30}},
            },
            [
                f"{ROOT}ranges.gamma must be a number in 0..10000, got -1",
                f"{ROOT}fixed.eta must be a number in 0.0001..1, got 2",
                f"{ROOT}fixed.num_round must be a whole number in 1..100000, got many",
            ],
        ),
        (
            {
                "fixed": {"learning_rate": "0.1"},
                "ranges": {"max_depth": {"type": "continuous", "min": 3.0, "max": 7.0}},
            },
            [
                f"{ROOT}ranges.max_depth must be integer or categorical, got continuous",
                f"{ROOT}fixed and ranges must be of {KNOWN}; got learning_rate",
            ],
        ),
    ],
)
def test_a_search_that_sagemaker_or_its_jobs_would_refuse_is_refused(document, tuning, errors) -> None:
    document["tuning"] = tuning
    if errors:
        assert reported(document) == [f"config.toml: {error}" for error in errors]
    else:
        parse_settings(document, source="config.toml")


REPORT = "needs a gate.metric that is reported in training, log_loss, rmse, got auc"
XGBOOST_AND_LINEAR = {"algorithms": ["xgboost", "linear"]}


@pytest.mark.parametrize(
    ("tuning", "errors"),
    [
        (XGBOOST_AND_LINEAR, []),
        (XGBOOST_AND_LINEAR | {"xgboost": {"ranges": {"max_depth": DEPTHS}}, "max_jobs": 5}, []),
        (
            XGBOOST_AND_LINEAR | {"xgboost": {"ranges": {"max_depth": DEPTHS}}, "max_jobs": 6},
            ["max_jobs must be at most 5, the number of combinations in tuning.xgboost.ranges, got 6"],
        ),
        (
            XGBOOST_AND_LINEAR | {"ranges": {"max_depth": DEPTHS}, "mlp": {}},
            [
                "mlp must be left out: the search is over xgboost, linear",
                "ranges must be left out with several algorithms: use tuning.xgboost.ranges and its like",
            ],
        ),
        (
            {"fixed": {"eta": "0.1"}, "xgboost": {"fixed": {"eta": "0.1"}}},
            ["fixed must be left out with tuning.xgboost: use tuning.xgboost.fixed"],
        ),
        (
            {"algorithms": ["k_means", "xgboost", "xgboost"]},
            [
                "algorithms must name each algorithm once, got k_means, xgboost, xgboost",
                f"algorithms must be of {BINARY} with problem binary, got k_means",
            ],
        ),
        (
            {"algorithms": ["linear"], "fixed": {"alpha": "0.1"}},
            ["ranges must have a hyperparameter that is not fixed; linear searches alpha by default"],
        ),
        (
            XGBOOST_AND_LINEAR
            | {"early_stopping": True, "warm_start": {"parents": ["first"], "type": "TransferLearning"}},
            [
                "early_stopping must be left out with several algorithms: SageMaker has it for one",
                "warm_start must be left out with several algorithms: SageMaker has it for one",
            ],
        ),
        (
            XGBOOST_AND_LINEAR | {"strategy": "Hyperband"},
            ["strategy must be Bayesian, Random or Grid with several algorithms, got Hyperband"],
        ),
        (
            {"strategy": "Hyperband", "hyperband": {"min_resource": 2, "max_resource": 9}},
            ["strategy Hyperband " + REPORT],
        ),
        (
            {"strategy": "Hyperband", "early_stopping": True, "hyperband": {"min_resource": 1001}},
            [
                "strategy Hyperband " + REPORT,
                "early_stopping must be left out with strategy Hyperband, which stops jobs by itself",
                "hyperband.min_resource must be at most max_resource 1000, got 1001",
            ],
        ),
        ({"hyperband": {}}, ["hyperband must be left out with strategy Bayesian"]),
        (
            {"algorithms": ["random_forest"], "early_stopping": True},
            [
                "early_stopping is for xgboost, lightgbm, which report while they train, got random_forest",
                "early_stopping " + REPORT,
            ],
        ),
        (
            {"strategy": "Random", "warm_start": {"parents": ["first"], "type": "TransferLearning"}},
            ["warm_start must be left out with strategy Random, which learns from no earlier job"],
        ),
    ],
)
def test_what_sagemaker_offers_for_one_algorithm_alone_is_refused_for_several(document, tuning, errors) -> None:
    document["tuning"] = tuning
    if errors:
        assert reported(document) == [f"config.toml: {ROOT}{error}" for error in errors]
    else:
        parse_settings(document, source="config.toml")


@pytest.mark.parametrize("tuning", [{"strategy": "Hyperband"}, {"early_stopping": True, "algorithms": ["lightgbm"]}])
def test_jobs_are_stopped_by_a_loss_that_they_report(document, tuning) -> None:
    document["gate"] = {"metric": "log_loss"}
    assert searched(document, "binary", **tuning).jobs == 12


def searched(document, problem, **tuning):
    document.pop("decision")
    document["problem"], document["tuning"] = problem, tuning
    return parse_settings(document, source="config.toml").search


def test_each_algorithm_has_ranges_of_its_own_where_none_are_given(document) -> None:
    search = searched(document, "binary", algorithms=["xgboost", "linear"], xgboost={"fixed": {"eta": "0.1"}})
    trees, linear = search.searches
    assert (trees.algorithm, dict(trees.fixed)) == ("xgboost", {"eta": "0.1"})
    assert trees.ranges.keys() == ALGORITHMS["xgboost"].ranges.keys() - {"eta"}
    assert linear.ranges.keys() == ALGORITHMS["linear"].ranges.keys()


@pytest.mark.parametrize(
    ("tuning", "jobs", "parallel"),
    [
        ({}, 12, 2),
        ({"max_jobs": 1}, 1, 1),
        ({"ranges": {"max_depth": DEPTHS}}, 5, 2),
        ({"strategy": "Grid", "max_jobs": 2, "ranges": {"eta": RATES, "gamma": RATES}}, 9, 2),
        (
            XGBOOST_AND_LINEAR
            | {
                "strategy": "Grid",
                "xgboost": {"ranges": {"eta": RATES, "gamma": RATES}},
                "linear": {"ranges": {"alpha": RATES}},
            },
            12,
            2,
        ),
    ],
)
def test_a_search_has_no_more_jobs_than_combinations_and_a_grid_all_of_them(document, tuning, jobs, parallel) -> None:
    search = searched(document, "binary", **tuning)
    assert (search.jobs, search.parallel_jobs) == (jobs, parallel)


@pytest.mark.parametrize("algorithm", [name for name, one in ALGORITHMS.items() if one.ranges])
def test_the_usual_ranges_of_every_algorithm_can_be_searched(document, algorithm) -> None:
    (problem, *_) = ALGORITHMS[algorithm].problems
    if problem in {"clustering", "anomaly"}:
        document["data"].pop("target"), document["data"].pop("positive_label")
        document.pop("gate"), document.pop("value")
    (search,) = searched(document, problem, algorithms=[algorithm]).searches
    assert search.ranges.keys() == ALGORITHMS[algorithm].ranges.keys()
