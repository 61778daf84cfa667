"""SageMaker's requests, as IAM sees them."""

from typing import Any

import pytest

from rehearsal.cloud.access.calls import Call, call
from rehearsal.cloud.access.sagemaker_calls import sagemaker_calls

HERE = "arn:aws:sagemaker:us-east-1:000000000000"
ROLE, KEY = "arn:aws:iam::000000000000:role/job", "arn:aws:kms:us-east-1:000000000000:key/1"


def seen(operation: str, **parameters: Any) -> list[Call]:
    return list(sagemaker_calls(operation, parameters, lambda _: {}))


@pytest.mark.parametrize(
    ("operation", "parameters", "resource"),
    [
        ("DescribeProcessingJob", {"ProcessingJobName": "Prepare-1"}, "processing-job/prepare-1"),
        ("StopTrainingJob", {"TrainingJobName": "t"}, "training-job/t"),
        (
            "ListTrainingJobsForHyperParameterTuningJob",
            {"HyperParameterTuningJobName": "tune"},
            "hyper-parameter-tuning-job/tune",
        ),
        ("DescribeEndpointConfig", {"EndpointConfigName": "Config-x"}, "endpoint-config/config-x"),
        ("DescribeEndpoint", {"EndpointName": "shop"}, "endpoint/shop"),
        ("UpdateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "c"}, "endpoint/shop"),
        ("DeleteModel", {"ModelName": "Model-x"}, "model/model-x"),
        ("DescribeModelPackageGroup", {"ModelPackageGroupName": "shop"}, "model-package-group/shop"),
        ("DescribeModelPackage", {"ModelPackageName": f"{HERE}:model-package/shop/3"}, "model-package/shop/3"),
        ("DescribeModelPackage", {"ModelPackageName": "shop/3"}, "model-package/shop/3"),
        ("ListModelPackages", {"ModelPackageGroupName": "shop"}, "model-package/shop/*"),
        ("StartPipelineExecution", {"PipelineName": "Shop"}, "pipeline/shop"),
        (
            "DescribePipelineExecution",
            {"PipelineExecutionArn": f"{HERE}:pipeline/shop/execution/1"},
            "pipeline/shop/execution/1",
        ),
    ],
)
def test_a_request_names_its_resource(operation: str, parameters: dict[str, Any], resource: str) -> None:
    assert seen(operation, **parameters) == [call(f"sagemaker:{operation}", f"{HERE}:{resource}")]


def test_who_registers_a_package_lets_sagemaker_look_at_its_image() -> None:
    container = {"Image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/steps:1"}
    found = seen("CreateModelPackage", ModelPackageGroupName="shop", InferenceSpecification={"Containers": [container]})
    repository = "arn:aws:ecr:us-east-1:000000000000:repository/steps"
    assert found[2:] == [call("ecr:BatchGetImage", repository), call("ecr:DescribeImages", repository)]


def test_a_job_of_an_experiment_is_associated_with_its_trial() -> None:
    names = {"ExperimentName": "shop", "TrialName": "abc"}
    component, trial = f"{HERE}:experiment-trial-component/p-aws-processing-job", f"{HERE}:experiment-trial/abc"
    association = [call("sagemaker:AssociateTrialComponent", each) for each in (trial, component)]
    found = seen("CreateProcessingJob", ProcessingJobName="P", ExperimentConfig=names)
    assert found[1:] == [call("sagemaker:CreateTrialComponent", component), *association]
    made = seen("CreateTrial", **names)
    assert made == [call("sagemaker:CreateTrial", each) for each in (trial, f"{HERE}:experiment/shop")]


def test_what_names_no_resource_asks_for_all() -> None:
    assert seen("ListEndpoints") == [call("sagemaker:ListEndpoints", "*")]


def test_who_starts_a_job_hands_it_its_role_and_encrypts_its_volume() -> None:
    cluster = {"ClusterConfig": {"InstanceCount": 1, "VolumeKmsKeyId": KEY}}
    found = seen("CreateProcessingJob", ProcessingJobName="p", RoleArn=ROLE, ProcessingResources=cluster)
    assert found[1:] == [
        call("iam:PassRole", ROLE, iam__PassedToService="sagemaker.amazonaws.com"),
        call("kms:DescribeKey", KEY),
        call("kms:CreateGrant", KEY, kms__GrantIsForAWSResource="true"),
    ]


def test_a_tuning_job_passes_the_role_of_its_training_jobs() -> None:
    definition = {"RoleArn": ROLE, "ResourceConfig": {"VolumeKmsKeyId": KEY}}
    found = seen("CreateHyperParameterTuningJob", HyperParameterTuningJobName="t", TrainingJobDefinition=definition)
    assert [each.action for each in found[1:]] == ["iam:PassRole", "kms:DescribeKey", "kms:CreateGrant"]


@pytest.mark.parametrize("isolated", [True, False])
def test_training_tells_whether_its_containers_are_cut_off(isolated: bool) -> None:
    job = {"EnableNetworkIsolation": True} if isolated else {}
    one = seen("CreateTrainingJob", TrainingJobName="t", **job)
    many = seen("CreateHyperParameterTuningJob", HyperParameterTuningJobName="t", TrainingJobDefinition=job)
    expected = ("sagemaker:NetworkIsolation", str(isolated).lower())
    assert expected in one[0].context
    assert expected in many[0].context


@pytest.mark.parametrize("name", ["pipelines-0123456789ab-Prepare-x", "mine"])
def test_jobs_of_pipelines_are_tagged(name: str) -> None:
    actions = [each.action for each in seen("CreateTrainingJob", TrainingJobName=name)]
    assert ("sagemaker:AddTags" in actions) is (name != "mine")


def test_registering_tells_the_approval_and_asks_for_the_group_too() -> None:
    found = seen("CreateModelPackage", ModelPackageGroupName="shop", ModelApprovalStatus="Approved")
    approved = {"sagemaker__ModelApprovalStatus": "Approved"}
    assert found == [
        call("sagemaker:CreateModelPackage", f"{HERE}:model-package/shop/*", **approved),
        call("sagemaker:CreateModelPackage", f"{HERE}:model-package-group/shop", **approved),
    ]


def test_the_tags_of_a_model_are_its_context() -> None:
    tags = {f"{HERE}:model/m": {"slipway:endpoint": "shop"}}
    (found,) = sagemaker_calls("DescribeModel", {"ModelName": "M"}, lambda arn: tags.get(arn, {}))
    assert dict(found.context) == {"aws:ResourceTag/slipway:endpoint": "shop"}
