"""cfn-lint, and rules of our own, on synthesized templates."""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.review.create_only import create_only_findings
from infra.review.template_finding import TemplateFinding
from slipway.endpoint_kinds import REAL_TIME, EndpointKind, kind_of_config
from slipway.settings.local_storage import has_local_storage

if TYPE_CHECKING:
    from cfnlint.rules import Match
    from cfnlint.runner import Runner

Resource = Mapping[str, Any]
_REGIONS = ["us-east-1", "eu-central-1"]


def cfn_lint_findings(template: Path) -> list[TemplateFinding]:
    """Errors and warnings for the regions this is made for; others lack whole services."""
    return sorted(
        TemplateFinding(
            "cfn-lint", match.rule.id, f"{template.name}:{'/'.join(map(str, match.path or ()))}", match.message
        )
        for match in _linted(template.read_text(encoding="utf-8"))
    )


@functools.cache
def _linted(text: str) -> "tuple[Match, ...]":
    from cfnlint.decode import decode_str  # noqa: PLC0415 — a second of modules, as below

    document, unreadable = decode_str(text)
    return tuple(unreadable or _linter().validate_template(document))


@functools.cache
def _linter() -> "Runner":
    """One for all templates: to load its rules takes most of a second."""
    from cfnlint.config import ConfigMixIn, ManualArgs  # noqa: PLC0415
    from cfnlint.runner import Runner  # noqa: PLC0415

    return Runner(ConfigMixIn(**ManualArgs(regions=_REGIONS)))


def own_findings(template: Path) -> list[TemplateFinding]:
    """What endpoints, captures, alarms, stores and roles must have, in any template."""
    resources = json.loads(template.read_text(encoding="utf-8")).get("Resources", {})
    kind = _kind_of(resources)
    found = []
    for id_, resource in resources.items():
        type_, properties = resource["Type"], resource.get("Properties", {})
        for rule, text in (*_RULES.get(type_, _nothing)(properties), *create_only_findings(type_, properties)):
            name = f"{rule}[{kind.name}]" if rule in _OF_INSTANCES and not kind.has_instances else rule
            found.append(TemplateFinding("slipway", name, f"{template.name}:{id_}", text))
    found += [
        TemplateFinding("slipway", "RoleBounded", f"{template.name}:{id_}", _UNBOUNDED) for id_ in _unbounded(resources)
    ]
    return sorted(found)


_UNBOUNDED = "a role must have a permission boundary where others of its stack have one"


def _unbounded(resources: Mapping[str, Resource]) -> list[str]:
    """The roles outside of a limit that others stay within."""
    roles = {id_: r.get("Properties", {}) for id_, r in resources.items() if r["Type"] == "AWS::IAM::Role"}
    outside = [id_ for id_, properties in roles.items() if "PermissionsBoundary" not in properties]
    return outside if len(outside) < len(roles) else []


def _kind_of(resources: Mapping[str, Resource]) -> EndpointKind:
    """Of the template's endpoint config; a template of ours has one at most."""
    configs = (r.get("Properties", {}) for r in resources.values() if r["Type"] == "AWS::SageMaker::EndpointConfig")
    return next((kind_of_config(config) for config in configs), REAL_TIME)


def _nothing(_: Resource) -> Iterator[tuple[str, str]]:
    return iter(())


def _endpoint(properties: Resource) -> Iterator[tuple[str, str]]:
    deployment = properties.get("DeploymentConfig", {})
    # Where variants are added or removed an update has none; the first branch is that of every other update.
    deployment = deployment["Fn::If"][1] if "Fn::If" in deployment else deployment
    rollback = deployment.get("AutoRollbackConfiguration", {}).get("Alarms")
    if not rollback:
        yield "EndpointGuarded", "an endpoint must roll back on alarms"


def _endpoint_config(properties: Resource) -> Iterator[tuple[str, str]]:
    capture = properties.get("DataCaptureConfig", {})
    if capture.get("EnableCapture") and not capture.get("KmsKeyId"):
        yield "CaptureEncrypted", "captured requests hold users' data: they must be under a key"
    if "EndpointConfigName" in properties:
        yield "ConfigUnnamed", "a named endpoint config cannot be replaced"


def _model(properties: Resource) -> Iterator[tuple[str, str]]:
    if not properties.get("EnableNetworkIsolation"):
        yield "ModelIsolated", "a model needs no network: it must be isolated"


def _bucket(properties: Resource) -> Iterator[tuple[str, str]]:
    if "BucketEncryption" not in properties:
        yield "BucketEncrypted", "a bucket must be encrypted"
    if not all(properties.get("PublicAccessBlockConfiguration", {}).values() or [False]):
        yield "BucketPrivate", "public access must be blocked in all four ways"
    if properties.get("VersioningConfiguration", {}).get("Status") != "Enabled":
        yield "BucketVersioned", "a bucket must keep overwritten versions"
    if "LifecycleConfiguration" not in properties:
        yield "BucketLifecycle", "a bucket must say how long it keeps what"


def _role(properties: Resource) -> Iterator[tuple[str, str]]:
    for policy in properties.get("ManagedPolicyArns", ()):
        if "FullAccess" in json.dumps(policy) or "AdministratorAccess" in json.dumps(policy):
            yield "NoFullAccess", f"a role must have no managed policy of everything, got {json.dumps(policy)}"


def _policy(properties: Resource) -> Iterator[tuple[str, str]]:
    for statement in properties["PolicyDocument"]["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        if statement["Effect"] == "Allow" and "*" in resources:
            for action in actions:
                yield f"Wildcard[{action}]", "an action on every resource needs a written reason"
        for action in actions:
            if action == "*" or action.endswith(":*"):
                yield f"WildcardAction[{action}]", "every action of a service needs a written reason"


def _log_group(properties: Resource) -> Iterator[tuple[str, str]]:
    if "RetentionInDays" not in properties:
        yield "LogsExpire", "a log group must say how long it keeps its events"


def _topic(properties: Resource) -> Iterator[tuple[str, str]]:
    if "KmsMasterKeyId" not in properties:
        yield "TopicEncrypted", "a topic must be encrypted"


def _monitor(properties: Resource) -> Iterator[tuple[str, str]]:
    definition = properties["MonitoringScheduleConfig"].get("MonitoringJobDefinition", {})
    machine = definition.get("MonitoringResources", {}).get("ClusterConfig", {})
    encrypted = machine.get("VolumeKmsKeyId") or has_local_storage(machine.get("InstanceType", ""))
    if definition and not encrypted:
        yield "MonitorEncrypted", "a monitor reads users' data: its volume must be under a key"


def _alarm(properties: Resource) -> Iterator[tuple[str, str]]:
    if "TreatMissingData" not in properties:
        yield "AlarmMissingData", "an alarm must say what missing data means"


_OF_INSTANCES = ("EndpointGuarded", "ModelIsolated")
"""Rules that AWS does not let an endpoint without instances keep: there they have a name of their own."""

_RULES = {
    "AWS::SageMaker::Endpoint": _endpoint,
    "AWS::SageMaker::EndpointConfig": _endpoint_config,
    "AWS::SageMaker::Model": _model,
    "AWS::SageMaker::MonitoringSchedule": _monitor,
    "AWS::S3::Bucket": _bucket,
    "AWS::IAM::Role": _role,
    "AWS::IAM::Policy": _policy,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::SNS::Topic": _topic,
    "AWS::CloudWatch::Alarm": _alarm,
}
