"""One stage of a use case as it is deployed: its account's clients, its names, and the outputs of its stacks."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from slipway.errors import InputError, LaunchError
from slipway.operations.aws_errors import RefusedError, message_of, readable_errors
from slipway.settings import Settings
from slipway.settings.names import Names

_RETRIES = 5


@dataclass(frozen=True, eq=False)
class DeployedStage:
    """A use case's stage, reached with the environment's credentials or through the use case's starter role."""

    settings: Settings
    as_starter: bool = False
    _clients: dict[tuple[str, float], Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def names(self) -> Names:
        return self.settings.names

    def client(self, service: str, *, read_timeout: float = 60) -> Any:
        """A boto3 client, one for each service; `read_timeout` is in seconds.

        Raises:
            LaunchError: there is no region, or the role cannot be assumed.
        """
        key = (service, read_timeout)
        if key not in self._clients:
            config = self._retry_config.merge(Config(read_timeout=read_timeout))
            with readable_errors():
                self._clients[key] = self._session.client(service, config=config)
        return self._clients[key]

    @cached_property
    def caller(self) -> str:
        """The ARN of the identity that makes the calls.

        Raises:
            InputError: the credentials belong to another account than the stage.
        """
        identity = self.client("sts").get_caller_identity()
        wanted = self.settings.account
        if wanted and identity["Account"] != wanted:
            raise InputError(
                f"credentials must be of account {wanted}, where {self.names.prefix} is deployed, got "
                f"{identity['Account']} ({identity['Arn']}): choose another AWS_PROFILE or --stage"
            )
        return str(identity["Arn"])

    @cached_property
    def rollout_function(self) -> str:
        return self.output("rollout", "FunctionName")

    @cached_property
    def artifacts_bucket(self) -> str:
        return self.output("storage", "ArtifactsBucketName")

    def package_arn(self, reference: str) -> str:
        """The ARN of a version in the use case's model package group, by number or ARN.

        Raises:
            InputError: `reference` is neither.
        """
        group = self.names.package_group
        if reference.isascii() and reference.isdigit():
            found = self.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)
            arn: str = found["ModelPackageGroupArn"]
            return f"{arn.replace(':model-package-group/', ':model-package/')}/{int(reference)}"
        if f":model-package/{group}/" in reference:
            return reference
        raise InputError(f"package must be a version number or an ARN of group {group}, got {reference}")

    def stack(self, kind: str) -> dict[str, Any] | None:
        """What CloudFormation describes of the stack; None where it is not deployed."""
        return describe_stack(self.client("cloudformation"), self.names.stack(kind))

    def output(self, kind: str, key: str) -> str:
        """An output of one of the use case's stacks.

        Raises:
            RefusedError: the stack is not deployed, or has no such output.
        """
        name, stack = self.names.stack(kind), self.stack(kind)
        if stack is None:
            region = self.client("cloudformation").meta.region_name
            raise RefusedError(
                f"stack {name} is not deployed in {region} of this account; "
                "deploy it, or choose another --config or --stage"
            )
        outputs = {output["OutputKey"]: str(output["OutputValue"]) for output in stack.get("Outputs", [])}
        if key not in outputs:
            raise RefusedError(f"stack {name} has no output {key} (it is {stack['StackStatus']}); deploy it again")
        return outputs[key]

    @cached_property
    def _retry_config(self) -> Config:
        """AWS_MAX_ATTEMPTS and the profile take precedence over our number of attempts."""
        chosen = botocore.session.get_session().get_config_variable("max_attempts")
        return Config(retries={"mode": "standard"} if chosen else {"mode": "standard", "max_attempts": _RETRIES})

    @cached_property
    def _session(self) -> boto3.Session:
        session = boto3.Session(region_name=self.settings.region)
        return self._starter(session) if self.as_starter else session

    def _starter(self, session: boto3.Session) -> boto3.Session:
        try:
            sts = session.client("sts")
            identity = sts.get_caller_identity()
            account = self.settings.account or identity["Account"]
            # The starter role may be in another account, whose partition is the caller's own.
            partition = identity["Arn"].split(":")[1]
            role = f"arn:{partition}:iam::{account}:role/{self.names.starter_role}"
            assumed = sts.assume_role(RoleArn=role, RoleSessionName="slipway")["Credentials"]
        except (BotoCoreError, ClientError) as exc:
            raise LaunchError(f"the role {self.names.starter_role} cannot be assumed: {exc}") from exc
        return boto3.Session(
            aws_access_key_id=assumed["AccessKeyId"],
            aws_secret_access_key=assumed["SecretAccessKey"],
            aws_session_token=assumed["SessionToken"],
            region_name=session.region_name,
        )


def describe_stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """The stack of that name or id; None where there is none."""
    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as exc:
        if "does not exist" in message_of(exc):
            return None
        raise
    return found


def version_of(package_arn: str) -> str:
    """The version number of a model package."""
    return package_arn.rsplit("/", 1)[-1]
