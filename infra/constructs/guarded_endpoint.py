"""An endpoint that CloudFormation owns and that goes back by itself when the new fleet's alarms fire."""

import re

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from blueprint.guardrails import planned_rollout, refuse_unsafe
from blueprint.names import VARIANT
from blueprint.rollout import deployment_config
from blueprint.settings import Settings
from infra.constructs.job_roles import ARTIFACT_KEYS, SageMakerRole, allow_encrypted_volumes
from infra.constructs.new_fleet_alarms import NewFleetAlarms
from infra.constructs.step_image import StepImage

ENDPOINT_TAG = "slipway:endpoint"
"""Tag of the Model and the EndpointConfig: their names are CloudFormation's, so policies select them by it."""

CAPTURE_KEYS = "capture"
_LOCAL_STORAGE = re.compile(r"^ml\.(\w+\dd\w*|g4dn|g5|g6e?|p4de?|p5\w*|trn\w+)\.")


class GuardedEndpoint(Construct):
    """Holds no model until its parameter names a package; every later package replaces Model and EndpointConfig.

    Neither has a physical name, because a replacement cannot reuse one. Both are retained when replaced: after
    SageMaker has rolled back on its own, CloudFormation would otherwise delete the config that is in use.

    Attributes:
        endpoint: the endpoint, updated in place under its fixed name.
        config: the endpoint config of the requested package.
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
        image: StepImage,
    ) -> None:
        super().__init__(scope, id_)
        self._settings = settings
        self._has_model = cdk.CfnCondition(
            self,
            "HasModel",
            expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(package_arn.value_as_string, "")),
        )
        self._has_model.override_logical_id(self._has_model.node.id)
        role = self._role(key=key, artifacts_bucket=artifacts_bucket, image=image)
        model = self._model(package_arn.value_as_string, role)
        self.config = self._config(model, key, artifacts_bucket)
        alarms = NewFleetAlarms(
            self, "Alarms", endpoint_name=settings.names.endpoint, config=self.config, rollout=settings.rollout
        )
        self.endpoint = self._endpoint(alarms)
        cdk.Tags.of(self).add(ENDPOINT_TAG, settings.names.endpoint)

    @property
    def has_model(self) -> cdk.CfnCondition:
        return self._has_model

    def _role(self, *, key: kms.IKey, artifacts_bucket: s3.IBucket, image: StepImage) -> SageMakerRole:
        role = SageMakerRole(self, "Role", description="The model's containers, and SageMaker on their behalf")
        artifacts_bucket.grant_read(role, ARTIFACT_KEYS)
        artifacts_bucket.grant_put(role, f"{CAPTURE_KEYS}/*")
        image.grant_pull(role)
        role.allow_logs(f"/aws/sagemaker/Endpoints/{self._settings.names.endpoint}")
        role.allow_metrics("/aws/sagemaker/Endpoints")
        allow_encrypted_volumes(role, key)
        # Guardrails look at the alarms with this role. Their names begin with the config's, which nobody knows yet.
        role.allow(
            "cloudwatch:DescribeAlarms",
            on=[
                cdk.Stack.of(self).format_arn(
                    service="cloudwatch",
                    resource="alarm",
                    resource_name="*",
                    arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
        )
        return role

    def _model(self, package_arn: str, role: iam.IRole) -> sagemaker.CfnModel:
        model = sagemaker.CfnModel(
            self,
            "Model",
            containers=[sagemaker.CfnModel.ContainerDefinitionProperty(model_package_name=package_arn)],
            execution_role_arn=role.role_arn,
            enable_network_isolation=True,
        )
        # SageMaker reads the artifact with the role while it makes the model: the policy has to be there by then.
        model.node.add_dependency(role)
        self._keep_when_replaced(model)
        return model

    def _config(
        self, model: sagemaker.CfnModel, key: kms.IKey, artifacts_bucket: s3.IBucket
    ) -> sagemaker.CfnEndpointConfig:
        endpoint = self._settings.endpoint
        config = sagemaker.CfnEndpointConfig(
            self,
            "EndpointConfig",
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name=VARIANT,
                    model_name=model.attr_model_name,
                    initial_variant_weight=1,
                    initial_instance_count=endpoint.instance_count,
                    instance_type=endpoint.instance_type,
                )
            ],
            data_capture_config=sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
                enable_capture=endpoint.capture_percent > 0,
                initial_sampling_percentage=endpoint.capture_percent,
                destination_s3_uri=f"s3://{artifacts_bucket.bucket_name}/{CAPTURE_KEYS}",
                kms_key_id=key.key_arn,
                capture_options=[
                    sagemaker.CfnEndpointConfig.CaptureOptionProperty(capture_mode=mode) for mode in ("Input", "Output")
                ],
            ),
            # Instances with local storage encrypt it in hardware, and SageMaker refuses a key for them.
            kms_key_id=None if _LOCAL_STORAGE.match(endpoint.instance_type) else key.key_arn,
        )
        self._keep_when_replaced(config)
        return config

    def _keep_when_replaced(self, resource: cdk.CfnResource) -> None:
        resource.override_logical_id(resource.node.id)  # the names CloudFormation gives begin with it
        resource.cfn_options.condition = self._has_model
        resource.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
        resource.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.DELETE

    def _endpoint(self, alarms: NewFleetAlarms) -> sagemaker.CfnEndpoint:
        deployment = deployment_config(self._settings.rollout, alarms.names)
        config_name = self.config.attr_endpoint_config_name
        described = alarms.descriptions
        refuse_unsafe(planned_rollout(self._settings, config_name=config_name, alarms=described, deployment=deployment))
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=self._settings.names.endpoint,
            endpoint_config_name=self.config.attr_endpoint_config_name,
            # What autoscaling has set meanwhile stays.
            retain_all_variant_properties=True,
        )
        endpoint.add_property_override("DeploymentConfig", deployment)
        endpoint.node.add_dependency(alarms)
        endpoint.cfn_options.condition = self._has_model
        return endpoint
