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
from infra.endpoint.endpoint_role import EndpointRole
from infra.endpoint.inference_queue import InferenceQueue
from infra.endpoint.instance_autoscaling import ScalableInstanceCount
from infra.endpoint.new_fleet_alarms import NewFleetAlarms
from infra.endpoint.served_model import Challengers, ContainerModel, RegisteredModel, ShadowModel
from infra.shared.tags import ENDPOINT_TAG
from infra.shared.vpc_access import VpcPlacement
from slipway.endpoint_kinds import EndpointKind
from slipway.errors import InputError
from slipway.guardrails import PlannedRollout, ScaledVariant, Variant, planned_analysis, refuse_unsafe
from slipway.guardrails.configured_rollout import CAPACITY
from slipway.metrics import SHADOW_VARIANT
from slipway.rollout.plan import deployment_config
from slipway.settings import Rollout, Vpc
from slipway.settings.limits import RESOURCE_NAME_LENGTH
from slipway.settings.names import VARIANT


def service_rollout(**changes: Any) -> Rollout:
    """A rollout behind alarms on what SageMaker itself publishes, errors and latency; `changes` are its fields.

    Raises:
        ValueError: they do not fit.
    """
    return Rollout(**{"alarms_off": ("PredictionDrift", "InputDrift", "CanaryDecision"), **changes})


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
    ) -> None:
        """Make it, under `condition` where one is given.

        Raises:
            InputError: the rollout would not be safe, or an alarm watches what such a model does not publish.
        """
        super().__init__(scope, id_)
        # A name of CloudFormation's own is known too late: the alarms name the endpoint, which needs them first.
        self._name = endpoint_name or cdk.Names.unique_resource_name(
            self, max_length=RESOURCE_NAME_LENGTH, separator="-"
        )
        self._served, self._capacity, self._rollout = model, capacity, rollout
        self._condition, self._shadow, self._queue = condition, shadow, queue
        self._challengers = challengers
        self._kind = queue.kind if queue else capacity.kind
        self._scaled: ScalableInstanceCount | None = None
        self._check(capture)
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
        self.config = self._config(capture, volume_key)
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
        self.endpoint = self._endpoint()
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

    def _check(self, capture: DataCapture | None) -> None:
        if self._shadow and not self._kind.takes_shadow:
            raise InputError(f"shadow must be left out of a {self._kind.name} endpoint, which takes no shadow variant")
        if self._challengers and not self._kind.captures:
            raise InputError(f"challengers must be left out of a {self._kind.name} endpoint, which cannot capture")
        if self._queue and not isinstance(self._capacity, Instances):
            raise InputError(f"queue must be left out of a {self._capacity.kind.name} endpoint: it has no instances")
        if capture and not self._kind.captures:
            raise InputError(f"capture must be left out of a {self._kind.name} endpoint, which cannot capture")
        if not self._kind.is_guarded:
            return
        needs_package = sorted({"PredictionDrift", "InputDrift"} - set(self._rollout.alarms_off))
        if self._served.package_arn is None and needs_package:
            raise InputError(
                f"rollout.alarms_off must name {', '.join(needs_package)} for a model that is no package: they watch "
                "what its servers publish by its package"
            )

    def _shadow_model(self, vpc: Vpc | VpcPlacement | None, *, isolated: bool) -> sagemaker.CfnModel | None:
        """Kept when it leaves the template: SageMaker may have gone back to the config with it by itself."""
        if self._shadow is None:
            return None
        return self._model("ShadowModel", self._shadow.model, vpc, isolated=isolated, only_if=self._shadow.condition)

    def _challenger_models(self, vpc: Vpc | VpcPlacement | None, *, isolated: bool) -> list[sagemaker.CfnModel]:
        """Kept when they leave the template, as a shadow's is."""
        if self._challengers is None:
            return []
        served = zip(self._challengers.models.values(), self._challengers.conditions, strict=True)
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

    def _config(self, capture: DataCapture | None, volume_key: kms.IKey | None) -> sagemaker.CfnEndpointConfig:
        variant = sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=VARIANT,
            model_name=self.model.attr_model_name,
            initial_variant_weight=1,
            **self._capacity.of_variant(),
        )
        config = sagemaker.CfnEndpointConfig(
            self,
            "EndpointConfig",
            production_variants=self._beside_challengers(variant),
            shadow_production_variants=self._shadow_variants(),
            data_capture_config=capture.config() if capture else None,
            async_inference_config=self._queue.config() if self._queue else None,
            kms_key_id=volume_key.key_arn if volume_key and self._capacity.has_encryptable_volume else None,
        )
        self._keep_when_replaced(config)
        return config

    def _beside_challengers(
        self, alone: sagemaker.CfnEndpointConfig.ProductionVariantProperty
    ) -> list[sagemaker.CfnEndpointConfig.ProductionVariantProperty] | cdk.IResolvable:
        """The live model's variant, and while there is an experiment those of its challengers."""
        if self._challengers is None or not isinstance(self._capacity, Instances):
            return [alone]
        primary = _variant(VARIANT, self.model, self._capacity.type, self._capacity.count, weight=1)
        given, none = self._challengers, cdk.Aws.NO_VALUE
        first, *others = (
            _variant(name, model, self._capacity.type, given.instance_count, weight=0)
            for name, model in zip(given.models, self.challenger_models, strict=True)
        )
        # Where there is a challenger at all, there is the first one.
        challengers = [
            first,
            *(
                cdk.Fn.condition_if(condition.logical_id, variant, none)
                for variant, condition in zip(others, given.conditions[1:], strict=True)
            ),
        ]
        return cdk.Fn.condition_if(given.alone.logical_id, [primary], [primary, *challengers])

    def _shadow_variants(self) -> cdk.IResolvable | None:
        """Its weight beside the only production variant's 1 is its share of the requests."""
        if self._shadow is None or self.shadow_model is None or not isinstance(self._capacity, Instances):
            return None
        count, weight = self._shadow.instance_count, self._shadow.percent / 100
        variant = _variant(SHADOW_VARIANT, self.shadow_model, self._capacity.type, count, weight=weight)
        return cdk.Fn.condition_if(self._shadow.condition.logical_id, [variant], cdk.Aws.NO_VALUE)

    def _keep_when_replaced(self, resource: cdk.CfnResource) -> None:
        resource.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
        resource.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.DELETE
        resource.cfn_options.condition = self._condition

    def _endpoint(self) -> sagemaker.CfnEndpoint:
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=self._name,
            endpoint_config_name=self.config_name,
            # With a fixed number of instances the config's own holds, so that a changed setting reaches the endpoint.
            retain_all_variant_properties=False,
        )
        if self._kind.is_guarded:
            guards: Any = self._deployment
            if self._challengers:
                guards = cdk.Fn.condition_if(self._challengers.guarded.logical_id, guards, cdk.Aws.NO_VALUE)
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
        scaling = self._capacity.autoscaling if isinstance(self._capacity, Instances) else None
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
        if not isinstance(self._capacity, Instances):
            return
        variant = Variant(
            VARIANT,
            self._capacity.count,
            self._capacity.type,
            package=self._served.package_arn,
            environment=tuple(self._served.environment.items()),
        )
        refuse_unsafe(
            PlannedRollout(
                endpoint=self._name,
                config_name=self.config_name,
                variants=(variant,),
                kind=self._kind,
                shadow_variants=(Variant(SHADOW_VARIANT, self._shadow.instance_count, self._capacity.type),)
                if self._shadow
                else (),
                deployment=self._deployment,
                alarms=tuple(self.alarms.descriptions),
                autoscaled=bool(scaled),
                scaling=scaled,
                retained=CAPACITY if scaled and not self._kind.waits else frozenset(),
                previous_variants=(VARIANT,),
                analysis=planned_analysis(self._rollout),
            )
        )


def _variant(name: str, model: sagemaker.CfnModel, type_: str, count: int, *, weight: float) -> dict[str, Any]:
    """In CloudFormation's words, as a branch of a condition has to be."""
    return {
        "VariantName": name,
        "ModelName": model.attr_model_name,
        "InitialVariantWeight": weight,
        "InitialInstanceCount": count,
        "InstanceType": type_,
    }
