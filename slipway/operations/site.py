"""One use case and stage as an operator finds it deployed."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from botocore.exceptions import ClientError

from slipway.errors import InputError
from slipway.operations.account import Account
from slipway.operations.errors import RefusedError, message_of
from slipway.settings import Settings
from slipway.settings.names import Names


@dataclass(frozen=True, eq=False)
class Site:
    """Clients, names and what the stacks say of themselves."""

    settings: Settings
    account: Account

    @property
    def names(self) -> Names:
        return self.settings.names

    @cache  # noqa: B019 — a site lives as long as its command
    def client(self, service: str) -> Any:
        return self.account.client(service)

    @cached_property
    def caller(self) -> str:
        """Who acts, as AWS knows them.

        Raises:
            InputError: the credentials are those of another account than the stage's.
        """
        identity = self.client("sts").get_caller_identity()
        wanted = self.settings.account
        if wanted and identity["Account"] != wanted:
            raise InputError(
                f"{self.names.prefix} lives in account {wanted}, and the credentials are of {identity['Account']} "
                f"({identity['Arn']})"
            )
        return str(identity["Arn"])

    @cached_property
    def state_machine(self) -> str:
        return self._output("rollout", "StateMachineArn")

    @cached_property
    def artifacts_bucket(self) -> str:
        return self._output("storage", "ArtifactsBucketName")

    def package_arn(self, reference: str) -> str:
        """The ARN of a version of the use case's group, by number or ARN.

        Raises:
            InputError: it is neither.
        """
        group = self.names.package_group
        if reference.isascii() and reference.isdigit():
            where = self.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)
            arn: str = where["ModelPackageGroupArn"]
            return f"{arn.replace(':model-package-group/', ':model-package/')}/{int(reference)}"
        if f":model-package/{group}/" in reference:
            return reference
        raise InputError(f"package must be a version number or an ARN of group {group}, got {reference}")

    def _output(self, kind: str, key: str) -> str:
        name = self.names.stack(kind)
        cloudformation = self.client("cloudformation")
        try:
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as exc:
            if "does not exist" in message_of(exc):
                raise RefusedError(
                    f"stack {name} is not deployed in {cloudformation.meta.region_name} of this account; "
                    "deploy it, or choose another --stage"
                ) from exc
            raise
        outputs = {output["OutputKey"]: str(output["OutputValue"]) for output in stack.get("Outputs", [])}
        if key not in outputs:
            raise RefusedError(f"stack {name} has no output {key} (it is {stack['StackStatus']}); deploy it again")
        return outputs[key]


def version_of(package_arn: str) -> str:
    """The number people call a package by."""
    return package_arn.rsplit("/", 1)[-1]
