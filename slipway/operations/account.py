"""An account as the environment's credentials reach it, or through the use case's starter role."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from slipway.errors import LaunchError
from slipway.operations.errors import plainly
from slipway.settings import Settings

_RETRIES = 5


@dataclass(frozen=True)
class Account:
    """Clients for the place where one use case and stage lives."""

    settings: Settings
    as_starter: bool = False

    def client(self, service: str, *, read_timeout: float = 60) -> Any:
        """A boto3 client; `read_timeout` is in seconds.

        Raises:
            LaunchError: there is no region, or the role cannot be taken on.
        """
        with plainly():
            return self._session.client(service, config=self._patience.merge(Config(read_timeout=read_timeout)))

    def output(self, stack: str, key: str) -> str:
        """An output of one of the use case's stacks.

        Raises:
            LaunchError: the stack is not deployed, or has no such output.
        """
        name = self.settings.names.stack(stack)
        try:
            found = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
        except (BotoCoreError, ClientError) as exc:
            raise LaunchError(f"stack {name} must be deployed and readable: {exc}") from exc
        outputs: dict[str, str] = {output["OutputKey"]: output["OutputValue"] for output in found}
        if key not in outputs:
            raise LaunchError(f"stack {name} must have the output {key}, got {', '.join(sorted(outputs)) or 'none'}")
        return outputs[key]

    @cached_property
    def _patience(self) -> Config:
        """As often as AWS_MAX_ATTEMPTS or the profile says; this is for those who say nothing."""
        chosen = botocore.session.get_session().get_config_variable("max_attempts")
        return Config(retries={"mode": "standard"} if chosen else {"mode": "standard", "max_attempts": _RETRIES})

    @cached_property
    def _session(self) -> boto3.Session:
        session = boto3.Session(region_name=self.settings.region)
        return self._starter(session) if self.as_starter else session

    def _starter(self, session: boto3.Session) -> boto3.Session:
        try:
            sts = session.client("sts")
            account = self.settings.account or sts.get_caller_identity()["Account"]
            # A starter may live in another account, whose partition is the caller's own.
            partition = sts.get_caller_identity()["Arn"].split(":")[1]
            role = f"arn:{partition}:iam::{account}:role/{self.settings.names.starter_role}"
            taken = sts.assume_role(RoleArn=role, RoleSessionName="slipway")["Credentials"]
        except (BotoCoreError, ClientError) as exc:
            raise LaunchError(f"the role {self.settings.names.starter_role} cannot be taken on: {exc}") from exc
        return boto3.Session(
            aws_access_key_id=taken["AccessKeyId"],
            aws_secret_access_key=taken["SecretAccessKey"],
            aws_session_token=taken["SessionToken"],
            region_name=session.region_name,
        )
