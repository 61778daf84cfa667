"""Synthesized templates as accounts would have them: names are made up, references resolved."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rehearsal.cloud.iam import Policy, Principal, parse_policy

REGION = "eu-central-1"
ACCOUNT = "111111111111"
ALLOWS_EVERYTHING = parse_policy(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
TLS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
_HASH = re.compile(r"[0-9A-F]{8}$")


@dataclass(frozen=True)
class Resource:
    stack: "Stack"
    id: str
    type: str
    properties: Mapping[str, Any]

    @property
    def label(self) -> str:
        """The logical id without the hash that makes it unique."""
        return f"{self.stack.kind}/{_HASH.sub('', self.id)}"

    @property
    def name(self) -> str:
        """As the template has it, or made up like CloudFormation's own."""
        given = next((self.properties[key] for key in _NAMES if key in self.properties), None)
        if given is None:
            return f"{self.stack.name}-{self.id}".lower()
        return str(self.stack.resolved(given)).removeprefix("https://")

    @property
    def ref(self) -> str:
        return self.arn if self.type in _REF_IS_ARN else self.name

    @property
    def arn(self) -> str:
        if self.type not in _ARNS:
            raise KeyError(f"no ARN is known for {self.type} ({self.id})")
        return f"arn:aws:{_ARNS[self.type].format(r=REGION, a=self.stack.account, n=self.name)}"


_NAMES = (
    "RoleName",
    "FunctionName",
    "BucketName",
    "RepositoryName",
    "StateMachineName",
    "LogGroupName",
    "Name",
    "TopicName",
    "Url",
)
_ARNS = {
    "AWS::S3::Bucket": "s3:::{n}",
    "AWS::KMS::Key": "kms:{r}:{a}:key/{n}",
    "AWS::IAM::Role": "iam::{a}:role/{n}",
    "AWS::IAM::ManagedPolicy": "iam::{a}:policy/{n}",
    "AWS::IAM::OIDCProvider": "iam::{a}:oidc-provider/{n}",
    "AWS::Lambda::Function": "lambda:{r}:{a}:function:{n}",
    "AWS::Logs::LogGroup": "logs:{r}:{a}:log-group:{n}:*",
    "AWS::ECR::Repository": "ecr:{r}:{a}:repository/{n}",
    "AWS::SNS::Topic": "sns:{r}:{a}:{n}",
    "AWS::StepFunctions::StateMachine": "states:{r}:{a}:stateMachine:{n}",
    "AWS::CodeBuild::Project": "codebuild:{r}:{a}:project/{n}",
    "AWS::CodePipeline::Pipeline": "codepipeline:{r}:{a}:{n}",
    "AWS::SageMaker::Endpoint": "sagemaker:{r}:{a}:endpoint/{n}",
}
_REF_IS_ARN = (
    "AWS::IAM::OIDCProvider",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
    "AWS::IAM::ManagedPolicy",
)


class Stack:
    """One template; `kind` is what its name ends in."""

    def __init__(self, name: str, template: Mapping[str, Any], *, account: str, exports: Mapping[str, Any]) -> None:
        self.name, self.account, self._template, self._exports = name, account, template, exports
        self.kind = name.rsplit("-", 1)[-1]
        self.resources = {
            id_: Resource(self, id_, found["Type"], found.get("Properties", {}))
            for id_, found in template["Resources"].items()
        }

    def exported(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        for output in self._template.get("Outputs", {}).values():
            if "Export" in output:
                yield output["Export"]["Name"], lambda value=output["Value"]: self.resolved(value)

    def of_type(self, *types: str) -> Iterator[Resource]:
        return (resource for resource in self.resources.values() if resource.type in types)

    def resolved(self, value: Any) -> Any:
        """`value` with every intrinsic function in it replaced by what it gives; an unknown one is a KeyError."""
        if isinstance(value, list):
            return [self.resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name,) = value
            if name == "Ref" or name.startswith("Fn::"):
                return self._functions[name](value[name])
        return {key: self.resolved(each) for key, each in value.items()}

    @cached_property
    def _functions(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Join": lambda given: given[0].join(self.resolved(each) for each in given[1]),
            "Fn::Sub": self._substituted,
            "Fn::ImportValue": lambda name: self._exports[self.resolved(name)](),
            "Fn::Select": lambda given: self.resolved(given[1])[int(given[0])],
            "Fn::Split": lambda given: self.resolved(given[1]).split(given[0]),
        }

    def _ref(self, name: str) -> str:
        if name.startswith("AWS::"):
            return {
                "AWS::Partition": "aws",
                "AWS::Region": REGION,
                "AWS::AccountId": self.account,
                "AWS::URLSuffix": "amazonaws.com",
                "AWS::StackName": self.name,
            }[name]
        return self.resources[name].ref

    def _attribute(self, given: list[str]) -> str:
        resource, attribute = self.resources[given[0]], given[1]
        if attribute == "Arn":
            return resource.arn
        raise KeyError(f"{attribute} of {resource.type}")

    def _substituted(self, text: str) -> str:
        return re.sub(r"\$\{([\w:]+)\}", lambda found: self._ref(found[1]), text)


@dataclass(frozen=True)
class Role:
    """A role, its policies and its place."""

    resource: Resource
    policies: tuple[Policy, ...]
    trust: Policy
    boundary: str | None

    @property
    def principal(self) -> Principal:
        return Principal("AWS", self.resource.arn)


class Accounts:
    """Every stack of some cloud assemblies."""

    def __init__(self, *assemblies: Path) -> None:
        exports: dict[str, Callable[[], Any]] = {}
        self.stacks: dict[str, Stack] = {}
        for assembly in assemblies:
            manifest = json.loads((assembly / "manifest.json").read_text())["artifacts"]
            for name, artifact in manifest.items():
                if artifact["type"] == "aws:cloudformation:stack":
                    account = artifact["environment"].split("/")[2]
                    self.stacks[name] = Stack(
                        name,
                        json.loads((assembly / artifact["properties"]["templateFile"]).read_text()),
                        account=account if account.isdigit() else ACCOUNT,
                        exports=exports,
                    )
                    exports.update(self.stacks[name].exported())

    def of_type(self, *types: str) -> list[Resource]:
        return [resource for stack in self.stacks.values() for resource in stack.of_type(*types)]

    def one(self, label: str) -> Resource:
        """The resource of that label, `stack kind/logical id without its hash`."""
        (found,) = (r for stack in self.stacks.values() for r in stack.resources.values() if r.label == label)
        return found

    @cached_property
    def roles(self) -> dict[str, Role]:
        return {resource.label: self._role(resource) for resource in self.of_type("AWS::IAM::Role")}

    def _role(self, resource: Resource) -> Role:
        own = [policy["PolicyDocument"] for policy in resource.properties.get("Policies", ())]
        attached = [
            each.properties["PolicyDocument"]
            for each in resource.stack.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
            if resource.name in resource.stack.resolved(each.properties.get("Roles", ()))
        ]
        assert not resource.properties.get("ManagedPolicyArns"), f"{resource.label} has managed policies"
        documents = [resource.stack.resolved(document) for document in (*own, *attached)]
        return Role(
            resource,
            tuple(parse_policy(document) for document in documents),
            parse_policy(resource.stack.resolved(resource.properties["AssumeRolePolicyDocument"])),
            resource.stack.resolved(resource.properties.get("PermissionsBoundary")),
        )

    def policy_of(self, resource: Resource) -> Policy:
        """The resource's own policy: a bucket's, a key's, a topic's, or a network endpoint's."""
        if resource.type == "AWS::KMS::Key":
            return parse_policy(resource.stack.resolved(resource.properties["KeyPolicy"]))
        if resource.type == "AWS::EC2::VPCEndpoint":
            return parse_policy(resource.stack.resolved(resource.properties["PolicyDocument"]))
        key = {"AWS::S3::BucketPolicy": "Bucket", "AWS::SNS::TopicPolicy": "Topics"}
        found: list[Any] = []
        for each in resource.stack.of_type(*key):
            if resource.ref in _listed(resource.stack.resolved(each.properties[key[each.type]])):
                found += resource.stack.resolved(each.properties["PolicyDocument"])["Statement"]
        return parse_policy({"Version": "2012-10-17", "Statement": found})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
