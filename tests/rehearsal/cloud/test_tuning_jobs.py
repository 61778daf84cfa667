"""Tuning jobs: their trials, counters and best job."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

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


def definition() -> dict[str, Any]:
    whole = training("unused")
    parts = ("AlgorithmSpecification", "RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
    metric = {"Name": "validation:auc", "Regex": "auc=([0-9.]+)"}
    algorithm = {**whole["AlgorithmSpecification"], "MetricDefinitions": [metric]}
    return {part: whole[part] for part in parts} | {"AlgorithmSpecification": algorithm}


def start(bench: Bench, *values: str, ended: str = "Completed") -> threading.Event:
    """A tuner that starts one training job a value, and ends when the returned event is set."""
    go_on = threading.Event()

    def tuner(_request: Any, *, name: str, on_progress: Any, stopped: threading.Event) -> Any:
        names = [f"{name}-{number:03d}-abcd" for number, _ in enumerate(values, 1)]
        for each, value in zip(names, values, strict=True):
            bench("CreateTrainingJob", **training(each, x=value, _tuning_objective_metric="validation:auc"))
            on_progress(None)
        while not go_on.wait(0.005) and not stopped.is_set():
            pass
        best = {"TrainingJobName": names[values.index(max(values))]} if values else None
        status = "Stopped" if stopped.is_set() else ended
        return SimpleNamespace(
            status=status, failure_reason="all failed" if ended == "Failed" else None, best_training_job=best
        )

    bench.tuner = tuner
    bench("CreateHyperParameterTuningJob", **request())
    return go_on


def request() -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": NAME,
        "HyperParameterTuningJobConfig": CONFIG,
        "TrainingJobDefinition": definition(),
    }


def described(bench: Bench) -> dict[str, Any]:
    return bench("DescribeHyperParameterTuningJob", HyperParameterTuningJobName=NAME)


def trials(bench: Bench, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench(
        "ListTrainingJobsForHyperParameterTuningJob", HyperParameterTuningJobName=NAME, **more
    )["TrainingJobSummaries"]
    return found


def ended(bench: Bench) -> dict[str, Any]:
    status = "HyperParameterTuningJobStatus"
    return bench.ended("DescribeHyperParameterTuningJob", status, HyperParameterTuningJobName=NAME)


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
