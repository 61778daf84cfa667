"""An endpoint that CloudFormation owns and that goes back by itself when the new fleet's alarms fire."""

import hashlib
import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.endpoint.endpoint_metrics import InvokableEndpoint
from infra.endpoint.endpoint_role import EndpointRole
from infra.endpoint.instance_autoscaling import ScalableInstanceCount
from infra.endpoint.new_fleet_alarms import NewFleetAlarms
from infra.shared.container_image import ContainerImage
from infra.shared.tags import ENDPOINT_TAG
from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX
from slipway.errors import InputError
from slipway.guardrails import ScaledVariant, planned_rollout, refuse_unsafe
from slipway.rollout.new_fleet_alarms import server_environment
from slipway.rollout.plan import deployment_config
from slipway.settings import Settings
from slipway.settings.local_storage import has_local_storage
from slipway.settings.names import VARIANT

_HAS_MODEL = "HasModel"
_UPDATE_VARIABLE = "SLIPWAY_UPDATE"
"""In the container's environment: what replaces the model, and with it the config, when only the update changes."""


class GuardedEndpoint(InvokableEndpoint):
    """Holds no model until its parameter names a package; every later package replaces Model and EndpointConfig.

    Neither has a physical name, because a replacement cannot reuse one. Both are retained when replaced: after
    SageMaker has rolled back on its own, CloudFormation would otherwise delete the config that is in use.

    Attributes:
        endpoint: the endpoint, updated in place under its fixed name.
        model: the model of the requested package.
        config: the endpoint config of the requested package.
        config_name: its name, which CloudFormation gives.
        alarms: what sends a rollout back.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        package_arn: cdk.CfnParameter,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
    ) -> None:
        super().__init__(scope, id_)
        self._settings = settings
        self._scaled: ScalableInstanceCount | None = None
        package = package_arn.value_as_string
        self._has_model = cdk.CfnCondition(
            self, _HAS_MODEL, expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(package, ""))
        )
        self._has_model.override_logical_id(_HAS_MODEL)
        role = EndpointRole(
            self,
            "Role",
            endpoint_name=self.endpoint_name,
            key=key,
            artifacts_bucket=artifacts_bucket,
            image=image,
            vpc=settings.access.vpc,
        )
        self.model = self._model(package, role)
        self.config = self._config(self.model, key, artifacts_bucket)
        self.config_name = self.config.attr_endpoint_config_name
        self.alarms = NewFleetAlarms(
            self,
            "Alarms",
            endpoint_name=self.endpoint_name,
            config_name=self.config_name,
            package_arn=package,
            rollout=settings.rollout,
            condition=_HAS_MODEL,
            guarded=settings.endpoint.serverless is None,
        )
        self.endpoint = self._endpoint()
        self._renew_with_the_update()
        self._follow_the_traffic()
        self._refuse_unsafe()
        cdk.Tags.of(self).add(ENDPOINT_TAG, self.endpoint_name)

    @property
    def endpoint_name(self) -> str:
        return self._settings.names.endpoint

    @property
    def has_model(self) -> cdk.CfnCondition:
        return self._has_model

    def auto_scale_instance_count(self, *, min_capacity: int, max_capacity: int) -> ScalableInstanceCount:
        """Let the number of instances follow the traffic; say how on what is returned.

        Raises:
            InputError: it is autoscaled already, or a rollout of so many instances would not be safe.
        """
        if self._scaled is not None:
            raise InputError(f"endpoint {self.endpoint_name} must be autoscaled once, got a second range")
        self._refuse_unsafe(ScaledVariant(VARIANT, min_capacity, max_capacity))
        # The new fleet starts with the instances that the old one has by then, not with those of the config.
        self.endpoint.retain_all_variant_properties = True
        self._renew_with_the_update(retains_properties=True)
        self._scaled = ScalableInstanceCount(
            self, "InstanceCount", endpoint=self.endpoint, min_capacity=min_capacity, max_capacity=max_capacity
        )
        return self._scaled

    def _model(self, package_arn: str, role: EndpointRole) -> sagemaker.CfnModel:
        container = sagemaker.CfnModel.ContainerDefinitionProperty(
            model_package_name=package_arn,
            # The servers publish what they see under these names. None of them knows its endpoint config's.
            environment=server_environment(
                self.endpoint_name, package_arn, excluded=self._settings.data.exclude_from_drift
            ),
        )
        vpc, serverless = self._settings.access.vpc, self._settings.endpoint.serverless is not None
        model = sagemaker.CfnModel(
            self,
            "Model",
            # A list is an inference pipeline, which serverless endpoints do not take.
            **({"primary_container": container} if serverless else {"containers": [container]}),
            execution_role_arn=role.role_arn,
            enable_network_isolation=not serverless,  # which AWS has not for those
            vpc_config=None
            if vpc is None
            else sagemaker.CfnModel.VpcConfigProperty(
                security_group_ids=list(vpc.security_groups), subnets=list(vpc.subnets)
            ),
        )
        # SageMaker reads the artifact with the role while it makes the model: the policy has to be there by then.
        model.node.add_dependency(role)
        self._keep_when_replaced(model, "Model")
        return model

    def _config(
        self, model: sagemaker.CfnModel, key: kms.IKey, artifacts_bucket: s3.IBucket
    ) -> sagemaker.CfnEndpointConfig:
        served = self._settings.endpoint
        # Serverless endpoints capture nothing and have no volume.
        on_instances = served.serverless is None
        has_volume = on_instances and not has_local_storage(served.instance_type)
        config = sagemaker.CfnEndpointConfig(
            self,
            "EndpointConfig",
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name=VARIANT,
                    model_name=model.attr_model_name,
                    initial_variant_weight=1,
                    **self._capacity(),
                )
            ],
            data_capture_config=self._capture(key, artifacts_bucket) if on_instances else None,
            kms_key_id=key.key_arn if has_volume else None,
        )
        self._keep_when_replaced(config, "EndpointConfig")
        return config

    def _capacity(self) -> dict[str, Any]:
        served = self._settings.endpoint
        if served.serverless is None:
            return {"initial_instance_count": served.instance_count, "instance_type": served.instance_type}
        limits = sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
            memory_size_in_mb=served.serverless.memory_mb, max_concurrency=served.serverless.max_concurrency
        )
        return {"serverless_config": limits}

    def _capture(
        self, key: kms.IKey, artifacts_bucket: s3.IBucket
    ) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty:
        percent = self._settings.endpoint.capture_percent
        return sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
            enable_capture=percent > 0,
            initial_sampling_percentage=percent,
            destination_s3_uri=f"s3://{artifacts_bucket.bucket_name}/{CAPTURE_PREFIX}",
            kms_key_id=key.key_arn,
            capture_options=[
                sagemaker.CfnEndpointConfig.CaptureOptionProperty(capture_mode=mode) for mode in ("Input", "Output")
            ],
            # Without these SageMaker writes what it captures in base 64.
            capture_content_type_header=sagemaker.CfnEndpointConfig.CaptureContentTypeHeaderProperty(
                csv_content_types=["text/csv"], json_content_types=["application/json"]
            ),
        )

    def _keep_when_replaced(self, resource: cdk.CfnResource, logical_id: str) -> None:
        resource.override_logical_id(logical_id)  # the names CloudFormation gives begin with it
        resource.add_override("UpdateReplacePolicy", "Retain")
        resource.add_override("DeletionPolicy", "Delete")
        resource.add_override("Condition", _HAS_MODEL)

    def _endpoint(self) -> sagemaker.CfnEndpoint:
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=self.endpoint_name,
            endpoint_config_name=self.config_name,
            # With a fixed number of instances the config's own holds, so that a changed setting reaches the endpoint.
            retain_all_variant_properties=False,
        )
        if self._settings.endpoint.serverless is None:
            deployment = deployment_config(self._settings.rollout, self.alarms.names)
            endpoint.add_property_override("DeploymentConfig", deployment)
        endpoint.node.add_dependency(self.alarms)
        endpoint.cfn_options.condition = self._has_model
        return endpoint

    def _renew_with_the_update(self, *, retains_properties: bool = False) -> None:
        """Tie the config to all that CloudFormation hands to UpdateEndpoint beside it.

        "To update an endpoint, you must create a new EndpointConfig": a change of the rollout's settings alone would
        name the config that is in use.
        """
        if self._settings.endpoint.serverless is not None:  # whose updates have no settings
            return
        deployment = deployment_config(self._settings.rollout, self.alarms.names)
        text = json.dumps([deployment, retains_properties]).replace(self.config_name, "")
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.model.add_property_override(f"Containers.0.Environment.{_UPDATE_VARIABLE}", digest)

    def _follow_the_traffic(self) -> None:
        scaling = self._settings.endpoint.autoscaling
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
        refuse_unsafe(
            planned_rollout(
                self._settings,
                config_name=self.config_name,
                alarms=self.alarms.descriptions,
                deployment=deployment_config(self._settings.rollout, self.alarms.names),
                scaling=scaled or None,
            )
        )
