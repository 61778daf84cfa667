"""GitHub: roles that its workflows take on by OpenID Connect; no key is stored anywhere."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from blueprint.settings import Delivery, DeliveryStage
from infra.constructs.approval import may_not_approve
from infra.constructs.delivery.bootstrap_roles import may_deploy, may_start

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


class GitHubStack(cdk.Stack):
    """One role a stage. Deploy it once in each account, with the stages that live there.

    A role is given to jobs of one repository that run in the stage's environment, and GitHub's protection rules of that
    environment say which branches and whose approval lead there. The branch is checked here as well: the subject
    of such a token names the environment only, but the token carries the ref.
    """

    def __init__(self, scope: Construct, id_: str, *, delivery: Delivery, stages: tuple[DeliveryStage, ...]) -> None:
        account, region = stages[0].account or delivery.account, stages[0].region or delivery.region
        super().__init__(
            scope,
            id_,
            env=cdk.Environment(account=account, region=region),
            description=f"What the workflows of {delivery.repository} may do here",
        )
        provider = iam.OidcProviderNative(self, "GitHub", url=f"https://{ISSUER}", client_ids=[AUDIENCE])
        for stage in stages:
            role = iam.Role(
                self,
                f"Deploy{stage.name.title().replace('-', '')}",
                role_name=f"{delivery.name}-{stage.name}-github",
                description=f"Workflows of {delivery.repository} in the environment {stage.name}",
                max_session_duration=cdk.Duration.hours(2),
                assumed_by=iam.FederatedPrincipal(
                    provider.oidc_provider_arn,
                    {
                        "StringEquals": {
                            f"{ISSUER}:aud": AUDIENCE,
                            f"{ISSUER}:sub": f"repo:{delivery.repository}:environment:{stage.name}",
                            f"{ISSUER}:ref": f"refs/heads/{delivery.branch}",
                        }
                    },
                    "sts:AssumeRoleWithWebIdentity",
                ),
            )
            for statement in (may_deploy(self, stage), may_start(self, stage), may_not_approve()):
                role.add_to_policy(iam.PolicyStatement.from_json(statement))
            cdk.CfnOutput(self, f"{stage.name}-role".title().replace("-", ""), value=role.role_arn)
