"""GitHub: roles that its workflows take on by OpenID Connect; no key is stored anywhere."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.delivery.bootstrap_roles import may_deploy, may_start
from infra.delivery.github_jobs import LONGEST_SESSION_SECONDS
from infra.shared.approval import may_not_approve, may_not_register_approved
from infra.shared.arns import ACCOUNT, PARTITION
from slipway.settings import Delivery, DeliveryStage

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


class GitHubStack(cdk.Stack):
    """One role a stage. Deploy it once in each account, with the account's stages, whatever their regions.

    Jobs of one repository that run in the stage's environment may assume the role; GitHub's protection rules of that
    environment decide which branches may run there and who approves. The branch is checked here as well: the subject
    of such a token names the environment only, but another claim names the ref.
    """

    def __init__(self, scope: Construct, id_: str, *, delivery: Delivery, stages: tuple[DeliveryStage, ...]) -> None:
        regions = {delivery.region_of(stage) for stage in stages}
        region = regions.pop() if len(regions) == 1 else delivery.region
        super().__init__(
            scope,
            id_,
            env=cdk.Environment(account=delivery.account_of(stages[0]), region=region),
            description=f"What the workflows of {delivery.repository} may do here",
        )
        provider = self._provider(delivery, stages)
        for stage in stages:
            role = iam.Role(
                self,
                f"Deploy{stage.name.title().replace('-', '')}",
                role_name=f"{delivery.name}-{stage.name}-github",
                description=f"Workflows of {delivery.repository} in the environment {stage.name}",
                max_session_duration=cdk.Duration.seconds(LONGEST_SESSION_SECONDS),
                assumed_by=iam.FederatedPrincipal(
                    provider, _token_of(delivery, stage), "sts:AssumeRoleWithWebIdentity"
                ),
            )
            allowed = (may_deploy(self, stage), may_start(self, stage))
            for statement in (*allowed, may_not_approve(), may_not_register_approved()):
                role.add_to_policy(iam.PolicyStatement.from_json(statement))
            cdk.CfnOutput(self, f"{stage.name}-role".title().replace("-", ""), value=role.role_arn)

    def _provider(self, delivery: Delivery, stages: tuple[DeliveryStage, ...]) -> str:
        """The ARN of the account's provider: made here, or there already."""
        if "existing" in {stage.github_provider or delivery.github_provider for stage in stages}:
            return f"arn:{PARTITION}:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
        made = iam.OidcProviderNative(self, "GitHub", url=f"https://{ISSUER}", client_ids=[AUDIENCE])
        return made.oidc_provider_arn


def _token_of(delivery: Delivery, stage: DeliveryStage) -> dict[str, dict[str, object]]:
    """The conditions on a token: of this repository, branch and environment, and for AWS.

    Repositories made, renamed or transferred since July 2026 send a subject with numbers, OWNER@1/REPOSITORY@2.
    Where the numbers are not known, a pattern accepts any; it would also match a subject that another repository of the
    owner has customized, such as one with a workflow's name. So the claims `repository` and
    `environment`, whose format no repository can choose, must match exactly.
    """
    exactly = {"aud": AUDIENCE, "ref": f"refs/heads/{delivery.branch}"}
    owner, name = delivery.repository.split("/")
    if delivery.repository_id:
        subject = f"repo:{owner}@{delivery.owner_id}/{name}@{delivery.repository_id}:environment:{stage.name}"
        return {"StringEquals": _claims(exactly | {"sub": subject})}
    repositories = (delivery.repository, f"{owner}@*/{name}@*")
    subjects = [f"repo:{repository}:environment:{stage.name}" for repository in repositories]
    return {
        "StringEquals": _claims(exactly | {"repository": delivery.repository, "environment": stage.name}),
        "StringLike": _claims({"sub": subjects}),
    }


def _claims(values: Mapping[str, object]) -> dict[str, object]:
    return {f"{ISSUER}:{claim}": value for claim, value in values.items()}
