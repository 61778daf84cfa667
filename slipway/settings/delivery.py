"""How a push becomes a deployment: what CodePipeline and GitHub Actions are made from."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slipway.errors import InputError
from slipway.settings.access import PolicyName
from slipway.settings.loading import read_toml, stages_of, validated
from slipway.settings.section import AccountId, Region, Section, Slug, matching, raise_each

Repository = Annotated[str, matching(r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$", "owner/name of a repository")]
Branch = Annotated[str, matching(r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$", "the name of a branch")]
ConnectionArn = Annotated[
    str,
    matching(
        r"^arn:aws[a-z-]*:code(connections|star-connections):[a-z0-9-]+:\d{12}:connection/[\w-]+$",
        "the ARN of a CodeConnections connection",
    ),
]
GitHubId = Annotated[int, Field(gt=0)]
GitHubProvider = Literal["new", "existing"]
TomlPath = Annotated[
    str, matching(r"^[A-Za-z0-9][A-Za-z0-9._/-]*\.toml$", "the path of a .toml file, without blanks", max_length=60)
]
"""An action of CodePipeline is named after it and a stage, in at most 100 characters."""


class DeliveryStage(Section):
    """A stage of the use cases, and its account and region."""

    name: Slug
    """Name of the stage, as in the use cases' `[stages.NAME]`."""
    approval: bool = False
    """Whether a person confirms each deployment of the stage first."""
    trains: bool = False
    """Whether a push may start the stage's training pipeline; other stages get models from stages that train."""
    account: AccountId | None = None
    """Account of the stage, where it differs from the delivery's."""
    region: Region | None = None
    """Region of the stage, where it differs from the delivery's."""
    github_provider: GitHubProvider | None = None
    """`github_provider` of the stage's account, where it differs from the delivery's."""


class Delivery(Section):
    """One repository's delivery."""

    name: Slug = "slipway"
    """First part of the names of the delivery's stacks."""
    repository: Repository
    """The repository, OWNER/NAME."""
    owner_id: GitHubId | None = None
    """GitHub's number of the repository's owner; tokens of repositories made or renamed since July 2026 name it."""
    repository_id: GitHubId | None = None
    """GitHub's number of the repository; given together with `owner_id`."""
    github_provider: GitHubProvider = "new"
    """Whether the delivery makes GitHub's OpenID Connect provider, or the account has it: there can be one only."""
    branch: Branch = "main"
    """The branch whose pushes are deployed."""
    connection_arn: ConnectionArn | None = None
    """Connection of CodePipeline to the repository; without it there is no pipeline, only roles for GitHub Actions."""
    account: AccountId | None = None
    """Account in which the delivery itself runs; without it, the account of the credentials."""
    region: Region | None = None
    """Region in which the delivery itself runs; without it, the region of the credentials."""
    permission_boundary: PolicyName | None = None
    """Name of a managed policy, the same in every account, that the delivery's roles have as permissions boundary."""
    use_cases: tuple[TomlPath, ...] = Field(min_length=1, max_length=50)
    """The use cases' TOML files, as paths in the repository."""
    stages: tuple[DeliveryStage, ...] = Field(min_length=1, max_length=10)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        lists = {"use_cases": self.use_cases, "stages": tuple(stage.name for stage in self.stages)}
        raise_each(
            f"{name} must be named once each, got {', '.join(values)}"
            for name, values in lists.items()
            if len(set(values)) < len(values)
        )
        if (self.owner_id is None) != (self.repository_id is None):
            raise ValueError("owner_id and repository_id must be given together, got one of them")
        return self

    def account_of(self, stage: DeliveryStage) -> str | None:
        """The stage's own, or the delivery's; none is whichever account is deployed to."""
        return stage.account or self.account

    def region_of(self, stage: DeliveryStage) -> str | None:
        return stage.region or self.region


def load_delivery(path: Path) -> Delivery:
    """Read the delivery in `path`.

    Raises:
        InputError: the file, the TOML or a value is wrong; every wrong value is in the message, a line each.
    """
    return validated(Delivery, read_toml(path), source=str(path))


def use_cases_of(delivery: Delivery, stage: str, *, project: Path) -> tuple[str, ...]:
    """The delivery's TOML files, paths below `project`, that have the stage; in the delivery's order.

    Raises:
        InputError: none has it, or a file is not readable.
    """
    found = tuple(file for file in delivery.use_cases if stage in stages_of(project / file))
    if not found:
        raise InputError(f"stages must each be in one of {', '.join(delivery.use_cases)}, got {stage}")
    return found
