"""SageMaker as a boto3 user meets it: a real job, and errors of the SDK's own classes."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.process import CloudProcess, eventually

ROLE = "arn:aws:iam::000000000000:role/job"


def test_a_training_job_makes_a_model_metrics_and_a_log(cloud: CloudProcess, image: str) -> None:
    sagemaker = cloud("sagemaker")
    cloud("s3").create_bucket(Bucket="artifacts")
    sagemaker.create_training_job(
        TrainingJobName="train-1",
        AlgorithmSpecification={
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "validation:auc", "Regex": "validation:auc=([0-9.]+)"}],
        },
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://artifacts/models"},
        ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        HyperParameters={"x": "0.7"},
    )

    def ended() -> Any:
        found = sagemaker.describe_training_job(TrainingJobName="train-1")
        return found["TrainingJobStatus"] != "InProgress" and found

    job = eventually(ended)
    assert (job["TrainingJobStatus"], job.get("FailureReason")) == ("Completed", None)
    assert job["FinalMetricDataList"][0]["Value"] == pytest.approx(1.0)
    where = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert where == "s3://artifacts/models/train-1/output/model.tar.gz"
    assert cloud("s3").head_object(Bucket="artifacts", Key=where.split("/", 3)[3])["ContentLength"] > 0
    found = cloud("logs").filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="train-1")
    assert [event["message"] for event in found["events"]] == ["validation:auc=1.000000;"]
    stream = found["events"][0]["logStreamName"]
    lines = cloud("logs").get_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream)["events"]
    assert [event["message"] for event in lines] == ["validation:auc=1.000000;"]
    groups = cloud("logs").describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"]
    assert "/aws/sagemaker/TrainingJobs" in [group["logGroupName"] for group in groups]


def test_errors_come_as_boto3_knows_them(cloud: CloudProcess) -> None:
    sagemaker = cloud("sagemaker")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_training_job(TrainingJobName="none")
    with pytest.raises(ClientError, match=r"ValidationException.*Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName="none")
    with pytest.raises(ClientError, match=r"UnknownOperationException.*CreateNotebookInstance"):
        sagemaker.create_notebook_instance(NotebookInstanceName="n", InstanceType="ml.t2.medium", RoleArn=ROLE)
