"""Container images, as the roles, jobs and models that use them see them."""

from dataclasses import dataclass
from typing import Protocol

from aws_cdk import aws_ecr as ecr

from infra.shared.arns import PARTITION
from infra.shared.policy import Statement, allow
from slipway.settings.own_container import ImageReference


class Image(Protocol):
    """An image that roles may pull."""

    @property
    def uri(self) -> str: ...

    def may_pull(self) -> list[Statement]:
        """Pull images of the repository."""
        ...

    def may_describe(self) -> Statement:
        """Read an image's digest, as SageMaker does when a package that names it is registered."""
        ...


@dataclass(frozen=True, kw_only=True)
class ContainerImage:
    """An image in a repository of the app."""

    repository: ecr.IRepository
    tag: str

    @property
    def uri(self) -> str:
        return f"{self.repository.repository_uri}:{self.tag}"

    def may_pull(self) -> list[Statement]:
        return _may_pull(self.repository.repository_arn)

    def may_describe(self) -> Statement:
        return _may_describe(self.repository.repository_arn)


@dataclass(frozen=True)
class EcrImage:
    """An image that is there already, by its URI: one of the user's own, in this account or in another."""

    uri: str

    @property
    def repository_arn(self) -> str:
        found = ImageReference.of(self.uri)
        return f"arn:{PARTITION}:ecr:{found.region}:{found.account}:repository/{found.repository}"

    def may_pull(self) -> list[Statement]:
        return _may_pull(self.repository_arn)

    def may_describe(self) -> Statement:
        return _may_describe(self.repository_arn)


def _may_pull(repository_arn: str) -> list[Statement]:
    return [
        allow(
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            on=[repository_arn],
        ),
        allow("ecr:GetAuthorizationToken", on=["*"]),  # which supports no resource
    ]


def _may_describe(repository_arn: str) -> Statement:
    """The actions are those of AWS's own policy AmazonSageMakerModelRegistryFullAccess."""
    return allow("ecr:BatchGetImage", "ecr:DescribeImages", on=[repository_arn])
