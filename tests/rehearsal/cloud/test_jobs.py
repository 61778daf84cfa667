"""Training and processing jobs: their lives, logs, events and lists."""

from typing import Any

import pytest

from rehearsal.cloud.sagemaker.api_errors import ApiError
from tests.rehearsal.cloud.fakes import Bench
from tests.rehearsal.cloud.process import eventually

ROLE = "arn:aws:iam::000000000000:role/training"


def training(name: str, **parameters: str) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "HyperParameters": parameters,
        "AlgorithmSpecification": {"TrainingImage": "steps:1", "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://models/"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def processing(name: str) -> dict[str, Any]:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": "steps:1"},
        "RoleArn": ROLE,
    }


NO_VOLUME = "KMS key is not supported for NVMe instance storage"


def test_a_volume_key_is_refused_on_machines_with_disks_of_their_own(bench: Bench) -> None:
    machine = {"InstanceCount": 1, "InstanceType": "ml.g5.xlarge", "VolumeSizeInGB": 5, "VolumeKmsKeyId": "key"}
    with pytest.raises(ApiError, match=NO_VOLUME) as refused:
        bench("CreateTrainingJob", **training("T9") | {"ResourceConfig": machine})
    assert refused.value.code == "ValidationException"
    with pytest.raises(ApiError, match=NO_VOLUME):
        bench("CreateProcessingJob", **processing("P9") | {"ProcessingResources": {"ClusterConfig": machine}})


def ended_training(bench: Bench, name: str) -> dict[str, Any]:
    return bench.ended("DescribeTrainingJob", "TrainingJobStatus", TrainingJobName=name)


def test_a_training_job_runs_and_shows_what_it_made(bench: Bench) -> None:
    made = bench("CreateTrainingJob", **training("T1", x="0.5"))
    assert made == {"TrainingJobArn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/t1"}
    running = eventually(
        lambda: (job := bench("DescribeTrainingJob", TrainingJobName="T1"))["SecondaryStatus"] == "Training" and job
    )
    assert running["TrainingJobStatus"] == "InProgress"
    bench.runner.release.set()
    job = ended_training(bench, "T1")
    assert job["TrainingJobStatus"] == "Completed"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": "s3://models/model.tar.gz"}
    assert job["FinalMetricDataList"][0]["Value"] == 0.5
    assert job["TrainingTimeInSeconds"] >= 1


@pytest.mark.parametrize(
    ("asked", "reported"),
    [
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds"),
        ({"EnableManagedSpotTraining": True, "waits": 30}, "Invalid MaxWaitTimeInSeconds"),
        ({"waits": 600}, "EnableManagedSpotTraining is false"),
    ],
)
def test_the_times_of_a_spot_job_are_checked(bench: Bench, asked: dict[str, Any], reported: str) -> None:
    request = training("T1", x="0.5")
    stopping = {"MaxRuntimeInSeconds": 60} | ({"MaxWaitTimeInSeconds": asked.pop("waits")} if "waits" in asked else {})
    with pytest.raises(ApiError, match=reported):
        bench("CreateTrainingJob", **request | asked | {"StoppingCondition": stopping})


def test_its_lines_go_to_the_jobs_own_log_stream(bench: Bench) -> None:
    bench.runner.release.set()
    bench("CreateTrainingJob", **training("t2"))
    ended_training(bench, "t2")
    group, stream, line = bench.lines[0]
    assert (group, line) == ("/aws/sagemaker/TrainingJobs", "hello from the container")
    assert stream.startswith("t2/algo-1-")


def test_its_start_and_end_are_told_on_the_bus_with_times_in_milliseconds(bench: Bench) -> None:
    bench.runner.release.set()
    bench("CreateTrainingJob", **training("t3"), Tags=[{"Key": "team", "Value": "web"}])
    ended_training(bench, "t3")
    assert bench.kinds() == ["SageMaker Training Job State Change"] * 2
    (_, first, resources), (_, last, _) = bench.events
    assert (first["TrainingJobStatus"], last["TrainingJobStatus"]) == ("InProgress", "Completed")
    assert resources == ["arn:aws:sagemaker:us-east-1:000000000000:training-job/t3"]
    assert last["Tags"] == {"team": "web"}
    assert last["TrainingEndTime"] > 1_500_000_000_000


def test_a_failed_job_tells_why(bench: Bench) -> None:
    bench.runner.failure = "AlgorithmError: no column Revenue, exit code: 1"
    bench.runner.release.set()
    bench("CreateTrainingJob", **training("t4"))
    job = ended_training(bench, "t4")
    assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", bench.runner.failure)


def test_a_job_can_be_stopped_once(bench: Bench) -> None:
    bench("CreateTrainingJob", **training("t5"))
    bench("StopTrainingJob", TrainingJobName="t5")
    assert ended_training(bench, "t5")["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ApiError, match="rejected because the training job is in status Stopped"):
        bench("StopTrainingJob", TrainingJobName="t5")


def test_a_name_is_given_once(bench: Bench) -> None:
    bench("CreateTrainingJob", **training("t6"))
    with pytest.raises(ApiError, match="names must be unique") as caught:
        bench("CreateTrainingJob", **training("t6"))
    assert caught.value.code == "ResourceInUse"


def test_an_unknown_job_is_not_found(bench: Bench) -> None:
    with pytest.raises(ApiError, match="training job none") as caught:
        bench("DescribeTrainingJob", TrainingJobName="none")
    assert caught.value.code == "ResourceNotFound"


def test_jobs_are_listed_by_name_and_status(bench: Bench) -> None:
    bench.runner.release.set()
    for name in ("a-1", "b-1", "a-2"):
        bench("CreateTrainingJob", **training(name))
        ended_training(bench, name)
    found = bench(
        "ListTrainingJobs", NameContains="a-", StatusEquals="Completed", SortBy="Name", SortOrder="Descending"
    )
    assert [job["TrainingJobName"] for job in found["TrainingJobSummaries"]] == ["a-2", "a-1"]


def test_a_processing_job_runs(bench: Bench) -> None:
    bench.runner.release.set()
    bench("CreateProcessingJob", **processing("p1"))
    job = bench.ended("DescribeProcessingJob", "ProcessingJobStatus", ProcessingJobName="p1")
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert job["ProcessingEndTime"] >= job["ProcessingStartTime"]
    assert bench.kinds()[-1] == "SageMaker Processing Job State Change"


def test_the_end_of_the_process_stops_every_job(bench: Bench) -> None:
    bench("CreateTrainingJob", **training("t7"))
    bench.plane.close()
    assert ended_training(bench, "t7")["TrainingJobStatus"] == "Stopped"
