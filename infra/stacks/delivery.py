"""Delivery: a push is tested, synthesized once, and deployed stage by stage."""

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

from blueprint.settings import Delivery, DeliveryStage
from infra.constructs.approval import may_not_approve
from infra.constructs.delivery.bootstrap_roles import may_deploy, may_start
from infra.constructs.delivery.builds import ASSEMBLIES, deploy_step, source_of, start_step, synth_step


class DeliveryStack(cdk.Stack):
    """A pipeline of CodePipeline that also keeps itself up to date.

    Args:
        stages: the TOML files that have each stage, in the order of deployment.
        context: what makes `app.py` synthesize this stack, `key=value`.
        cdk_version: the CLI's, as `package.json` pins it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        delivery: Delivery,
        stages: dict[str, tuple[str, ...]],
        context: str,
        cdk_version: str,
    ) -> None:
        env = cdk.Environment(account=delivery.account, region=delivery.region)
        super().__init__(scope, id_, env=env, description=f"Delivery of {delivery.repository}")
        source = source_of(delivery)
        synth = synth_step(source, stages=stages, context=context)
        assemblies = synth.add_output_directory(ASSEMBLIES)
        self.pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_name=delivery.name,
            synth=synth,
            pipeline_type=codepipeline.PipelineType.V2,
            cross_account_keys=True,
            enable_key_rotation=True,
            cli_version=cdk_version,
            code_build_defaults=pipelines.CodeBuildOptions(
                timeout=cdk.Duration.hours(2), role_policy=[iam.PolicyStatement.from_json(may_not_approve())]
            ),
        )
        for stage in delivery.stages:
            approval = [pipelines.ManualApprovalStep(f"Approve {stage.name}")] if stage.approval else []
            deployments = self._deployments(stage, stages[stage.name], assemblies, cdk_version)
            starts = self._starts(stage, stages[stage.name], source)
            for deployment, start in zip(deployments, starts, strict=True):
                start.add_step_dependency(deployment)
                for confirmed in approval:
                    deployment.add_step_dependency(confirmed)
            self.pipeline.add_wave(stage.name, pre=[*approval, *deployments, *starts])
        self.pipeline.build_pipeline()
        self._may_use_connection(delivery)

    def _may_use_connection(self, delivery: Delivery) -> None:
        """CDK allows the action's old name only, and AWS asks for the one that the connection's ARN begins with."""
        source = next(
            role
            for role in self.pipeline.pipeline.node.find_all()
            if isinstance(role, iam.Role) and "/Source/" in role.node.path
        )
        source.add_to_policy(
            iam.PolicyStatement(actions=["codeconnections:UseConnection"], resources=[str(delivery.connection_arn)])
        )

    def _deployments(
        self, stage: DeliveryStage, files: tuple[str, ...], assemblies: pipelines.FileSet, cdk_version: str
    ) -> list[pipelines.CodeBuildStep]:
        allowed = [may_deploy(self, stage), may_not_approve()]
        return [deploy_step(stage, f, input_=assemblies, cdk_version=cdk_version, allowed=allowed) for f in files]

    def _starts(
        self, stage: DeliveryStage, files: tuple[str, ...], source: pipelines.CodePipelineSource
    ) -> list[pipelines.CodeBuildStep]:
        allowed = [may_start(self, stage), may_not_approve()]
        return [start_step(stage, f, input_=source, allowed=allowed) for f in files]
