"""What the next stage's account may read of a stage: approved models on their way, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blueprint.iam import Policy, Principal, Request, decide, parse_policy
from blueprint.settings import Settings, parse_settings
from infra.stacks.use_case import UseCaseStacks
from tests.infra.access.account import ACCOUNT, REGION, Accounts

NEXT, OTHER = "222222222222", "333333333333"
EVERYTHING = parse_policy({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TLS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
VIA_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}


@pytest.fixture(scope="module")
def handing_on(synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings) -> Accounts:
    document = settings.model_dump() | {"promotion": {"to_accounts": [NEXT]}}
    return Accounts(synth(parse_settings(document, source="test"))[1])


def allowed(policy: Policy, action: str, resource: str, context: dict[str, str], *, account: str = NEXT) -> bool:
    """For somebody there whose own account allows everything."""
    who = Principal("AWS", f"arn:aws:iam::{account}:role/operator")
    request = Request(action, resource, context)
    return decide(request, principal=who, identity=[EVERYTHING], resource=[policy], both=True).allowed


def test_artifacts_can_be_read_and_nothing_else(handing_on: Accounts) -> None:
    bucket = handing_on.one("storage/Artifacts")
    policy = handing_on.policy_of(bucket)
    model = f"{bucket.arn}/pipeline/models/job/output/model.tar.gz"
    assert allowed(policy, "s3:GetObject", model, TLS)
    assert not allowed(policy, "s3:GetObject", model, TLS, account=OTHER)
    assert not allowed(policy, "s3:GetObject", model, {**TLS, "aws:SecureTransport": "false"})
    for key in ("capture/shoppers-dev/primary/x.jsonl", "audit/shoppers-dev/00000001.json", "outcomes/1.jsonl"):
        assert not allowed(policy, "s3:GetObject", f"{bucket.arn}/{key}", TLS)
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not allowed(policy, action, model, TLS)
    assert not allowed(policy, "s3:ListBucket", bucket.arn, TLS)


def test_the_data_stays_where_it_is(handing_on: Accounts) -> None:
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


def test_the_registry_can_be_looked_at(handing_on: Accounts) -> None:
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
    bucket = accounts.one("storage/Artifacts")
    model = f"{bucket.arn}/pipeline/models/job/output/model.tar.gz"
    assert not allowed(accounts.policy_of(bucket), "s3:GetObject", model, TLS)
