"""What the next stage's account may read of a stage: approved models on their way, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.stages import UseCaseStacks
from rehearsal.cloud.iam import AccessRequest, Policy, Principal, decide, parse_policy
from slipway.settings import Settings, parse_settings
from slipway.training import to_json, training_pipeline
from slipway.training.composition import SPLITS
from slipway.training.pipeline_keys import PROMOTED
from tests.infra.access.account import ACCOUNT, ALLOWS_EVERYTHING, REGION, TLS, Accounts

NEXT, OTHER = "222222222222", "333333333333"
EXECUTION = "abcdef123456"
VIA_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}


@pytest.fixture(scope="module")
def handing_on(synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings) -> Accounts:
    document = settings.model_dump() | {"promotion": {"to_accounts": [NEXT]}}
    return Accounts(synth(parse_settings(document, source="test"))[1])


def allowed(policy: Policy, action: str, resource: str, context: dict[str, str], *, account: str = NEXT) -> bool:
    """For a principal there whose own account allows everything."""
    who = Principal("AWS", f"arn:aws:iam::{account}:role/operator")
    request = AccessRequest(action, resource, context)
    return decide(request, principal=who, identity=[ALLOWS_EVERYTHING], resource=[policy], both=True).allowed


def test_all_that_a_promotion_reads_of_a_package_can_be_read(handing_on: Accounts, settings: Settings) -> None:
    """The keys come from the pipeline's own definition, those of a package promoted before from the promotion."""
    bucket = handing_on.one("storage/Artifacts")
    policy = handing_on.policy_of(bucket)
    digest = "0f" * 32
    promoted = [f"{PROMOTED}/{digest}/{name}" for name in ("model.tar.gz", "evaluation.json", "profile.json")]
    for key in (*registered_keys(settings), *promoted):
        assert allowed(policy, "s3:GetObject", f"{bucket.arn}/{key}", TLS), key
        assert not allowed(policy, "s3:GetObject", f"{bucket.arn}/{key}", TLS, account=OTHER), key


@pytest.mark.parametrize(
    "key",
    [
        "pipeline/checkpoints/0f-00000001.json",
        f"pipeline/{EXECUTION}/evaluate/evaluation/roc.svg",
        "pipeline/models/job/output/output.tar.gz",
        "pipeline/anything.json",
        *(f"pipeline/splits/{EXECUTION}/{split}/data.csv" for split in SPLITS),
        "capture/shoppers-dev/primary/x.jsonl",
        "audit/shoppers-dev/00000001.json",
        "outcomes/1.jsonl",
    ],
)
def test_what_a_promotion_does_not_read_cannot_be_read(handing_on: Accounts, key: str) -> None:
    bucket = handing_on.one("storage/Artifacts")
    assert not allowed(handing_on.policy_of(bucket), "s3:GetObject", f"{bucket.arn}/{key}", TLS)


def registered_keys(settings: Settings) -> list[str]:
    """Every object that the package of the pipeline's Register step names, in an execution of this definition."""
    roles = {f"{kind}_role_arn": "r" for kind in ("processing", "training", "evaluation")}
    document = training_pipeline(
        settings, bucket="artifacts", kms_key_arn="k", image_uri="i", use_case_uri="s3://b/use_case.json", **roles
    )
    steps = {step["Name"]: step for step in json.loads(to_json(document))["Steps"]}
    (register,) = steps["Gate"]["Arguments"]["IfSteps"]
    (container,) = register["Arguments"]["InferenceSpecification"]["Containers"]
    sources = [container["ModelDataUrl"]]
    for quality in ("ModelMetrics", "DriftCheckBaselines"):
        parts = register["Arguments"][quality].values()
        sources += [source["S3Uri"] for part in parts for source in part.values()]
    return [resolved(source, steps).removeprefix("s3://artifacts/") for source in sources]


def resolved(value: Any, steps: dict[str, Any]) -> str:
    """What SageMaker makes of a text in the definition."""
    if isinstance(value, str):
        return value
    if "Std:Join" in value:
        join = value["Std:Join"]
        return str(join["On"]).join(resolved(part, steps) for part in join["Values"])
    path = value["Get"]
    if path == "Execution.PipelineExecutionId":
        return EXECUTION
    if path.endswith("BestTrainingJob.TrainingJobName"):
        return "pipelines-tune-001"
    _, step, *_ = path.split(".")
    output = path.split("'")[1]
    made = steps[step]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    (uri,) = (each["S3Output"]["S3Uri"] for each in made if each["OutputName"] == output)
    return resolved(uri, steps)


def test_artifacts_can_only_be_read_and_only_over_tls(handing_on: Accounts) -> None:
    bucket = handing_on.one("storage/Artifacts")
    policy = handing_on.policy_of(bucket)
    model = f"{bucket.arn}/pipeline/models/job/output/model.tar.gz"
    assert not allowed(policy, "s3:GetObject", model, {**TLS, "aws:SecureTransport": "false"})
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not allowed(policy, action, model, TLS)
    assert not allowed(policy, "s3:ListBucket", bucket.arn, TLS)


def test_the_data_cannot_be_read(handing_on: Accounts) -> None:
    bucket = handing_on.one("storage/Data")
    assert not allowed(handing_on.policy_of(bucket), "s3:GetObject", f"{bucket.arn}/data/table.csv", TLS)


def test_the_key_decrypts_what_comes_from_s3(handing_on: Accounts) -> None:
    key = handing_on.one("storage/Key")
    policy = handing_on.policy_of(key)
    assert allowed(policy, "kms:Decrypt", key.arn, VIA_S3)
    assert not allowed(policy, "kms:Decrypt", key.arn, {})
    assert not allowed(policy, "kms:Decrypt", key.arn, VIA_S3, account=OTHER)
    for action in ("kms:GenerateDataKey", "kms:CreateGrant", "kms:ScheduleKeyDeletion"):
        assert not allowed(policy, action, key.arn, VIA_S3)


def test_the_digest_of_an_image_can_be_read_and_the_image_not_pulled(handing_on: Accounts) -> None:
    repository = handing_on.one("image/StepImageRepository")
    policy = parse_policy(repository.stack.resolved(repository.properties["RepositoryPolicyText"]))
    assert allowed(policy, "ecr:DescribeImages", repository.arn, {})
    assert not allowed(policy, "ecr:DescribeImages", repository.arn, {}, account=OTHER)
    for action in ("BatchGetImage", "GetDownloadUrlForLayer", "PutImage", "BatchDeleteImage", "SetRepositoryPolicy"):
        assert not allowed(policy, f"ecr:{action}", repository.arn, {})


def test_the_registry_can_be_read(handing_on: Accounts) -> None:
    group = handing_on.one("training/TrainingPackageGroup")
    policy = parse_policy(group.stack.resolved(group.properties["ModelPackageGroupPolicy"]))
    here = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    version = f"{here}:model-package/shoppers-dev/3"
    assert allowed(policy, "sagemaker:DescribeModelPackage", version, {})
    assert allowed(policy, "sagemaker:ListModelPackages", f"{here}:model-package/shoppers-dev/*", {})
    assert allowed(policy, "sagemaker:DescribeModelPackageGroup", f"{here}:model-package-group/shoppers-dev", {})
    assert not allowed(policy, "sagemaker:DescribeModelPackage", version, {}, account=OTHER)
    for action in ("UpdateModelPackage", "DeleteModelPackage", "CreateModelPackage"):
        assert not allowed(policy, f"sagemaker:{action}", version, {})


def test_by_default_no_other_account_is_named(accounts: Accounts) -> None:
    (group,) = accounts.of_type("AWS::SageMaker::ModelPackageGroup")
    assert "ModelPackageGroupPolicy" not in group.properties
    assert "RepositoryPolicyText" not in accounts.one("image/StepImageRepository").properties
    bucket = accounts.one("storage/Artifacts")
    model = f"{bucket.arn}/pipeline/models/job/output/model.tar.gz"
    assert not allowed(accounts.policy_of(bucket), "s3:GetObject", model, TLS)
