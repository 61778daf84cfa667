"""The roles of a stage's builds: one for all that deploy, one for all that start."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.delivery.bootstrap_roles import may_deploy, may_start
from infra.shared.policy import Statement
from slipway.settings import DeliveryStage


class StageRoles(Construct):
    """What `stage` needs; each build adds its logs, the pipeline's artifacts and what every build is denied."""

    def __init__(self, scope: Construct, id_: str, *, stage: DeliveryStage) -> None:
        super().__init__(scope, id_)
        self.deploy = self._role("Deploy", f"Builds that deploy to {stage.name}", may_deploy(self, stage))
        self.start = self._role("Start", f"Builds that test and train in {stage.name}", may_start(self, stage))

    def _role(self, id_: str, description: str, allowed: Statement) -> iam.Role:
        builds = iam.ServicePrincipal("codebuild.amazonaws.com")
        role = iam.Role(self, id_, assumed_by=builds, description=description)
        role.add_to_policy(iam.PolicyStatement.from_json(allowed))
        return role
