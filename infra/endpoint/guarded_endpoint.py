"""An endpoint whose updates roll back by themselves when the new fleet's alarms fire."""

import hashlib
import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.endpoint.capacity import Capacity, DataCapture, Instances
from infra.endpoint.endpoint_metrics import InvokableEndpoint
from infra.endpoint.endpoint_parts import EndpointParts
from infra.endpoint.endpoint_role import EndpointRole
from infra.endpoint.inference_queue import InferenceQueue
from infra.endpoint.instance_autoscaling import ScalableInstanceCount
from infra.endpoint.new_fleet_alarms import NewFleetAlarms
from infra.endpoint.served_model import Challengers, ContainerModel, RegisteredModel, ShadowModel
from infra.endpoint.variants import production_variants, shadow_variants
from infra.shared.tags import ENDPOINT_TAG
from infra.shared.vpc_access import VpcPlacement
from slipway.endpoint_kinds import EndpointKind
from slipway.errors import InputError
from slipway.guardrails import ScaledVariant, refuse_unsafe
from slipway.rollout.new_fleet_alarms import DRIFT_ALARMS
from slipway.rollout.plan import deployment_config
from slipway.settings import Rollout, Vpc
from slipway.settings.limits import RESOURCE_NAME_LENGTH
from slipway.settings.names import VARIANT


def service_rollout(**changes: Any) -> Rollout:
    """A rollout behind alarms on what SageMaker itself publishes, errors and latency; `changes` are its fields.

    Raises:
        ValueError: they do not fit.
    """
    return Rollout(**{"alarms_off": (*DRIFT_ALARMS, "CanaryDecision"), **changes})


_SERVICE_ROLLOUT = service_rollout()
_UPDATE_VARIABLE = "SLIPWAY_UPDATE"
"""In the container's environment: what replaces the model, and with it the config, when only the update changes."""


class GuardedEndpoint(InvokableEndpoint):
    """A SageMaker endpoint for any CDK app; every change of the model replaces Model and EndpointConfig.

    Neither has a physical name, because a replacement cannot reuse one. Both are retained when replaced: after
    SageMaker has rolled back on its own, CloudFormation would otherwise delete the config that is in use. An update
    that the guardrail rules find unsafe is not synthesized.

    Attributes:
        role: what the model's containers may do; `grant_*` of other constructs may add to it.
        endpoint: the endpoint, updated in place under its fixed name.
        model: the model.
        config: the endpoint config.
        shadow_model: the candidate's model, where the endpoint can have a shadow.
        challenger_models: those of experiments, where the endpoint can have challengers.
        alarms: what rolls an update back.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        model: RegisteredModel | ContainerModel,
        capacity: Capacity,
        rollout: Rollout = _SERVICE_ROLLOUT,
        endpoint_name: str | None = None,
        capture: DataCapture | None = None,
        queue: InferenceQueue | None = None,
        volume_key: kms.IKey | None = None,
        vpc: Vpc | VpcPlacement | None = None,
        network_isolation: bool = True,
        role: iam.IRole | None = None,
        condition: cdk.CfnCondition | None = None,
        shadow: ShadowModel | None = None,
        challengers: Challengers | None = None,
        drift_watched: cdk.CfnCondition | None = None,
    ) -> None:
        """Make it, under `condition` where one is given; drift rolls an update back only while `drift_watched` holds.

        Raises:
            InputError: the rollout would not be safe, or an alarm watches what such a model does not publish.
        """
        super().__init__(scope, id_)
        # A name of CloudFormation's own is known too late: the alarms name the endpoint, which needs them first.
        self._name = endpoint_name or cdk.Names.unique_resource_name(
            self, max_length=RESOURCE_NAME_LENGTH, separator="-"
        )
        self._parts = EndpointParts(
            model=model,
            capacity=capacity,
            rollout=rollout,
            capture=capture,
            queue=queue,
            shadow=shadow,
            challengers=challengers,
        )
        self._condition, self._kind = condition, self._parts.kind
        self._scaled: ScalableInstanceCount | None = None
        self.role = role or EndpointRole(
            self,
            "Role",
            endpoint_name=self._name,
            model=model,
            capture=capture,
            queue=queue,
            volume_key=volume_key,
            vpc=vpc,
        )
        self.model = self._model("Model", model, vpc, isolated=network_isolation)
        self.shadow_model = self._shadow_model(vpc, isolated=network_isolation)
        self.challenger_models = self._challenger_models(vpc, isolated=network_isolation)
        self.config = self._config(volume_key)
        self.alarms = NewFleetAlarms(
            self,
            "Alarms",
            endpoint_name=self._name,
            config_name=self.config_name,
            package_arn=model.package_arn or "",
            rollout=rollout if self._kind.is_guarded else None,
            kind=self._kind,
            condition=condition,
        )
        self._deployment = deployment_config(rollout, self.alarms.names)
        self.endpoint = self._endpoint(self._guards(drift_watched))
        self._renew_with_the_update()
        self._refuse_unsafe()
        self._follow_the_traffic()
        cdk.Tags.of(self).add(ENDPOINT_TAG, self._name)

    @property
    def endpoint_name(self) -> str:
        return self._name

    @property
    def kind(self) -> EndpointKind:
        return self._kind

    @property
    def config_name(self) -> str:
        """The endpoint config's name, which CloudFormation gives."""
        return self.config.attr_endpoint_config_name

    def auto_scale_instance_count(self, *, min_capacity: int, max_capacity: int) -> ScalableInstanceCount:
        """Let the number of instances follow the traffic; say how on what is returned.

        Raises:
            InputError: it is autoscaled already, or a rollout of so many instances would not be safe.
        """
        if self._scaled is not None:
            raise InputError(f"endpoint {self._name} must be autoscaled once, got a second range")
        self._refuse_unsafe(ScaledVariant(VARIANT, min_capacity, max_capacity))
        if not self._kind.waits:
            # The new fleet starts with the instances that the old one has by then, not with those of the config. One
            # whose requests wait starts with the config's: the old one may have none, which would prove nothing.
            self.endpoint.retain_all_variant_properties = True
            self._renew_with_the_update(retains_properties=True)
        self._scaled = ScalableInstanceCount(
            self, "InstanceCount", endpoint=self.endpoint, min_capacity=min_capacity, max_capacity=max_capacity
        )
        return self._scaled

    def _shadow_model(self, vpc: Vpc | VpcPlacement | None, *, isolated: bool) -> sagemaker.CfnModel | None:
        """Kept when it leaves the template: SageMaker may have gone back to the config with it by itself."""
        shadow = self._parts.shadow
        if shadow is None:
            return None
        return self._model("ShadowModel", shadow.model, vpc, isolated=isolated, only_if=shadow.condition)

    def _challenger_models(self, vpc: Vpc | VpcPlacement | None, *, isolated: bool) -> list[sagemaker.CfnModel]:
        """Kept when they leave the template, as a shadow's is."""
        challengers = self._parts.challengers
        if challengers is None:
            return []
        served = zip(challengers.models.values(), challengers.conditions, strict=True)
        return [
            self._model(f"ChallengerModel{number}", model, vpc, isolated=isolated, only_if=condition)
            for number, (model, condition) in enumerate(served, 1)
        ]

    def _model(
        self,
        id_: str,
        served: RegisteredModel | ContainerModel,
        vpc: Vpc | VpcPlacement | None,
        *,
        isolated: bool,
        only_if: cdk.CfnCondition | None = None,
    ) -> sagemaker.CfnModel:
        """Make a model; one that is there `only_if` a parameter names it is kept when it leaves the template."""
        container = sagemaker.CfnModel.ContainerDefinitionProperty(
            **served.definition(), environment=dict(served.environment)
        )
        model = sagemaker.CfnModel(
            self,
            id_,
            # A list is an inference pipeline, for which there must be instances.
            **({"containers": [container]} if self._kind.has_instances else {"primary_container": container}),
            execution_role_arn=self.role.role_arn,
            enable_network_isolation=isolated and self._kind.is_isolated,
            vpc_config=sagemaker.CfnModel.VpcConfigProperty(
                security_group_ids=list(vpc.security_groups), subnets=list(vpc.subnets)
            )
            if vpc
            else None,
        )
        # SageMaker reads the artifact with the role while it makes the model: the policy has to be there by then.
        model.node.add_dependency(self.role)
        self._keep_when_replaced(model)
        if only_if:
            model.cfn_options.condition = only_if
            model.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN
        return model

    def _config(self, volume_key: kms.IKey | None) -> sagemaker.CfnEndpointConfig:
        parts = self._parts
        config = sagemaker.CfnEndpointConfig(
            self,
            "EndpointConfig",
            production_variants=production_variants(
                self.model, parts.capacity, parts.challengers, self.challenger_models
            ),
            shadow_production_variants=shadow_variants(parts.shadow, self.shadow_model, parts.capacity),
            data_capture_config=parts.capture.config() if parts.capture else None,
            async_inference_config=parts.queue.config() if parts.queue else None,
            kms_key_id=volume_key.key_arn if volume_key and parts.capacity.has_encryptable_volume else None,
        )
        self._keep_when_replaced(config)
        return config

    def _keep_when_replaced(self, resource: cdk.CfnResource) -> None:
        resource.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
        resource.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.DELETE
        resource.cfn_options.condition = self._condition

    def _guards(self, drift_watched: cdk.CfnCondition | None) -> Any:
        """The deployment config, by the conditions that take from it what would stop an update without a reason."""
        guards: Any = self._deployment
        if drift_watched and self.alarms.drift_names:
            alarms = [
                cdk.Fn.condition_if(drift_watched.logical_id, alarm, cdk.Aws.NO_VALUE)
                if alarm["AlarmName"] in self.alarms.drift_names
                else alarm
                for alarm in guards["AutoRollbackConfiguration"]["Alarms"]
            ]
            guards = {**guards, "AutoRollbackConfiguration": {"Alarms": alarms}}
        if challengers := self._parts.challengers:
            guards = cdk.Fn.condition_if(challengers.guarded.logical_id, guards, cdk.Aws.NO_VALUE)
        return guards

    def _endpoint(self, guards: Any) -> sagemaker.CfnEndpoint:
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=self._name,
            endpoint_config_name=self.config_name,
            # With a fixed number of instances the config's own holds, so that a changed setting reaches the endpoint.
            retain_all_variant_properties=False,
        )
        if self._kind.is_guarded:
            endpoint.add_property_override("DeploymentConfig", guards)
        endpoint.node.add_dependency(self.alarms)
        endpoint.cfn_options.condition = self._condition
        return endpoint

    def _renew_with_the_update(self, *, retains_properties: bool = False) -> None:
        """Tie the config to all that CloudFormation passes to UpdateEndpoint beside it.

        "To update an endpoint, you must create a new EndpointConfig": a change of the rollout's settings alone would
        name the config that is in use.
        """
        if not self._kind.is_guarded:  # then updates have no settings
            return
        text = json.dumps([self._deployment, retains_properties]).replace(self.config_name, "")
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.model.add_property_override(f"Containers.0.Environment.{_UPDATE_VARIABLE}", digest)

    def _follow_the_traffic(self) -> None:
        capacity = self._parts.capacity
        scaling = capacity.autoscaling if isinstance(capacity, Instances) else None
        if scaling is None:
            return
        self.auto_scale_instance_count(
            min_capacity=scaling.min_instance_count, max_capacity=scaling.max_instance_count
        ).track_invocations(
            "Invocations",
            invocations_per_instance=scaling.invocations_per_instance,
            scale_in_cooldown=cdk.Duration.seconds(scaling.scale_in_cooldown_seconds),
            scale_out_cooldown=cdk.Duration.seconds(scaling.scale_out_cooldown_seconds),
        )

    def _refuse_unsafe(self, *scaled: ScaledVariant) -> None:
        planned = self._parts.planned_rollout(
            scaled,
            endpoint_name=self._name,
            config_name=self.config_name,
            deployment=self._deployment,
            alarms=self.alarms.descriptions,
        )
        if planned:
            refuse_unsafe(planned)
