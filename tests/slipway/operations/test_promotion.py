"""`slipway promote` between two stages of one account, in the embedded AWS."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.process import CloudProcess, eventually
from tests.slipway.operations.conftest import BUCKET, PROVENANCE, World

PROD, REPOSITORY = "artifacts-prod", "shoppers-prod-steps"
GROUP = "shoppers-prod"

CARD = {"ModelCardContent": '{"model_overview": {"model_creator": "Ada"}}', "ModelCardStatus": "PendingReview"}


@pytest.fixture
def prod(world: World) -> Iterator[CloudProcess]:
    """The stage beside `dev`, deployed, with no model yet."""
    cloud = world.cloud
    s3, sagemaker, ecr = cloud("s3"), cloud("sagemaker"), cloud("ecr")
    s3.create_bucket(Bucket=PROD)
    sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    ecr.create_repository(repositoryName=REPOSITORY)
    ecr.put_image(repositoryName=REPOSITORY, imageTag=tag(cloud), imageManifest=manifest(cloud))
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"ArtifactsBucketName": {"Value": PROD}},
    }
    cloud("cloudformation").create_stack(StackName="shoppers-prod-storage", TemplateBody=json.dumps(template))
    stacks = cloud("cloudformation").describe_stacks
    eventually(lambda: stacks(StackName="shoppers-prod-storage")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    yield cloud
    for each in packages(cloud):
        sagemaker.delete_model_package(ModelPackageName=each["ModelPackageArn"])
    sagemaker.delete_model_package_group(ModelPackageGroupName=GROUP)
    ecr.delete_repository(repositoryName=REPOSITORY, force=True)
    cloud("cloudformation").delete_stack(StackName="shoppers-prod-storage")
    for key in keys(cloud):
        s3.delete_object(Bucket=PROD, Key=key)
    s3.delete_bucket(Bucket=PROD)


def tag(cloud: CloudProcess) -> str:
    image: str = cloud.image
    return image.rpartition(":")[2]


def manifest(cloud: CloudProcess) -> str:
    """Of the image in `dev`: what ECR makes the digest from."""
    name = cloud.image.rpartition("/")[2].partition(":")[0]
    (image,) = cloud("ecr").batch_get_image(repositoryName=name, imageIds=[{"imageTag": tag(cloud)}])["images"]
    return str(image["imageManifest"])


def rebuilt(cloud: CloudProcess) -> str:
    """Another build with the same tag in `prod`'s repository; its digest."""
    ecr = cloud("ecr")
    ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag(cloud)}])
    other = json.dumps({"schemaVersion": 2, "config": {"digest": "sha256:another base"}})
    made = ecr.put_image(repositoryName=REPOSITORY, imageTag=tag(cloud), imageManifest=other)
    return str(made["image"]["imageId"]["imageDigest"])


def packages(cloud: CloudProcess) -> list[dict[str, Any]]:
    sagemaker = cloud("sagemaker")
    found = sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    return [sagemaker.describe_model_package(ModelPackageName=each["ModelPackageArn"]) for each in found]


def keys(cloud: CloudProcess) -> list[str]:
    return [found["Key"] for found in cloud("s3").list_objects_v2(Bucket=PROD).get("Contents", ())]


def read(cloud: CloudProcess, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = cloud("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def evaluated(world: World) -> str:
    """An approved package of `dev` with figures in S3."""
    cloud = world.cloud
    for name in ("evaluation", "profile"):
        cloud("s3").put_object(Bucket=BUCKET, Key=f"pipeline/e1/{name}.json", Body=json.dumps({"of": name}).encode())
    quality = {
        "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": figures("evaluation")}},
        "ModelDataQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": figures("profile")}},
    }
    arn: str = cloud("sagemaker").create_model_package(
        ModelPackageGroupName="shoppers-dev",
        ModelPackageDescription="will this visitor buy",
        ModelApprovalStatus="Approved",
        ModelMetrics=quality,
        ModelCard=CARD,
        DriftCheckBaselines=quality,
        MetadataProperties={"CommitId": PROVENANCE["commit"]},
        CustomerMetadataProperties=PROVENANCE,
        InferenceSpecification={
            "Containers": [{"Image": cloud.image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
            "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
        },
    )["ModelPackageArn"]
    return arn


def figures(name: str) -> str:
    return f"s3://{BUCKET}/pipeline/e1/{name}.json"


def test_the_model_arrives_whole_and_waits_for_approval(world: World, prod: CloudProcess) -> None:
    origin = evaluated(world)
    found = world.json("promote", "--from", "dev", "--to", "prod", "--reason", "reviewed by Ada")
    (made,) = packages(prod)
    assert made["ModelApprovalStatus"] == "PendingManualApproval"
    noted = made["CustomerMetadataProperties"]
    assert {name: noted[name] for name in PROVENANCE} == PROVENANCE
    assert noted["promoted_from"] == origin
    assert made["MetadataProperties"] == {"CommitId": PROVENANCE["commit"]}
    assert made["ModelPackageDescription"] == "will this visitor buy"
    assert made["ModelCard"] == CARD

    # The artifact is a copy of the same bytes in the next stage's own bucket.
    original = read(prod, f"s3://{BUCKET}/model.tar.gz")
    digest = hashlib.sha256(original).hexdigest()
    assert found["sha256"] == digest
    assert found["artifact"] == f"s3://{PROD}/pipeline/promoted/{digest}/model.tar.gz"
    assert read(prod, found["artifact"]) == original
    (container,) = made["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == found["artifact"]
    assert container["Image"].endswith(f"/{REPOSITORY}:{tag(prod)}")
    assert made["InferenceSpecification"]["SupportedRealtimeInferenceInstanceTypes"] == ["ml.m5.large", "ml.m5.xlarge"]
    assert found["image_digest"] == found["source_image_digest"]
    assert found["image_digest"].startswith("sha256:")
    assert found["warning"] == ""

    # Figures are copied too.
    for part in ("ModelMetrics", "DriftCheckBaselines"):
        uri = made[part]["ModelQuality"]["Statistics"]["S3Uri"]
        assert uri.startswith(f"s3://{PROD}/pipeline/promoted/")
        assert json.loads(read(prod, uri)) == {"of": "evaluation"}
        assert made[part]["ModelDataQuality"]["Statistics"]["ContentType"] == "application/json"

    # Who promoted what is in the next stage's audit log.
    entries = [json.loads(read(prod, f"s3://{PROD}/{key}")) for key in keys(prod) if key.startswith("audit/")]
    assert [(entry["action"], entry["subject"]) for entry in entries] == [("promote", origin)] * 2
    assert entries[0]["detail"]["reason"] == "reviewed by Ada"
    assert entries[1]["detail"]["package"] == found["package"]
    assert entries[1]["detail"]["artifact_sha256"] == digest

    model = {
        "ModelName": "promoted",
        "Containers": [{"ModelPackageName": found["package"]}],
        "ExecutionRoleArn": "arn:aws:iam::000000000000:role/any",
    }
    with pytest.raises(ClientError, match="must be Approved"):
        prod("sagemaker").create_model(**model)
    prod("sagemaker").update_model_package(ModelPackageArn=found["package"], ModelApprovalStatus="Approved")
    prod("sagemaker").create_model(**model)


def test_promoting_it_again_makes_nothing_new(world: World, prod: CloudProcess) -> None:
    evaluated(world)
    first = world.json("promote", "--from", "dev", "--to", "prod")
    before = keys(prod)
    code, out, err = world.slipway("promote", "--from", "dev", "--to", "prod")
    assert (code, err) == (0, "")
    assert "was promoted before" in out
    again = world.json("promote", "--from", "dev", "--to", "prod")
    assert (first["again"], again["again"]) == (False, True)
    assert {**again, "again": False} == first
    assert len(packages(prod)) == 1
    assert keys(prod) == before


def test_the_newest_approved_version_goes_unless_another_is_named(world: World, prod: CloudProcess) -> None:
    old, new, pending = world.package("Approved"), world.package("Approved"), world.package()
    assert world.json("promote", "--from", "dev", "--to", "prod")["source"] == new
    number = old.rpartition("/")[2]
    assert world.json("promote", "--from", "dev", "--to", "prod", "--package", number)["source"] == old
    code, _, err = world.slipway("promote", "--from", "dev", "--to", "prod", "--package", pending)
    assert code == 1
    assert "must be Approved in dev to be promoted, got PendingManualApproval" in err
    assert len(packages(prod)) == 2


def test_without_an_approved_version_nothing_goes(world: World, prod: CloudProcess) -> None:
    world.package("Rejected")
    code, _, err = world.slipway("promote", "--from", "dev", "--to", "prod")
    assert code == 1
    assert (
        "shoppers-dev has no approved version to promote; approve one with `slipway rollout approve --package N" in err
    )


def test_another_build_of_the_same_folder_is_a_warning_that_names_both_digests(
    world: World, prod: CloudProcess
) -> None:
    world.package("Approved")
    digest = rebuilt(prod)
    code, out, err = world.slipway("promote", "--from", "dev", "--to", "prod", "--json")
    found = json.loads(out)
    assert (code, found["image_digest"]) == (0, digest)
    assert found["source_image_digest"] != digest
    assert err == f"slipway: {found['warning']}\n"
    assert "is another build of the folder" in err
    assert digest in err
    assert found["source_image_digest"] in err
    (made,) = packages(prod)
    assert made["CustomerMetadataProperties"]["image_digest"] == digest
    recorded = [json.loads(read(prod, f"s3://{PROD}/{key}")) for key in keys(prod) if key.startswith("audit/")]
    assert recorded[-1]["detail"]["image_digest"] == digest
    assert recorded[-1]["detail"]["source_image_digest"] == found["source_image_digest"]


def test_an_image_whose_source_cannot_be_read_is_promoted_with_a_warning(world: World, prod: CloudProcess) -> None:
    world.package("Approved", image=f"000000000000.dkr.ecr.us-east-1.amazonaws.com/elsewhere:{tag(prod)}")
    code, _, err = world.slipway("promote", "--from", "dev", "--to", "prod")
    assert code == 0
    assert "is unknown: " in err
    assert "elsewhere" in err


def test_an_image_of_the_same_folder_must_be_there(world: World, prod: CloudProcess) -> None:
    world.package("Approved")
    prod("ecr").batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag(prod)}])
    code, _, err = world.slipway("promote", "--from", "dev", "--to", "prod")
    assert code == 1
    assert f"repository {REPOSITORY} must have the image {tag(prod)} that the model was made with" in err
    assert "deploy shoppers-prod-image" in err
    assert (packages(prod), keys(prod)) == ([], [])


def test_an_artifact_that_cannot_be_read_is_named_and_registers_nothing(world: World, prod: CloudProcess) -> None:
    world.package("Approved")
    prod("s3").delete_object(Bucket=BUCKET, Key="model.tar.gz")
    code, _, err = world.slipway("promote", "--from", "dev", "--to", "prod")
    assert code == 1
    assert f"s3://{BUCKET}/model.tar.gz must be readable with these credentials" in err
    assert packages(prod) == []


def test_a_corrupt_copy_is_replaced_by_the_real_bytes(world: World, prod: CloudProcess) -> None:
    world.package("Approved")
    original = read(prod, f"s3://{BUCKET}/model.tar.gz")
    key = f"pipeline/promoted/{hashlib.sha256(original).hexdigest()}/model.tar.gz"
    prod("s3").put_object(Bucket=PROD, Key=key, Body=b"not the model")
    found = world.json("promote", "--from", "dev", "--to", "prod")
    assert read(prod, found["artifact"]) == original


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--to", "dev"], "--from must be given: stage dev has no [promotion] from_stage"),
        (["--from", "prod", "--to", "prod"], "--from and --to must be two stages, got prod twice"),
        (["--from", "nowhere", "--to", "prod"], "stage must be one of"),
    ],
)
def test_two_stages_must_be_named(world: World, argv: list[str], message: str) -> None:
    code, _, err = world.slipway("promote", *argv)
    assert code == 2
    assert message in err


def test_a_stage_that_is_not_deployed_is_named(world: World) -> None:
    world.package("Approved")
    code, _, err = world.slipway("promote", "--from", "dev", "--to", "prod")
    assert code == 1
    assert "shoppers-prod" in err
