"""Delivery: a push is tested, synthesized once, and deployed stage by stage."""

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

from blueprint.settings import Delivery, DeliveryStage
from infra.constructs.approval import may_not_approve
from infra.constructs.delivery.bootstrap_roles import may_deploy, may_start
from infra.constructs.delivery.builds import (
    ASSEMBLIES,
    assembly,
    deploy_step,
    fleet_assembly,
    source_of,
    start_step,
    synth_step,
)


class DeliveryStack(cdk.Stack):
    """A pipeline of CodePipeline that also keeps itself up to date.

    Args:
        stages: the TOML files that have each stage, in the order of deployment.
        fleets: the stages that have a dashboard over their use cases.
        file: the TOML file of `delivery`, for `app.py`.
        cdk_version: the CLI's, as `package.json` pins it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        delivery: Delivery,
        stages: dict[str, tuple[str, ...]],
        fleets: Collection[str],
        file: Path,
        cdk_version: str,
    ) -> None:
        env = cdk.Environment(account=delivery.account, region=delivery.region)
        super().__init__(scope, id_, env=env, description=f"Delivery of {delivery.repository}")
        source = source_of(delivery)
        synth = synth_step(source, stages=stages, fleets=fleets, file=file)
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
            allowed = [may_deploy(self, stage), may_not_approve()]
            deploy = partial(deploy_step, input_=assemblies, cdk_version=cdk_version, allowed=allowed)
            self._add_wave(stage, stages[stage.name], deploy=deploy, has_fleet=stage.name in fleets, source=source)
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

    def _add_wave(
        self,
        stage: DeliveryStage,
        files: tuple[str, ...],
        *,
        deploy: Callable[[str, str], pipelines.CodeBuildStep],
        has_fleet: bool,
        source: pipelines.CodePipelineSource,
    ) -> None:
        """Approval if it is asked for; the use cases; then the start of each, beside the dashboard over all."""
        approval = [pipelines.ManualApprovalStep(f"Approve {stage.name}")] if stage.approval else []
        deployments = [deploy(f"Deploy {file} to {stage.name}", assembly(stage.name, file)) for file in files]
        fleet = [deploy(f"Deploy the fleet to {stage.name}", fleet_assembly(stage.name))] if has_fleet else []
        starts = self._starts(stage, files, source)
        for deployment, start in zip(deployments, starts, strict=True):
            for confirmed in approval:
                deployment.add_step_dependency(confirmed)
            for after in (start, *fleet):
                after.add_step_dependency(deployment)
        self.pipeline.add_wave(stage.name, pre=[*approval, *deployments, *starts, *fleet])

    def _starts(
        self, stage: DeliveryStage, files: tuple[str, ...], source: pipelines.CodePipelineSource
    ) -> list[pipelines.CodeBuildStep]:
        allowed = [may_start(self, stage), may_not_approve()]
        return [start_step(stage, f, input_=source, allowed=allowed) for f in files]
