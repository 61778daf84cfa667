"""SageMaker as a boto3 user meets it: real jobs, a real pipeline, real events."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.process import CloudProcess, eventually

ROLE = "arn:aws:iam::000000000000:role/job"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}


@pytest.fixture(scope="module")
def bucket(cloud: CloudProcess) -> str:
    cloud("s3").create_bucket(Bucket="artifacts")
    cloud("s3").put_object(Bucket="artifacts", Key="data/table.csv", Body=b"a,b\n1,2\n")
    return "artifacts"


def training_job(image: str, bucket: str, **parameters: str) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "validation:auc", "Regex": "validation:auc=([0-9.]+)"}],
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
        "ResourceConfig": CLUSTER,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameters": parameters,
    }


def trained(cloud: CloudProcess, name: str) -> dict[str, Any]:
    sagemaker = cloud("sagemaker")

    def look() -> dict[str, Any] | None:
        job = sagemaker.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] not in ("InProgress", "Stopping") else None

    job: dict[str, Any] = eventually(look)
    return job


def test_a_training_job_makes_a_model_metrics_and_a_log(cloud: CloudProcess, image: str, bucket: str) -> None:
    cloud("sagemaker").create_training_job(TrainingJobName="train-1", **training_job(image, bucket, x="0.7"))
    job = trained(cloud, "train-1")
    assert (job["TrainingJobStatus"], job.get("FailureReason")) == ("Completed", None)
    assert job["FinalMetricDataList"][0]["Value"] == pytest.approx(1.0)
    where = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert where == "s3://artifacts/models/train-1/output/model.tar.gz"
    assert cloud("s3").head_object(Bucket=bucket, Key=where.split("/", 3)[3])["ContentLength"] > 0
    found = cloud("logs").filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="train-1")
    assert [event["message"] for event in found["events"]] == ["validation:auc=1.000000;"]
    stream = found["events"][0]["logStreamName"]
    lines = cloud("logs").get_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream)["events"]
    assert [event["message"] for event in lines] == ["validation:auc=1.000000;"]
    groups = cloud("logs").describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"]
    assert "/aws/sagemaker/TrainingJobs" in [group["logGroupName"] for group in groups]


def test_a_failing_job_shows_its_own_words(cloud: CloudProcess, image: str, bucket: str) -> None:
    request = training_job(image, bucket, fail="no column Revenue")
    cloud("sagemaker").create_training_job(TrainingJobName="train-2", **request)
    job = trained(cloud, "train-2")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no column Revenue, exit code: 1"


def test_a_job_of_an_image_that_was_not_built_fails(cloud: CloudProcess, bucket: str) -> None:
    cloud("sagemaker").create_training_job(TrainingJobName="train-3", **training_job("steps:none", bucket))
    assert "CannotPullContainerError" in trained(cloud, "train-3")["FailureReason"]


def test_a_running_job_can_be_stopped(cloud: CloudProcess, image: str, bucket: str) -> None:
    sagemaker = cloud("sagemaker")
    sagemaker.create_training_job(TrainingJobName="train-4", **training_job(image, bucket, sleep="60"))
    sagemaker.stop_training_job(TrainingJobName="train-4")
    assert trained(cloud, "train-4")["TrainingJobStatus"] == "Stopped"


def test_errors_come_as_boto3_knows_them(cloud: CloudProcess) -> None:
    sagemaker = cloud("sagemaker")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_training_job(TrainingJobName="none")
    with pytest.raises(ClientError, match=r"ValidationException.*Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName="none")
    with pytest.raises(ClientError, match=r"UnknownOperationException.*CreateNotebookInstance"):
        sagemaker.create_notebook_instance(NotebookInstanceName="n", InstanceType="ml.t2.medium", RoleArn=ROLE)


def test_a_search_finds_its_best_job(cloud: CloudProcess, image: str, bucket: str) -> None:
    sagemaker = cloud("sagemaker")
    definition = training_job(image, bucket)
    del definition["HyperParameters"]
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="search-1",
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
            "ResourceLimits": {"MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "x", "Values": ["0.1", "0.7", "0.9"]}]},
        },
        TrainingJobDefinition=definition,
    )

    def ended() -> dict[str, Any] | None:
        job = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="search-1")
        return job if job["HyperParameterTuningJobStatus"] != "InProgress" else None

    job = eventually(ended)
    assert (job["HyperParameterTuningJobStatus"], job.get("FailureReason")) == ("Completed", None)
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "0.7"}
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    found = [
        row["TunedHyperParameters"]["x"]
        for page in pages.paginate(
            HyperParameterTuningJobName="search-1",
            SortBy="FinalObjectiveMetricValue",
            SortOrder="Descending",
            PaginationConfig={"PageSize": 1},
        )
        for row in page["TrainingJobSummaries"]
    ]
    assert found == ["0.7", "0.9", "0.1"]


def definition(image: str, bucket: str) -> str:
    """Prepare → a condition on its report → register or fail."""
    output = {
        "S3Uri": f"s3://{bucket}/prepared",
        "LocalPath": "/opt/ml/processing/output/copy",
        "S3UploadMode": "EndOfJob",
    }
    source = {
        "S3Uri": f"s3://{bucket}/data/",
        "LocalPath": "/opt/ml/processing/input/data",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    prepare = {
        "Name": "Prepare",
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {"ClusterConfig": CLUSTER},
            "AppSpecification": {
                "ImageUri": image,
                "ContainerEntrypoint": ["python", "-m", "pipeline_steps", "prepare"],
                "ContainerArguments": [{"Get": "Parameters.Score"}],
            },
            "ProcessingInputs": [{"InputName": "data", "S3Input": source}],
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "copy", "S3Output": output}]},
            "RoleArn": ROLE,
        },
        "PropertyFiles": [{"PropertyFileName": "Report", "OutputName": "copy", "FilePath": "report.json"}],
    }
    score = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Prepare.PropertyFiles.Report"}, "Path": "score"}}
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "registry",
            "InferenceSpecification": {
                "Containers": [{"Image": image, "ModelDataUrl": f"s3://{bucket}/models/train-1/output/model.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        },
    }
    gate = {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": score, "RightValue": 0.5}],
            "IfSteps": [register],
            "ElseSteps": [{"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": "too low"}}],
        },
    }
    parameters = [{"Name": "Score", "Type": "String", "DefaultValue": "0.9"}]
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters, "Steps": [prepare, gate]})


@pytest.fixture(scope="module")
def pipeline(cloud: CloudProcess, image: str, bucket: str) -> str:
    cloud("sagemaker").create_model_package_group(ModelPackageGroupName="registry")
    cloud("sagemaker").create_pipeline(
        PipelineName="pipeline-1", PipelineDefinition=definition(image, bucket), RoleArn=ROLE
    )
    return "pipeline-1"


def executed(cloud: CloudProcess, pipeline: str, **parameters: str) -> dict[str, Any]:
    sagemaker = cloud("sagemaker")
    given = [{"Name": name, "Value": value} for name, value in parameters.items()]
    arn = sagemaker.start_pipeline_execution(PipelineName=pipeline, PipelineParameters=given)["PipelineExecutionArn"]

    def ended() -> dict[str, Any] | None:
        found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return found if found["PipelineExecutionStatus"] not in ("Executing", "Stopping") else None

    execution: dict[str, Any] = eventually(ended)
    return execution


def steps_of(cloud: CloudProcess, execution: dict[str, Any]) -> dict[str, dict[str, Any]]:
    arn = execution["PipelineExecutionArn"]
    rows = cloud("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return {row["StepName"]: row for row in rows}


def test_a_pipeline_prepares_judges_and_registers(cloud: CloudProcess, pipeline: str) -> None:
    execution = executed(cloud, pipeline)
    assert (execution["PipelineExecutionStatus"], execution.get("FailureReason")) == ("Succeeded", None)
    steps = steps_of(cloud, execution)
    assert {name: row["StepStatus"] for name, row in steps.items()} == dict.fromkeys(
        ("Prepare", "Gate", "Register"), "Succeeded"
    )
    package = cloud("sagemaker").describe_model_package(
        ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    arn = steps["Prepare"]["Metadata"]["ProcessingJob"]["Arn"]
    # As on AWS, an ARN bears the name in lower case and finds the job, but not its log stream.
    job = cloud("sagemaker").describe_processing_job(ProcessingJobName=arn.rpartition("/")[2])["ProcessingJobName"]
    found = cloud("logs").filter_log_events(logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=job)
    assert [event["message"] for event in found["events"]] == ["prepared"]


def test_a_pipeline_that_refuses_has_failed(cloud: CloudProcess, pipeline: str) -> None:
    execution = executed(cloud, pipeline, Score="0.1")
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert steps_of(cloud, execution)["Refuse"]["FailureReason"].endswith("too low")


def test_an_approval_reaches_a_rules_target(cloud: CloudProcess, image: str, pipeline: str) -> None:
    sqs, events, sagemaker = cloud("sqs"), cloud("events"), cloud("sagemaker")
    queue = sqs.create_queue(QueueName="approvals")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": ["registry"], "ModelApprovalStatus": ["Approved"]},
    }
    events.put_rule(Name="approved", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="approved", Targets=[{"Id": "queue", "Arn": arn}])
    package = sagemaker.create_model_package(
        ModelPackageGroupName="registry",
        InferenceSpecification={
            "Containers": [{"Image": image}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    received = eventually(lambda: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"))
    assert len(received) == 1
    event = json.loads(received[0]["Body"])
    assert (event["source"], event["resources"]) == ("aws.sagemaker", [package])
    assert event["detail"]["UpdatedModelPackageFields"] == ["ModelApprovalStatus"]
