import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.jobs.tuning import TuningError, TuningOutcome, TuningState, read_plan, run_tuning
from rehearsal.jobs.tuning.ranges import NumericRange

Objective = Callable[[dict[str, str]], float | None]


class FakeTraining:
    """Training jobs that end after a few looks, with the objective a function makes of their hyperparameters."""

    def __init__(self, objective: Objective, ticks: int | Callable[[int], int] = 1) -> None:
        self.requests: list[dict[str, Any]] = []
        self.most_at_once = 0
        self._objective = objective
        self._ticks: Callable[[int], int] = ticks if callable(ticks) else lambda _: ticks
        self._jobs: dict[str, dict[str, Any]] = {}

    def create_training_job(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        name = request["TrainingJobName"]
        self._jobs[name] = {
            "TrainingJobStatus": "InProgress",
            "left": self._ticks(len(self.requests)),
            "request": request,
        }
        running = sum(job["TrainingJobStatus"] == "InProgress" for job in self._jobs.values())
        self.most_at_once = max(self.most_at_once, running)
        return {"TrainingJobArn": f"arn:{name}"}

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        job = self._jobs[TrainingJobName]
        job["left"] -= 1
        if job["left"] < 0 and job["TrainingJobStatus"] == "InProgress":
            self._end(job)
        return {"TrainingJobArn": f"arn:{TrainingJobName}", "CreationTime": datetime.now(UTC), **job}

    def stop_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        self._jobs[TrainingJobName]["TrainingJobStatus"] = "Stopped"
        return {}

    def _end(self, job: dict[str, Any]) -> None:
        value = self._objective(job["request"]["HyperParameters"])
        if value is None:
            job |= {"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: no, exit code: 1"}
        else:
            metrics = [{"MetricName": "other", "Value": 9.0}, {"MetricName": "validation:auc", "Value": value}]
            job |= {"TrainingJobStatus": "Completed", "FinalMetricDataList": metrics}


ETA = {"Name": "eta", "MinValue": "0.01", "MaxValue": "1", "ScalingType": "Logarithmic"}
DEPTH = {"Name": "depth", "MinValue": "2", "MaxValue": "6", "ScalingType": "Linear"}
BOOSTER = {"Name": "booster", "Values": ["tree", "linear", "dart"]}
NUMERIC = {"ContinuousParameterRanges": [ETA], "IntegerParameterRanges": [DEPTH]}


def request(strategy: str, ranges: dict[str, Any], *, kind: str = "Maximize", **limits: Any) -> dict[str, Any]:
    metric = {"Name": "validation:auc", "Regex": "auc=([0-9.]+)"}
    config = {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": kind, "MetricName": "validation:auc"},
        "ResourceLimits": {"MaxParallelTrainingJobs": 1, **limits},
        "ParameterRanges": ranges,
        "RandomSeed": 7,
    }
    definition = {
        "StaticHyperParameters": {"num_round": "50"},
        "AlgorithmSpecification": {"TrainingImage": "steps:1", "MetricDefinitions": [metric]},
        "RoleArn": "arn:role",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    }
    return {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": definition}


def configured(wanted: dict[str, Any], **config: Any) -> dict[str, Any]:
    return {**wanted, "HyperParameterTuningJobConfig": wanted["HyperParameterTuningJobConfig"] | config}


def hyperband(jobs: int = 3, parallel: int = 1, **resources: int) -> dict[str, Any]:
    limits = {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel}
    wanted = request("Hyperband", NUMERIC, **limits)
    return configured(wanted, StrategyConfig={"HyperbandStrategyConfig": resources})


def several(
    strategy: str,
    *,
    names: tuple[str, ...] = ("trees", "linear"),
    kinds: tuple[str, ...] = ("Maximize", "Maximize"),
    **limits: Any,
) -> dict[str, Any]:
    """A search over two algorithms, of which the second has five combinations."""
    wanted = request(strategy, {}, **limits)
    config, definition = wanted["HyperParameterTuningJobConfig"], wanted["TrainingJobDefinition"]
    del config["HyperParameterTuningJobObjective"], config["ParameterRanges"]
    all_ranges = [NUMERIC, {"IntegerParameterRanges": [DEPTH]}]
    definitions = [
        definition
        | {
            "DefinitionName": name,
            "StaticHyperParameters": {"algorithm": name},
            "TuningObjective": {"Type": kind, "MetricName": "validation:auc"},
            "HyperParameterRanges": ranges,
        }
        for name, kind, ranges in zip(names, kinds, all_ranges, strict=True)
    ]
    return {"HyperParameterTuningJobConfig": config, "TrainingJobDefinitions": definitions}


def tune(
    wanted: dict[str, Any],
    sagemaker: Any,
    on_progress: Callable[[TuningState], None] = lambda _: None,
    stopped: threading.Event | None = None,
    **given: Any,
) -> TuningOutcome:
    return run_tuning(
        wanted,
        name="tune-1",
        sagemaker=sagemaker,
        on_progress=on_progress,
        stopped=stopped or threading.Event(),
        poll_seconds=0.001,
        **given,
    )


def near_a_tenth(hyperparameters: dict[str, str]) -> float:
    return 1 - abs(math.log10(float(hyperparameters["eta"])) + 1)


def tried(sagemaker: FakeTraining) -> list[dict[str, str]]:
    return [each["HyperParameters"] for each in sagemaker.requests]


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_a_search_runs_its_jobs_and_names_the_best(strategy: str) -> None:
    sagemaker = FakeTraining(near_a_tenth)
    outcome = tune(request(strategy, NUMERIC, MaxNumberOfTrainingJobs=9), sagemaker)
    assert (outcome.status, len(sagemaker.requests)) == ("Completed", 9)
    best = outcome.best_training_job
    assert best is not None
    expected = max(tried(sagemaker), key=near_a_tenth)
    assert best["TunedHyperParameters"] == {"eta": expected["eta"], "depth": expected["depth"]}
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {
        "Type": "Maximize",
        "MetricName": "validation:auc",
        "Value": near_a_tenth(expected),
    }
    assert outcome.training_job_counters["Completed"] == 9
    assert outcome.objective_counters == {"Succeeded": 9, "Pending": 0, "Failed": 0}


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_the_same_seed_tries_the_same_values(strategy: str) -> None:
    wanted = request(strategy, {**NUMERIC, "CategoricalParameterRanges": [BOOSTER]}, MaxNumberOfTrainingJobs=8)
    first, second = FakeTraining(near_a_tenth), FakeTraining(near_a_tenth)
    tune(wanted, first)
    tune(wanted, second)
    assert tried(first) == tried(second)
    other = FakeTraining(near_a_tenth)
    wanted["HyperParameterTuningJobConfig"]["RandomSeed"] = 8
    tune(wanted, other)
    assert tried(other) != tried(first)


def test_bayesian_search_learns_from_its_results() -> None:
    sagemaker = FakeTraining(near_a_tenth)
    tune(request("Bayesian", {"ContinuousParameterRanges": [ETA]}, MaxNumberOfTrainingJobs=40), sagemaker)
    scores = [near_a_tenth(each) for each in tried(sagemaker)]
    assert sum(scores[-15:]) / 15 > sum(scores[:10]) / 10 + 0.1


def test_minimize_looks_for_the_smallest_value() -> None:
    sagemaker = FakeTraining(near_a_tenth)
    outcome = tune(request("Bayesian", NUMERIC, kind="Minimize", MaxNumberOfTrainingJobs=8), sagemaker)
    assert outcome.best_training_job
    best = outcome.best_training_job["FinalHyperParameterTuningJobObjectiveMetric"]
    assert best["Value"] == min(near_a_tenth(each) for each in tried(sagemaker))


def test_a_grid_tries_every_combination_once() -> None:
    ranges = {"CategoricalParameterRanges": [BOOSTER, {"Name": "depth", "Values": ["3", "5"]}]}
    sagemaker = FakeTraining(lambda each: float(each["depth"]))
    outcome = tune(request("Grid", ranges), sagemaker)
    assert outcome.status == "Completed"
    combinations = [(each["booster"], each["depth"]) for each in tried(sagemaker)]
    assert combinations == [(b, d) for b in ("tree", "linear", "dart") for d in ("3", "5")]


@pytest.mark.parametrize("parallel", [1, 3])
def test_no_more_jobs_run_at_once_than_allowed(parallel: int) -> None:
    sagemaker = FakeTraining(near_a_tenth, ticks=3)
    tune(request("Bayesian", NUMERIC, MaxNumberOfTrainingJobs=9, MaxParallelTrainingJobs=parallel), sagemaker)
    assert (sagemaker.most_at_once, len(sagemaker.requests)) == (parallel, 9)


def test_a_training_job_is_asked_for_as_sagemaker_does() -> None:
    sagemaker = FakeTraining(near_a_tenth)
    tune(request("Random", NUMERIC, MaxNumberOfTrainingJobs=2), sagemaker)
    first, second = sagemaker.requests
    assert first["TrainingJobName"].startswith("tune-1-001-")
    assert second["TrainingJobName"].startswith("tune-1-002-")
    assert first["HyperParameters"]["num_round"] == "50"
    assert first["HyperParameters"]["_tuning_objective_metric"] == "validation:auc"
    assert (first["RoleArn"], first["OutputDataConfig"]) == ("arn:role", {"S3OutputPath": "s3://bucket/models"})
    assert "StaticHyperParameters" not in first


def test_its_training_jobs_bear_its_tags_and_wait_for_spot_machines_as_it_says() -> None:
    sagemaker = FakeTraining(near_a_tenth)
    asked = request("Random", NUMERIC, MaxNumberOfTrainingJobs=1)
    spot = {"EnableManagedSpotTraining": True, "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints"}}
    asked["TrainingJobDefinition"] |= spot
    tags = [{"Key": "slipway-use-case", "Value": "shoppers-dev"}]
    tune(asked | {"Tags": tags}, sagemaker)
    (made,) = sagemaker.requests
    assert {key: made[key] for key in (*spot, "Tags")} == {**spot, "Tags": tags}


def test_failed_training_jobs_are_counted_and_the_search_goes_on() -> None:
    numbers = iter(range(100))
    sagemaker = FakeTraining(lambda _: None if next(numbers) % 2 else 0.5)
    outcome = tune(request("Bayesian", NUMERIC, MaxNumberOfTrainingJobs=6), sagemaker)
    assert outcome.status == "Completed"
    assert outcome.training_job_counters["NonRetryableError"] == 3
    assert outcome.objective_counters == {"Succeeded": 3, "Pending": 0, "Failed": 3}


def test_a_search_none_of_whose_jobs_succeeded_fails() -> None:
    outcome = tune(request("Random", NUMERIC, MaxNumberOfTrainingJobs=3), FakeTraining(lambda _: None))
    assert (outcome.status, outcome.best_training_job) == ("Failed", None)
    assert outcome.failure_reason == (
        "No training job succeeded after 3 attempts; the first: AlgorithmError: no, exit code: 1"
    )


def test_progress_is_told_as_jobs_start_and_end() -> None:
    states: list[TuningState] = []
    tune(request("Random", NUMERIC, MaxNumberOfTrainingJobs=2), FakeTraining(near_a_tenth), states.append)
    statuses = [[row["TrainingJobStatus"] for row in state.training_jobs] for state in states]
    assert statuses == [["InProgress"], ["Completed"], ["Completed", "InProgress"], ["Completed", "Completed"]]


def test_a_stopped_search_stops_its_jobs() -> None:
    stopped = threading.Event()
    sagemaker = FakeTraining(near_a_tenth, ticks=10**9)
    wanted = request("Random", NUMERIC, MaxNumberOfTrainingJobs=9, MaxParallelTrainingJobs=2)
    outcome = tune(wanted, sagemaker, lambda state: stopped.set() if len(state.training_jobs) == 2 else None, stopped)
    assert outcome.status == "Stopped"
    assert outcome.training_job_counters["Stopped"] == 2
    assert len(sagemaker.requests) == 2


def test_a_search_past_its_time_keeps_the_best_so_far() -> None:
    values = iter([0.5])
    sagemaker = FakeTraining(lambda _: next(values))
    create = sagemaker.create_training_job

    def first_quick_then_endless(**wanted: Any) -> dict[str, Any]:
        answer = create(**wanted)
        if len(sagemaker.requests) > 1:
            sagemaker._jobs[wanted["TrainingJobName"]]["left"] = 10**9
        return answer

    sagemaker.create_training_job = first_quick_then_endless  # type: ignore[method-assign]
    outcome = tune(request("Random", NUMERIC, MaxNumberOfTrainingJobs=9, MaxRuntimeInSeconds=1), sagemaker)
    assert outcome.status == "Completed"
    assert outcome.training_job_counters == {
        "Completed": 1, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 1}  # fmt: skip


def test_a_search_that_reaches_its_target_ends() -> None:
    wanted = request("Random", NUMERIC, MaxNumberOfTrainingJobs=9)
    wanted["HyperParameterTuningJobConfig"]["TuningJobCompletionCriteria"] = {"TargetObjectiveMetricValue": 0.5}
    sagemaker = FakeTraining(lambda _: 0.7)
    assert tune(wanted, sagemaker).status == "Completed"
    assert len(sagemaker.requests) == 1


def test_a_training_job_that_is_refused_fails_the_search() -> None:
    sagemaker = FakeTraining(near_a_tenth)

    def refuse(**_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "no such role"}}, "CreateTrainingJob")

    sagemaker.create_training_job = refuse  # type: ignore[method-assign]
    outcome = tune(request("Random", NUMERIC, MaxNumberOfTrainingJobs=3), sagemaker)
    assert outcome.status == "Failed"
    assert "no such role" in str(outcome.failure_reason)


@pytest.mark.parametrize("kind", ["Maximize", "Minimize"])
@pytest.mark.parametrize("build", [request, several])
def test_the_same_seed_tries_the_same_values_whichever_job_ends_first(build: Any, kind: str) -> None:
    ranges = {"ranges": NUMERIC, "kind": kind} if build is request else {"kinds": (kind, kind)}
    limits = {"MaxNumberOfTrainingJobs": 5, "MaxParallelTrainingJobs": 3}
    if build is request:
        limits["MaxNumberOfTrainingJobs"] = 15
    outcomes, tries = [], []
    for ticks in (lambda _: 1, lambda number: 1 + 7 * (number % 3), lambda number: 30 // number):
        sagemaker = FakeTraining(lambda each: float(each["depth"]), ticks)
        outcome = tune(build("Bayesian", **ranges, **limits), sagemaker)
        assert outcome.best_training_job
        outcomes.append(outcome.best_training_job["TrainingJobName"][: len("tune-1-001")])
        tries.append(tried(sagemaker))
    assert tries[0] == tries[1] == tries[2]
    assert len(set(outcomes)) == 1


def test_the_first_of_equal_jobs_is_the_best() -> None:
    sagemaker = FakeTraining(lambda _: 0.5, lambda number: 12 // number)
    outcome = tune(request("Random", NUMERIC, MaxNumberOfTrainingJobs=4, MaxParallelTrainingJobs=4), sagemaker)
    assert outcome.best_training_job
    assert outcome.best_training_job["TrainingJobName"].startswith("tune-1-001-")


def test_each_algorithm_of_a_search_has_its_turn_and_the_best_job_wins_whichever_made_it() -> None:
    sagemaker = FakeTraining(lambda each: 0.9 if each["algorithm"] == "linear" else 0.1)
    outcome = tune(several("Random", MaxNumberOfTrainingJobs=5), sagemaker)
    assert [each["algorithm"] for each in tried(sagemaker)] == ["trees", "linear", "trees", "linear", "trees"]
    assert ["eta" in each for each in tried(sagemaker)] == [True, False, True, False, True]
    assert outcome.best_training_job
    assert outcome.best_training_job["TrainingJobDefinitionName"] == "linear"
    assert outcome.best_training_job["TrainingJobName"].startswith("tune-1-002-")


def test_a_grid_over_several_algorithms_has_the_combinations_of_each() -> None:
    wanted = several("Grid")
    for definition, values in zip(wanted["TrainingJobDefinitions"], (["3", "5", "7"], ["1"]), strict=True):
        definition["HyperParameterRanges"] = {"CategoricalParameterRanges": [{"Name": "depth", "Values": values}]}
    sagemaker = FakeTraining(lambda each: float(each["depth"]))
    assert tune(wanted, sagemaker).status == "Completed"
    assert sorted((each["algorithm"], each["depth"]) for each in tried(sagemaker)) == [
        ("linear", "1"),
        ("trees", "3"),
        ("trees", "5"),
        ("trees", "7"),
    ]


def test_a_search_starts_from_earlier_results() -> None:
    good = [({"eta": str(0.09 + step / 1000), "depth": "4"}, 0.95) for step in range(20)]
    bad = [({"eta": str(0.5 + step / 50), "depth": "4"}, 0.1) for step in range(20)]
    outside = [({"eta": "7", "depth": "4"}, 2.0), ({"depth": "4"}, 2.0)]
    etas = []
    for earlier in ([], [*good, *bad, *outside]):
        sagemaker = FakeTraining(near_a_tenth)
        tune(request("Bayesian", NUMERIC, MaxNumberOfTrainingJobs=6), sagemaker, earlier=earlier)
        etas.append([abs(math.log10(float(each["eta"])) + 1) for each in tried(sagemaker)])
    without, with_earlier = etas
    assert sum(with_earlier) < sum(without) / 2


class Reporting(FakeTraining):
    """Jobs that report a value at each look, and are at the end after ten."""

    def __init__(self, curve: Callable[[int], float]) -> None:
        super().__init__(lambda each: each["_final"], ticks=10)  # type: ignore[arg-type, return-value]
        self._curve = curve

    def create_training_job(self, **wanted: Any) -> dict[str, Any]:
        number = len(self.requests) + 1
        return super().create_training_job(
            **wanted | {"HyperParameters": wanted["HyperParameters"] | {"_final": 10 * self._curve(number)}}
        )

    def reported(self, name: str) -> list[float]:
        job = self._jobs[name]
        number = int(name.split("-")[2])
        seen = 10 - max(0, job["left"])
        return [self._curve(number) * count for count in range(1, seen + 1)]

    def statuses(self) -> list[str]:
        return [job["TrainingJobStatus"] for job in self._jobs.values()]


@pytest.mark.parametrize(
    "wanted",
    [
        configured(request("Random", NUMERIC, MaxNumberOfTrainingJobs=4), TrainingJobEarlyStoppingType="Auto"),
        hyperband(jobs=4, MinResource=1, MaxResource=100),
    ],
)
def test_a_job_that_does_worse_than_earlier_ones_is_stopped(wanted: dict[str, Any]) -> None:
    sagemaker = Reporting(lambda number: {1: 3.0, 2: 4.0, 3: 1.0, 4: 5.0}[number])
    outcome = tune(wanted, sagemaker, reported=sagemaker.reported)
    assert sagemaker.statuses() == ["Completed", "Completed", "Stopped", "Completed"]
    assert outcome.training_job_counters["Stopped"] == 1
    rows = outcome.training_jobs
    values = [row["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for row in rows]
    assert values == [30.0, 40.0, 1.0, 50.0]


def test_no_job_goes_on_beyond_hyperbands_most_resources() -> None:
    sagemaker = Reporting(float)
    outcome = tune(hyperband(jobs=2, MaxResource=6), sagemaker, reported=sagemaker.reported)
    assert sagemaker.statuses() == ["Stopped", "Stopped"]
    values = [row["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for row in outcome.training_jobs]
    assert values == [6.0, 12.0]


@given(st.floats(0, 1), st.sampled_from(["Auto", "Linear", "Logarithmic"]), st.integers(1, 50), st.integers(1, 50))
def test_an_integer_range_gives_integers_inside_it(position: float, scaling: str, low: int, size: int) -> None:
    value = NumericRange("x", low, low + size, scaling, integer=True).at(position)
    assert low <= int(value) <= low + size


@given(st.floats(0, 1), st.sampled_from(["Linear", "Logarithmic"]), st.booleans())
def test_a_value_of_a_range_has_its_place_again(position: float, scaling: str, integer: bool) -> None:
    bounds = NumericRange("x", 2, 9, scaling, integer=integer)
    value = bounds.at(position)
    again = bounds.position_of(value)
    assert again is not None
    assert float(bounds.at(again)) == pytest.approx(float(value))
    assert bounds.position_of("10") is None


@given(st.floats(0, 1), st.sampled_from(["Linear", "Logarithmic", "ReverseLogarithmic"]))
def test_a_continuous_range_gives_values_inside_it(position: float, scaling: str) -> None:
    assert 0.9 <= float(NumericRange("x", 0.9, 0.999, scaling, integer=False).at(position)) <= 0.999


@pytest.mark.parametrize(
    ("low", "high", "scaling", "middle"),
    [(0.01, 1, "Linear", 0.505), (0.01, 1, "Logarithmic", 0.1), (0.9, 0.999, "ReverseLogarithmic", 0.99)],
)
def test_the_middle_of_a_range_is_the_middle_of_its_scale(low: float, high: float, scaling: str, middle: float) -> None:
    assert float(NumericRange("x", low, high, scaling, integer=False).at(0.5)) == pytest.approx(middle)


def test_every_integer_of_a_range_can_be_drawn() -> None:
    bounds = NumericRange("x", 3, 7, "Linear", integer=True)
    assert {bounds.at(step / 100) for step in range(101)} == {"3", "4", "5", "6", "7"}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (request("Hyperband", NUMERIC, MaxNumberOfTrainingJobs=3), "MaxResource must be given with Hyperband"),
        (hyperband(MinResource=9, MaxResource=3), "MaxResource must be in 9..20000, MinResource and the most, got 3"),
        (hyperband(MaxResource=20_001), "MaxResource must be in 1..20000, MinResource and the most, got 20001"),
        (
            configured(hyperband(MaxResource=9), TrainingJobEarlyStoppingType="Auto"),
            "TrainingJobEarlyStoppingType must be Off with Strategy Hyperband",
        ),
        (
            configured(hyperband(MaxResource=9), Strategy="Random"),
            "StrategyConfig must be left out but for Hyperband, got Random",
        ),
        (request("Luck", NUMERIC, MaxNumberOfTrainingJobs=3), "Strategy must be one of Bayesian, Random, Grid, Hyp"),
        (
            configured(several("Random", MaxNumberOfTrainingJobs=3), TrainingJobEarlyStoppingType="Auto"),
            "TrainingJobEarlyStoppingType must be Off with several TrainingJobDefinitions",
        ),
        (
            several("Random", MaxNumberOfTrainingJobs=3) | {"WarmStartConfig": {}},
            "WarmStartConfig must be left out with several TrainingJobDefinitions",
        ),
        (
            several("Hyperband", MaxNumberOfTrainingJobs=3),
            "Strategy must be Bayesian, Random or Grid with several TrainingJobDefinitions, got Hyperband",
        ),
        (
            several("Random", MaxNumberOfTrainingJobs=6),
            "for the provided ranges [5.0] must be equal or greater than the value of MaxNumberOfJobs, [6]",
        ),
        (
            request("Random", NUMERIC, MaxNumberOfTrainingJobs=3)
            | {"TrainingJobDefinitions": several("Random")["TrainingJobDefinitions"]},
            "must have either TrainingJobDefinition or TrainingJobDefinitions",
        ),
        (
            configured(several("Random", MaxNumberOfTrainingJobs=3), ParameterRanges=NUMERIC),
            "ParameterRanges must be given in each of TrainingJobDefinitions, not beside them",
        ),
        (
            several("Random", names=("trees", "trees"), MaxNumberOfTrainingJobs=3),
            "DefinitionName must differ, got trees, trees",
        ),
        (
            several("Random", kinds=("Maximize", "Minimize"), MaxNumberOfTrainingJobs=3),
            "TuningObjective must be the same in every definition",
        ),
        (request("Random", NUMERIC), "MaxNumberOfTrainingJobs must be given for Random"),
        (request("Random", {}, MaxNumberOfTrainingJobs=3), "ParameterRanges must name each hyperparameter once"),
        (request("Grid", NUMERIC), "Grid must have categorical ranges only, got a numeric one for eta, depth"),
        (
            request("Grid", {"CategoricalParameterRanges": [BOOSTER]}, MaxNumberOfTrainingJobs=2),
            "MaxNumberOfTrainingJobs of a Grid must be its 3 combinations or left out, got 2",
        ),
        (
            request("Random", {"ContinuousParameterRanges": [ETA | {"MinValue": "0"}]}, MaxNumberOfTrainingJobs=3),
            "range of eta must be above 0 for Logarithmic, got 0",
        ),
        (
            request("Random", {"IntegerParameterRanges": [DEPTH | {"MaxValue": "2"}]}, MaxNumberOfTrainingJobs=3),
            "range of depth must have MinValue below MaxValue, got 2 and 2",
        ),
        (
            request("Random", {"IntegerParameterRanges": [DEPTH | {"MaxValue": "2.5"}]}, MaxNumberOfTrainingJobs=3),
            "range of depth must be integers, got 2 and 2.5",
        ),
        (
            request("Random", {"CategoricalParameterRanges": [BOOSTER]}, MaxNumberOfTrainingJobs=4),
            "for the provided ranges [3.0] must be equal or greater than the value of MaxNumberOfJobs, [4]",
        ),
        (
            request(
                "Bayesian",
                {"IntegerParameterRanges": [DEPTH], "CategoricalParameterRanges": [BOOSTER]},
                MaxNumberOfTrainingJobs=100,
            ),
            "must be equal or greater than the value of MaxNumberOfJobs, [100]",
        ),
        (
            request(
                "Random",
                {"CategoricalParameterRanges": [BOOSTER | {"Values": ["a", "b", "a"]}]},
                MaxNumberOfTrainingJobs=1,
            ),
            f"Values of {BOOSTER['Name']} must be given once each, got a twice",
        ),
        (
            request("Random", NUMERIC, MaxNumberOfTrainingJobs=3, MaxParallelTrainingJobs=4),
            "MaxParallelTrainingJobs must be at most MaxNumberOfTrainingJobs, got 4 of 3 jobs",
        ),
        (
            request(
                "Random",
                {"ContinuousParameterRanges": [ETA | {"Name": f"x{number}"} for number in range(31)]},
                MaxNumberOfTrainingJobs=3,
            ),
            "at most 30 hyperparameters together, got 31",
        ),
    ],
)
def test_a_search_that_cannot_be_run_is_refused(wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(TuningError) as error:
        read_plan(wanted)
    assert message in str(error.value)
    assert tune(wanted, FakeTraining(near_a_tenth)).status == "Failed"


def test_an_objective_nobody_measures_is_refused() -> None:
    wanted = request("Random", NUMERIC, MaxNumberOfTrainingJobs=3)
    wanted["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"] = "auc"
    with pytest.raises(
        TuningError, match=r"objective metric must be one of MetricDefinitions \(validation:auc\), got auc"
    ):
        read_plan(wanted)
