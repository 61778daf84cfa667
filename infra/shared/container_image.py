"""A container image of the account, as the roles, jobs and models that use it see it."""

from dataclasses import dataclass

from aws_cdk import aws_ecr as ecr

from infra.shared.policy import Statement, allow


@dataclass(frozen=True, kw_only=True)
class ContainerImage:
    """An image in a repository."""

    repository: ecr.IRepository
    tag: str

    @property
    def uri(self) -> str:
        return f"{self.repository.repository_uri}:{self.tag}"

    def may_pull(self) -> list[Statement]:
        """Pull images of the repository."""
        return [
            allow(
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                on=[self.repository.repository_arn],
            ),
            allow("ecr:GetAuthorizationToken", on=["*"]),  # which supports no resource
        ]

    def may_describe(self) -> Statement:
        """Read an image's digest, as SageMaker does when a package that names it is registered.

        The actions are those of AWS's own policy AmazonSageMakerModelRegistryFullAccess.
        """
        return allow("ecr:BatchGetImage", "ecr:DescribeImages", on=[self.repository.repository_arn])
