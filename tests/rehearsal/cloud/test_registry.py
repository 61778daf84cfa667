"""Package groups, packages, models: what may be deployed."""

from typing import Any

import pytest

from rehearsal.cloud.sagemaker.api_errors import ApiError

GROUP = "shoppers"
CONTAINER = {"Image": "registry/steps:built", "ModelDataUrl": "s3://models/model.tar.gz"}


@pytest.fixture
def api(bench: Any) -> Any:
    bench("CreateModelPackageGroup", ModelPackageGroupName=GROUP)
    return bench


def package(api: Any, **more: Any) -> str:
    specification = {"Containers": [dict(CONTAINER)]}
    arn: str = api("CreateModelPackage", ModelPackageGroupName=GROUP, InferenceSpecification=specification, **more)[
        "ModelPackageArn"
    ]
    return arn


def test_packages_of_a_group_are_numbered_and_wait_for_approval(api: Any) -> None:
    assert [package(api).rsplit("/", 2)[1:] for _ in range(2)] == [[GROUP, "1"], [GROUP, "2"]]
    found = api("DescribeModelPackage", ModelPackageName=package(api))
    assert (found["ModelPackageVersion"], found["ModelApprovalStatus"]) == (3, "PendingManualApproval")


def test_a_number_is_not_given_twice(api: Any) -> None:
    api("DeleteModelPackage", ModelPackageName=package(api))
    assert package(api).endswith("/2")


def test_the_images_digest_is_recorded(api: Any) -> None:
    found = api("DescribeModelPackage", ModelPackageName=package(api))
    assert found["InferenceSpecification"]["Containers"][0]["ImageDigest"].startswith("sha256:")


def test_the_newest_approved_package_is_found(api: Any) -> None:
    arns = [package(api) for _ in range(3)]
    for arn in arns[:2]:
        api("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    found = api(
        "ListModelPackages",
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    assert [row["ModelPackageArn"] for row in found["ModelPackageSummaryList"]] == [arns[1], arns[0]]


def test_creation_and_approval_are_told_on_the_bus(api: Any) -> None:
    arn = package(api)
    api("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    reported = [(detail, resources) for kind, detail, resources in api.events if "Model Package" in kind]
    assert [detail["ModelApprovalStatus"] for detail, _ in reported] == ["PendingManualApproval", "Approved"]
    assert reported[1][0]["UpdatedModelPackageFields"] == ["ModelApprovalStatus", "ApprovalDescription"]
    assert reported[1][0]["ModelPackageGroupName"] == GROUP
    assert reported[1][1] == [arn]


def test_metadata_is_merged_and_removed(api: Any) -> None:
    arn = package(api, CustomerMetadataProperties={"commit": "a", "data": "b"})
    api(
        "UpdateModelPackage",
        ModelPackageArn=arn,
        CustomerMetadataProperties={"verdict": "promoted"},
        CustomerMetadataPropertiesToRemove=["data"],
    )
    found = api("DescribeModelPackage", ModelPackageName=arn)["CustomerMetadataProperties"]
    assert found == {"commit": "a", "verdict": "promoted"}


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_what_is_not_approved_becomes_no_model(api: Any, status: str) -> None:
    arn = package(api, ModelApprovalStatus=status)
    with pytest.raises(ApiError, match=f"must be Approved, got {status}"):
        api("CreateModel", ModelName="m", Containers=[{"ModelPackageName": arn}])


def test_a_model_serves_what_its_package_holds(api: Any) -> None:
    arn = package(api, ModelApprovalStatus="Approved")
    api("CreateModel", ModelName="M", Containers=[{"ModelPackageName": arn, "Environment": {"A": "1"}}])
    variant = {"VariantName": "v", "ModelName": "M", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    api("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[variant])
    api("CreateEndpoint", EndpointName="e", EndpointConfigName="c")
    assert api.fleets.models == {
        "M": {"Image": CONTAINER["Image"], "ModelDataUrl": CONTAINER["ModelDataUrl"], "Environment": {"A": "1"}}
    }
    assert api("DescribeModel", ModelName="M")["Containers"] == [{"ModelPackageName": arn, "Environment": {"A": "1"}}]


def test_a_container_is_told_what_its_package_says_and_what_its_model_says(api: Any) -> None:
    container = {**CONTAINER, "Environment": {"A": "package", "B": "package"}}
    specification = {"Containers": [container]}
    arn = api(
        "CreateModelPackage",
        ModelPackageGroupName=GROUP,
        InferenceSpecification=specification,
        ModelApprovalStatus="Approved",
    )["ModelPackageArn"]
    api("CreateModel", ModelName="M", Containers=[{"ModelPackageName": arn, "Environment": {"A": "model"}}])
    variant = {"VariantName": "v", "ModelName": "M", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    api("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[variant])
    api("CreateEndpoint", EndpointName="e", EndpointConfigName="c")
    assert api.fleets.models["M"]["Environment"] == {"A": "model", "B": "package"}


def test_a_group_with_packages_is_not_deleted(api: Any) -> None:
    package(api)
    with pytest.raises(ApiError, match="still has model packages"):
        api("DeleteModelPackageGroup", ModelPackageGroupName=GROUP)


def test_a_card_must_follow_the_schema_and_is_kept_once_it_is_archived(api: Any) -> None:
    card = {"ModelCardContent": '{"model_overview": {"model_creator": "Ada"}}', "ModelCardStatus": "PendingReview"}
    arn = package(api, ModelCard=card)
    assert api("DescribeModelPackage", ModelPackageName=arn)["ModelCard"] == card
    for wrong in ("no JSON", "[]", '{"model_overview": {"model_name": "shoppers"}}', '{"risk": "High"}', "x" * 100_001):
        with pytest.raises(ApiError, match=r"[mM]odelCardContent"):
            package(api, ModelCard={**card, "ModelCardContent": wrong})
    api("UpdateModelPackage", ModelPackageArn=arn, ModelCard={**card, "ModelCardStatus": "Archived"})
    with pytest.raises(ApiError, match="Archived"):
        api("UpdateModelPackage", ModelPackageArn=arn, ModelCard=card)


def test_an_unknown_group_is_told(api: Any) -> None:
    with pytest.raises(ApiError, match="model-package-group/none does not exist") as caught:
        api("ListModelPackages", ModelPackageGroupName="none")
    assert caught.value.code == "ValidationException"


def test_tags_live_as_long_as_their_resource(api: Any) -> None:
    arn = api("DescribeModelPackageGroup", ModelPackageGroupName=GROUP)["ModelPackageGroupArn"]
    api("AddTags", ResourceArn=arn, Tags=[{"Key": "team", "Value": "web"}, {"Key": "a", "Value": "1"}])
    api("DeleteTags", ResourceArn=arn, TagKeys=["a"])
    assert api("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "web"}]
    api("DeleteModelPackageGroup", ModelPackageGroupName=GROUP)
    with pytest.raises(ApiError, match="Could not find resource"):
        api("ListTags", ResourceArn=arn)
