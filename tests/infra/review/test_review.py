"""What reviewers find in the stacks is nothing, or explained in writing."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blueprint.settings import load_settings
from infra.review.explained import EXPLAINED
from infra.review.finding import Explained, Finding, unexplained, unused
from infra.review.review import Review, review
from infra.review.templates import cfn_lint_findings, own_findings

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Review, Path]:
    out = tmp_path_factory.mktemp("reviewed")
    settings = load_settings(PROJECT / "config" / "shoppers.toml", "prod")
    return review(settings, project=PROJECT, out=out), out


def test_every_finding_is_explained(reviewed: tuple[Review, Path]) -> None:
    assert [str(finding) for finding in reviewed[0].unexplained] == []
    assert set(reviewed[0].figures().values()) == {0}


def test_no_explanation_has_lost_its_finding(reviewed: tuple[Review, Path]) -> None:
    assert [each.rule for each in reviewed[0].stale] == []


def test_every_reviewer_has_looked(reviewed: tuple[Review, Path]) -> None:
    assert all(count > 0 for count in reviewed[0].counts.values())


Properties = dict[str, Any]


def drop(*names: str) -> Callable[[Properties], None]:
    def change(properties: Properties) -> None:
        for name in names:
            properties.pop(name)

    return change


def put(name: str, value: Any) -> Callable[[Properties], None]:
    return lambda properties: properties.update({name: value})


Mutation = tuple[str, str, Callable[[Properties], None], str]
MUTANTS: list[Mutation] = [
    ("endpoint", "AWS::SageMaker::Endpoint", drop("DeploymentConfig"), "EndpointGuarded"),
    (
        "endpoint",
        "AWS::SageMaker::EndpointConfig",
        lambda p: p["DataCaptureConfig"].pop("KmsKeyId"),
        "CaptureEncrypted",
    ),
    ("endpoint", "AWS::SageMaker::EndpointConfig", put("EndpointConfigName", "fixed"), "ConfigUnnamed"),
    ("endpoint", "AWS::SageMaker::Model", drop("EnableNetworkIsolation"), "ModelIsolated"),
    ("endpoint", "AWS::CloudWatch::Alarm", drop("TreatMissingData"), "AlarmMissingData"),
    ("storage", "AWS::S3::Bucket", drop("BucketEncryption"), "BucketEncrypted"),
    ("storage", "AWS::S3::Bucket", drop("VersioningConfiguration"), "BucketVersioned"),
    ("storage", "AWS::S3::Bucket", drop("LifecycleConfiguration"), "BucketLifecycle"),
    ("storage", "AWS::S3::Bucket", drop("PublicAccessBlockConfiguration"), "BucketPrivate"),
    ("rollout", "AWS::SNS::Topic", drop("KmsMasterKeyId"), "TopicEncrypted"),
    ("rollout", "AWS::Logs::LogGroup", drop("RetentionInDays"), "LogsExpire"),
    (
        "training",
        "AWS::IAM::Role",
        put("ManagedPolicyArns", ["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"]),
        "NoFullAccess",
    ),
    (
        "training",
        "AWS::IAM::Policy",
        lambda p: p["PolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*"}
        ),
        r"Wildcard[s3:DeleteObject]",
    ),
    (
        "training",
        "AWS::IAM::Policy",
        lambda p: p["PolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "arn:aws:sagemaker:us-east-1:1:model/a"}
        ),
        r"WildcardAction[sagemaker:*]",
    ),
]


@pytest.mark.parametrize("mutation", MUTANTS, ids=[mutant[3] for mutant in MUTANTS])
def test_our_rules_find_what_is_taken_away(reviewed: tuple[Review, Path], tmp_path: Path, mutation: Mutation) -> None:
    kind, type_, change, rule = mutation
    template = json.loads((reviewed[1] / f"shoppers-prod-{kind}.template.json").read_text())
    mutant = copy.deepcopy(template)
    change(next(r["Properties"] for r in mutant["Resources"].values() if r["Type"] == type_))
    file = tmp_path / "mutant.template.json"
    file.write_text(json.dumps(mutant))
    assert rule in {finding.rule for finding in unexplained(own_findings(file), EXPLAINED)}


def test_cfn_lint_finds_what_is_no_template(reviewed: tuple[Review, Path], tmp_path: Path) -> None:
    template = json.loads((reviewed[1] / "shoppers-prod-storage.template.json").read_text())
    next(r for r in template["Resources"].values() if r["Type"] == "AWS::S3::Bucket")["Properties"]["Colour"] = "blue"
    file = tmp_path / "mutant.template.json"
    file.write_text(json.dumps(template))
    assert "E3002" in {finding.rule for finding in unexplained(cfn_lint_findings(file), EXPLAINED)}


def test_an_explanation_answers_whole_rules_and_places_only() -> None:
    finding = Finding("tool", "Rule[s3:Get*]", "stack/a", "text")
    assert unexplained([finding], [Explained(r"Rule", "reason")]) == [finding]
    assert unexplained([finding], [Explained(r"Rule\[s3:.*\]", "reason", where="stack/b")]) == [finding]
    assert unexplained([finding], [Explained(r"Rule\[s3:.*\]", "reason", where="stack/.")]) == []


def test_an_explanation_without_a_finding_is_told() -> None:
    stale = Explained("Gone", "reason")
    assert unused([Finding("tool", "Here", "a", "")], [stale, Explained("Here", "reason")]) == [stale]
