"""Delivery: a push is tested, synthesized once, and deployed stage by stage."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

from infra.delivery.artifact_store import ArtifactStore
from infra.delivery.build_roles import StageRoles
from infra.delivery.builds import (
    ASSEMBLIES,
    assembly,
    deploy_step,
    fleet_assembly,
    pin_self_update,
    shared,
    source_of,
    start_step,
    synth_step,
)
from infra.shared.approval import may_not_approve, may_not_register_approved
from slipway.settings import Delivery, DeliveryStage


class DeliveryStack(cdk.Stack):
    """A pipeline of CodePipeline that updates itself too.

    Args:
        stages: the TOML files that have each stage, in the order of deployment.
        fleets: the stages that have a dashboard over their use cases.
        file: the TOML file of `delivery`, for `app.py`.
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
    ) -> None:
        env = cdk.Environment(account=delivery.account, region=delivery.region)
        super().__init__(scope, id_, env=env, description=f"Delivery of {delivery.repository}")
        source = source_of(delivery)
        synth = synth_step(source, stages=stages, fleets=fleets, file=file)
        denied = (may_not_approve(), may_not_register_approved())
        assemblies = synth.add_output_directory(ASSEMBLIES)
        self.pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_name=delivery.name,
            synth=synth,
            pipeline_type=codepipeline.PipelineType.V2,
            artifact_bucket=ArtifactStore(self, "Artifacts").bucket,
            code_build_defaults=pipelines.CodeBuildOptions(
                timeout=cdk.Duration.hours(2), role_policy=[iam.PolicyStatement.from_json(each) for each in denied]
            ),
        )
        for stage in delivery.stages:
            roles = StageRoles(self, f"Builds{stage.name.title().replace('-', '')}", stage=stage)
            deploy = partial(deploy_step, input_=assemblies, role=roles.deploy)
            start = partial(start_step, stage, input_=source, role=roles.start)
            groups = shared(stages[stage.name], stages=len(stages))
            self._add_wave(stage, groups, deploy=deploy, start=start, has_fleet=stage.name in fleets)
        self.pipeline.build_pipeline()
        pin_self_update(self.pipeline, self)
        self._may_use_connection(delivery)

    def _may_use_connection(self, delivery: Delivery) -> None:
        """CDK allows the action's old name only, and AWS checks the one that the connection's ARN begins with."""
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
        groups: Mapping[str, Sequence[str]],
        *,
        deploy: Callable[[str, Sequence[str]], pipelines.CodeBuildStep],
        start: Callable[[str, Sequence[str]], pipelines.CodeBuildStep],
        has_fleet: bool,
    ) -> None:
        """Approval where the stage needs one; the use cases; then the start of each, in parallel with the dashboard.

        `groups` are the TOML files that share a build.
        """
        approval = [pipelines.ManualApprovalStep(f"Approve {stage.name}")] if stage.approval else []
        fleet = [deploy(f"Deploy the fleet to {stage.name}", [fleet_assembly(stage.name)])] if has_fleet else []
        steps: list[pipelines.Step] = [*approval, *fleet]
        for name, files in groups.items():
            folders = [assembly(stage.name, file) for file in files]
            deployment, started = deploy(f"Deploy {name} to {stage.name}", folders), start(name, files)
            for confirmed in approval:
                deployment.add_step_dependency(confirmed)
            for after in (started, *fleet):
                after.add_step_dependency(deployment)
            steps += [deployment, started]
        self.pipeline.add_wave(stage.name, pre=steps)
