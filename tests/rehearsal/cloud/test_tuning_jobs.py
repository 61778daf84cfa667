"""Tuning jobs: their trials, counters and best job."""

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.cloud.local_tuner import LocalTuner
from rehearsal.cloud.sagemaker.api_errors import ApiError
from tests.rehearsal.cloud.fakes import Bench
from tests.rehearsal.cloud.process import eventually
from tests.rehearsal.cloud.test_jobs import training

NAME = "search"
CONFIG = {
    "Strategy": "Random",
    "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
    "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1},
    "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]},
}


OTHER = {"Type": "Minimize", "MetricName": "validation:auc"}
DATA = [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}}}]


def definition(image: str | None = None) -> dict[str, Any]:
    whole = training("unused")
    parts = ("AlgorithmSpecification", "RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
    metric = {"Name": "validation:auc", "Regex": "auc=([0-9.]+)"}
    algorithm = {**whole["AlgorithmSpecification"], "MetricDefinitions": [metric]}
    algorithm |= {"TrainingImage": image} if image else {}
    return {part: whole[part] for part in parts} | {"AlgorithmSpecification": algorithm}


def start(
    bench: Bench, *values: str, ended: str = "Completed", seen: list[Any] | None = None, **asked: Any
) -> threading.Event:
    """A tuner that starts one training job a value, and ends with the last of them once the returned event is set.

    `seen` gets the earlier results that the tuner is given.
    """
    go_on = threading.Event()

    def tuner(_request: Any, *, name: str, on_progress: Any, stopped: threading.Event, earlier: Any, **_: Any) -> Any:
        if seen is not None:
            seen.extend(earlier)
        names = [f"{name}-{number:03d}-abcd" for number, _ in enumerate(values, 1)]
        for each, value in zip(names, values, strict=True):
            bench("CreateTrainingJob", **training(each, x=value, _tuning_objective_metric="validation:auc"))
            on_progress(None)
        while not (stopped.is_set() or (go_on.is_set() and all(has_ended(bench, each) for each in names))):
            time.sleep(0.005)
        best = {"TrainingJobName": names[values.index(max(values))]} if values else None
        status = "Stopped" if stopped.is_set() else ended
        return SimpleNamespace(
            status=status, failure_reason="all failed" if ended == "Failed" else None, best_training_job=best
        )

    bench.tuner = tuner
    bench("CreateHyperParameterTuningJob", **request(**asked))
    return go_on


def has_ended(bench: Bench, training_job: str) -> bool:
    status: str = bench("DescribeTrainingJob", TrainingJobName=training_job)["TrainingJobStatus"]
    return status not in {"InProgress", "Stopping"}


def request(**changes: Any) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": NAME,
        "HyperParameterTuningJobConfig": CONFIG,
        "TrainingJobDefinition": definition(),
        **changes,
    }


def several() -> dict[str, Any]:
    """What a request over two algorithms has instead of TrainingJobDefinition."""
    config = {key: CONFIG[key] for key in ("Strategy", "ResourceLimits")}
    definitions = [
        definition()
        | {
            "DefinitionName": name,
            "StaticHyperParameters": {"algorithm": name},
            "TuningObjective": CONFIG["HyperParameterTuningJobObjective"],
            "HyperParameterRanges": CONFIG["ParameterRanges"],
        }
        for name in ("trees", "linear")
    ]
    return {"HyperParameterTuningJobConfig": config, "TrainingJobDefinitions": definitions}


def described(bench: Bench, name: str = NAME) -> dict[str, Any]:
    return bench("DescribeHyperParameterTuningJob", HyperParameterTuningJobName=name)


def trials(bench: Bench, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench(
        "ListTrainingJobsForHyperParameterTuningJob", HyperParameterTuningJobName=NAME, **more
    )["TrainingJobSummaries"]
    return found


def ended(bench: Bench, name: str = NAME) -> dict[str, Any]:
    status = "HyperParameterTuningJobStatus"
    return bench.ended("DescribeHyperParameterTuningJob", status, HyperParameterTuningJobName=name)


def test_a_volume_key_is_refused_on_machines_with_disks_of_their_own(bench: Bench) -> None:
    machine = {"InstanceCount": 1, "InstanceType": "ml.p3dn.24xlarge", "VolumeSizeInGB": 5, "VolumeKmsKeyId": "key"}
    asked = request()
    asked["TrainingJobDefinition"]["ResourceConfig"] = machine
    with pytest.raises(ApiError, match="KMS key is not supported for NVMe instance storage"):
        bench("CreateHyperParameterTuningJob", **asked)


def test_trials_belong_to_the_tuning_job_that_started_them(bench: Bench) -> None:
    bench.runner.release.set()
    go_on = start(bench, "0.2", "0.8")
    eventually(lambda: len(trials(bench)) == 2)
    job = bench("DescribeTrainingJob", TrainingJobName=f"{NAME}-001-abcd")
    assert job["TuningJobArn"] == described(bench)["HyperParameterTuningJobArn"]
    go_on.set()
    ended(bench)


def test_the_best_trial_and_the_counters_are_shown(bench: Bench) -> None:
    bench.runner.release.set()
    go_on = start(bench, "0.2", "0.8", "0.5")
    eventually(lambda: described(bench)["ObjectiveStatusCounters"]["Succeeded"] == 3)
    go_on.set()
    job = ended(bench)
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    best = job["BestTrainingJob"]
    assert best["TrainingJobName"] == f"{NAME}-002-abcd"
    assert best["TunedHyperParameters"] == {"x": "0.8"}
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {
        "Type": "Maximize",
        "MetricName": "validation:auc",
        "Value": 0.8,
    }


def test_trials_can_be_listed_by_their_objective(bench: Bench) -> None:
    bench.runner.release.set()
    go_on = start(bench, "0.2", "0.8", "0.5")
    eventually(lambda: described(bench)["ObjectiveStatusCounters"]["Succeeded"] == 3)
    found = trials(bench, SortBy="FinalObjectiveMetricValue", SortOrder="Descending", MaxResults=2)
    assert [row["TunedHyperParameters"]["x"] for row in found] == ["0.8", "0.5"]
    go_on.set()
    ended(bench)


def test_a_search_in_which_all_fail_has_failed(bench: Bench) -> None:
    start(bench, ended="Failed").set()
    job = ended(bench)
    assert (job["HyperParameterTuningJobStatus"], job["FailureReason"]) == ("Failed", "all failed")


def test_a_search_can_be_stopped(bench: Bench) -> None:
    start(bench, "0.1")
    bench("StopHyperParameterTuningJob", HyperParameterTuningJobName=NAME)
    assert ended(bench)["HyperParameterTuningJobStatus"] == "Stopped"


@pytest.mark.parametrize("status", ["Completed", "InProgress"])
def test_searches_are_listed(bench: Bench, status: str) -> None:
    go_on = start(bench)
    if status == "Completed":
        go_on.set()
        ended(bench)
    found = bench("ListHyperParameterTuningJobs", StatusEquals=status)["HyperParameterTuningJobSummaries"]
    assert [(job["HyperParameterTuningJobName"], job["Strategy"]) for job in found] == [(NAME, "Random")]
    go_on.set()


def test_a_search_that_sagemaker_refuses_is_not_made(bench: Bench) -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["a", "b"]}]}
    asked = request() | {"HyperParameterTuningJobConfig": CONFIG | {"ParameterRanges": ranges}}
    with pytest.raises(ApiError, match=r"provided ranges \[2.0\] must be equal or greater") as error:
        bench("CreateHyperParameterTuningJob", **asked)
    assert (error.value.code, error.value.status) == ("ValidationException", 400)
    with pytest.raises(ApiError):
        described(bench)


def test_the_trials_of_several_algorithms_bear_the_name_of_their_definition(bench: Bench) -> None:
    bench.runner.release.set()
    asked = request(**several())
    del asked["TrainingJobDefinition"]
    bench.tuner = LocalTuner(lambda _: _Client(bench))
    bench("CreateHyperParameterTuningJob", **asked)
    job = ended(bench)
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    assert [row["TrainingJobDefinitionName"] for row in trials(bench)] == ["trees", "linear", "trees"]
    assert all(set(row["TunedHyperParameters"]) == {"x"} for row in trials(bench))
    assert job["BestTrainingJob"]["TrainingJobDefinitionName"] in {"trees", "linear"}


class _Client:
    """The calls of a tuner, made of the control plane itself."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def create_training_job(self, **request: Any) -> Any:
        return self._bench("CreateTrainingJob", **request)

    def describe_training_job(self, **request: Any) -> Any:
        return self._bench("DescribeTrainingJob", **request)


def warm_start(kind: str = "TransferLearning", parent: str = NAME) -> dict[str, Any]:
    parents = [{"HyperParameterTuningJobName": parent}]
    return {
        "HyperParameterTuningJobName": "next",
        "WarmStartConfig": {"ParentHyperParameterTuningJobs": parents, "WarmStartType": kind},
    }


@pytest.mark.parametrize("kind", ["TransferLearning", "IdenticalDataAndAlgorithm"])
def test_a_search_starts_from_what_its_parents_trials_came_to(bench: Bench, kind: str) -> None:
    bench.runner.release.set()
    start(bench, "0.2", "0.8").set()
    ended(bench)
    found: list[Any] = []
    start(bench, "0.5", seen=found, **warm_start(kind)).set()
    job = ended(bench, "next")
    assert [(given["x"], value) for given, value in found] == [("0.2", 0.2), ("0.8", 0.8)]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "0.5"}
    overall = {"TunedHyperParameters": {"x": "0.8"}} if kind == "IdenticalDataAndAlgorithm" else None
    shown = job.get("OverallBestTrainingJob")
    assert (shown and {"TunedHyperParameters": shown["TunedHyperParameters"]}) == overall


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (warm_start(parent="none"), "tuning job none"),
        (
            {"HyperParameterTuningJobConfig": CONFIG | {"HyperParameterTuningJobObjective": OTHER}},
            "the objective must be that of parent tuning job search",
        ),
        (
            {"TrainingJobDefinition": definition() | {"StaticHyperParameters": {"y": "1"}}},
            "static and searched hyperparameters must be 1 together, as of parent search, got 2",
        ),
        (
            warm_start("IdenticalDataAndAlgorithm")
            | {"TrainingJobDefinition": definition() | {"InputDataConfig": DATA}},
            "the input data must be that of parent tuning job search",
        ),
        (
            warm_start("IdenticalDataAndAlgorithm") | {"TrainingJobDefinition": definition(image="other:1")},
            "the training image must be that of parent tuning job search",
        ),
    ],
)
def test_a_search_cannot_start_from_what_has_nothing_to_do_with_it(
    bench: Bench, changes: dict[str, Any], message: str
) -> None:
    start(bench).set()
    ended(bench)
    with pytest.raises(ApiError, match=message):
        start(bench, **warm_start() | changes)


def test_a_search_cannot_start_from_one_that_still_runs(bench: Bench) -> None:
    go_on = start(bench)
    with pytest.raises(ApiError, match="parent tuning job search must have ended, got InProgress"):
        start(bench, **warm_start())
    go_on.set()
