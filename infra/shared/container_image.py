"""A container image of the account, as the roles, jobs and models that use it see it."""

from typing import Protocol

from infra.shared.policy import Statement


class ContainerImage(Protocol):
    """An image in a repository of the account."""

    @property
    def uri(self) -> str:
        """Repository and tag."""

    def may_pull(self) -> list[Statement]:
        """Pull images of the repository."""

    def may_describe(self) -> Statement:
        """Read the digest of an image, as SageMaker does when a model package that names the image is registered."""
