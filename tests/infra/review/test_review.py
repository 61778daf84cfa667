"""What reviewers find in the stacks of use cases and of the delivery is nothing, or explained in writing."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.review.explained import EXPLAINED
from infra.review.review import Review, review, review_delivery
from infra.review.template_finding import Explained, TemplateFinding, unexplained, unused
from infra.review.templates import cfn_lint_findings, own_findings
from infra.stages import UseCaseStacks
from slipway.settings import Settings, load_settings, parse_settings
from tests.infra.access.test_vpc import VPC
from tests.infra.cdk_app import PROJECT

EVERYTHING: dict[str, dict[str, Any]] = {
    "access": {"vpc": VPC, "permission_boundary": "teams/ml"},
    "training": {"spot": True},
    "budget": {"monthly_usd": 300},
    "monitoring": {
        "schedule": "cron(0 2 ? * * *)",
        "retrain": True,
        "notify": ["ml@example.com"],
        "min_ndcg": 0.9,
        "outcomes_after_hours": 72,
        "bias": [{"column": "Weekend", "values": ["TRUE"], "metrics": {"DPPL": 0.1, "RD": 0.1}}],
    },
    "endpoint": {
        "schedule": {"start": "cron(0 7 ? * MON-FRI *)", "stop": "cron(0 19 ? * MON-FRI *)"},
        "autoscaling": {"min_instance_count": 2, "max_instance_count": 8, "invocations_per_instance": 3000},
    },
    "promotion": {"to_accounts": ["222233334444"]},
    "batch": {
        "schedule": "cron(0 6 * * ? *)",
        "query": {
            "sql": "SELECT * FROM sessions",
            "database": "shop",
            "tables": ["sessions"],
            "locations": ["s3://shop-lake/sessions/"],
        },
    },
}
"""All that can be switched on together."""

SERVERLESS: dict[str, dict[str, Any]] = {
    "endpoint": {
        "kind": "serverless",
        "serverless": {},
        "autoscaling": None,
        "capture_percent": 0,
        "instance_type": "ml.m5.large",  # the defaults: it has no instances
        "instance_count": 4,
    },
    "rollout": {"type": "all_at_once", "canary_analysis": {"enabled": False}},
}


def review_of(out: Path, switched: dict[str, dict[str, Any]]) -> tuple[Review, Path]:
    document = load_settings(PROJECT / "config" / "shoppers.toml", "prod").model_dump()
    for section, given in switched.items():
        document[section] = (document[section] or {}) | given
    return review(parse_settings(document, source="test"), project=PROJECT, out=out), out


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Review, Path]:
    """With everything on."""
    return review_of(tmp_path_factory.mktemp("reviewed"), EVERYTHING)


@pytest.fixture(scope="module")
def serverless(tmp_path_factory: pytest.TempPathFactory) -> tuple[Review, Path]:
    return review_of(tmp_path_factory.mktemp("serverless"), SERVERLESS)


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> tuple[Review, Path]:
    """The shipped one, which has neither a connection nor a second use case."""
    out = tmp_path_factory.mktemp("delivery")
    return review_delivery(PROJECT / "delivery.toml", project=PROJECT, out=out), out


VARIANTS = ["reviewed", "serverless", "delivery"]
_PRINCIPAL = r"([a-z-]+|logging\.s3|:?role/aws-service-role/sagemaker\.application-autoscaling)\.amazonaws\.com.*"


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_finding_is_explained(variant: str, request: pytest.FixtureRequest) -> None:
    found: Review = request.getfixturevalue(variant)[0]
    assert [str(finding) for finding in found.unexplained] == []
    assert set(found.figures().values()) == {0}


@pytest.mark.thorough
def test_stacks_with_images_of_the_users_own_have_nothing_to_explain_either(tmp_path: Path) -> None:
    found = review(load_settings(PROJECT / "examples/own_container/visits.toml", "dev"), project=PROJECT, out=tmp_path)
    assert [str(finding) for finding in found.unexplained] == []


def test_dev_has_no_create_only_property_beside_a_fixed_name_either(
    synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings
) -> None:
    found = [finding for file in synth(settings)[1].glob("*.template.json") for finding in own_findings(file)]
    assert [str(each) for each in unexplained(found, EXPLAINED) if each.rule.startswith("CreateOnly")] == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_templates_name_no_partition(variant: str, request: pytest.FixtureRequest) -> None:
    """Service principals are named alike in all of them; ARNs and hosts are not."""
    for file in request.getfixturevalue(variant)[1].glob("*.template.json"):
        words = set(re.split(r'[\\"\s]+', file.read_text()))
        assert [word for word in words if "arn:aws:" in word and ":connection/" not in word] == []  # that one is given
        hosts = [word for word in words if ".amazonaws.com" in word]
        assert [host for host in hosts if not re.fullmatch(_PRINCIPAL, host)] == []


def test_every_explanation_has_a_finding(request: pytest.FixtureRequest) -> None:
    one, *others = (request.getfixturevalue(variant)[0] for variant in VARIANTS)
    together: Review = sum(others, start=one)
    assert [each.rule for each in together.stale] == []


def test_cdks_own_rules_find_nothing(synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings) -> None:
    """Here, for a process needs seconds to load them and the review has done so."""
    _, assembly = synth(settings, validate=True)
    assert json.loads((assembly / "validation-report.json").read_text())["pluginReports"] == []


def test_a_delivery_is_reviewed_whole(delivery: tuple[Review, Path]) -> None:
    """With the pipeline and the dashboards, which a setting more would make."""
    stacks = {file.name.partition(".")[0] for file in delivery[1].glob("*.template.json")}
    assert stacks == {"slipway-delivery", "slipway-github", "slipway-fleet-dev", "slipway-fleet-prod"}


def test_a_bucket_of_artifacts_that_keeps_no_versions_or_keeps_them_forever_does_not_pass(
    delivery: tuple[Review, Path], tmp_path: Path
) -> None:
    template = json.loads((delivery[1] / "slipway-delivery.template.json").read_text())
    bucket = next(r for id_, r in template["Resources"].items() if id_.startswith("ArtifactsBucket"))["Properties"]
    drop("VersioningConfiguration", "LifecycleConfiguration")(bucket)
    file = tmp_path / "slipway-delivery.template.json"
    file.write_text(json.dumps(template))
    found = {finding.rule for finding in unexplained(own_findings(file), EXPLAINED)}
    assert found == {"BucketVersioned", "BucketLifecycle"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_tool_has_findings(variant: str, request: pytest.FixtureRequest) -> None:
    found: Review = request.getfixturevalue(variant)[0]
    assert all(count > 0 for count in found.counts.values())


def test_what_serverless_endpoints_cannot_have_is_required_of_all_others(reviewed: tuple[Review, Path]) -> None:
    findings = [finding.rule for finding in reviewed[0].findings]
    assert not [rule for rule in findings if rule.endswith("[serverless]")]


Properties = dict[str, Any]


def drop(*names: str) -> Callable[[Properties], None]:
    def change(properties: Properties) -> None:
        for name in names:
            properties.pop(name)

    return change


def put(name: str, value: Any) -> Callable[[Properties], None]:
    return lambda properties: properties.update({name: value})


def allow(action: str, *, on: str) -> Callable[[Properties], None]:
    statement = {"Effect": "Allow", "Action": action, "Resource": on}
    return lambda properties: properties["PolicyDocument"]["Statement"].append(statement)


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
    (
        "training",
        "AWS::SageMaker::ModelPackageGroup",
        put("ModelPackageGroupDescription", "changed"),
        "CreateOnly[AWS::SageMaker::ModelPackageGroup.ModelPackageGroupDescription]",
    ),
    ("training", "AWS::IAM::Role", lambda p: p.update(RoleName="r", Path="/ml/"), "CreateOnly[AWS::IAM::Role.Path]"),
    (
        "rollout",
        "AWS::Lambda::Function",
        put("PackageType", "Image"),
        "CreateOnly[AWS::Lambda::Function.PackageType]",
    ),
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
    ("training", "AWS::IAM::Role", drop("PermissionsBoundary"), "RoleBounded"),
    ("training", "AWS::IAM::Policy", allow("s3:DeleteObject", on="*"), "Wildcard[s3:DeleteObject]"),
    ("training", "AWS::IAM::Policy", allow("sagemaker:*", on="arn:aws:s3:::a"), "WildcardAction[sagemaker:*]"),
]


@pytest.mark.parametrize("mutation", MUTANTS, ids=[mutant[3] for mutant in MUTANTS])
def test_our_rules_find_what_is_removed(reviewed: tuple[Review, Path], tmp_path: Path, mutation: Mutation) -> None:
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


def test_an_explanation_matches_whole_rules_and_places_only() -> None:
    finding = TemplateFinding("tool", "Rule[s3:Get*]", "stack/a", "text")
    assert unexplained([finding], [Explained(r"Rule", "reason")]) == [finding]
    assert unexplained([finding], [Explained(r"Rule\[s3:.*\]", "reason", where="stack/b")]) == [finding]
    assert unexplained([finding], [Explained(r"Rule\[s3:.*\]", "reason", where="stack/.")]) == []


def test_an_explanation_without_a_finding_is_reported() -> None:
    stale = Explained("Gone", "reason")
    assert unused([TemplateFinding("tool", "Here", "a", "")], [stale, Explained("Here", "reason")]) == [stale]
