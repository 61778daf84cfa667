"""Autoscaling of an endpoint's instances, as the L2 of `@aws-cdk/aws-sagemaker-alpha` has it."""

from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as appscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from slipway.errors import InputError
from slipway.guardrails.published_metrics import INVOCATION_NAMESPACE
from slipway.settings.names import VARIANT

_LINKED_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"


class ScalableInstanceCount(appscaling.BaseScalableAttribute):
    """The instance count of an endpoint's variant; made under the endpoint's condition, and after it."""

    def __init__(
        self, scope: Construct, id_: str, *, endpoint: sagemaker.CfnEndpoint, min_capacity: int, max_capacity: int
    ) -> None:
        super().__init__(
            scope,
            id_,
            service_namespace=appscaling.ServiceNamespace.SAGEMAKER,
            resource_id=f"endpoint/{endpoint.endpoint_name}/variant/{VARIANT}",
            dimension="sagemaker:variant:DesiredInstanceCount",
            role=_service_linked_role(scope),
            min_capacity=min_capacity,
            max_capacity=max_capacity,
        )
        self._endpoint = str(endpoint.endpoint_name)
        self._condition = endpoint.cfn_options.condition
        self.node.add_dependency(endpoint)
        self._exist_with_the_endpoint()

    def scale_on_invocations(
        self, id_: str, *, max_requests_per_second: float, safety_factor: float = 0.5, **tracking: Any
    ) -> None:
        """Aim at the share `safety_factor` of the requests that one instance can answer, as a load test measured it.

        `tracking` are the L2's options: policy_name, disable_scale_in, scale_in_cooldown, scale_out_cooldown.

        Raises:
            InputError: the factor is no share.
        """
        if not 0 < safety_factor <= 1:
            raise InputError(f"safety_factor must be above 0 and at most 1, got {safety_factor:g}")
        self.track_invocations(id_, invocations_per_instance=safety_factor * max_requests_per_second * 60, **tracking)

    def track_invocations(self, id_: str, *, invocations_per_instance: float, **tracking: Any) -> None:
        """Aim at so many invocations an instance and minute."""
        self._do_scale_to_track_metric(
            id_,
            target_value=invocations_per_instance,
            predefined_metric=appscaling.PredefinedMetric.SAGEMAKER_VARIANT_INVOCATIONS_PER_INSTANCE,
            **tracking,
        )
        self._exist_with_the_endpoint()

    def track_backlog(self, id_: str, *, backlog_per_instance: float, **tracking: Any) -> None:
        """Aim at so many waiting requests an instance, of an asynchronous endpoint."""
        metric = cloudwatch.Metric(
            namespace=INVOCATION_NAMESPACE,
            metric_name="ApproximateBacklogSizePerInstance",
            dimensions_map={"EndpointName": self._endpoint},
            statistic="Average",
        )
        self._do_scale_to_track_metric(id_, target_value=backlog_per_instance, custom_metric=metric, **tracking)
        self._exist_with_the_endpoint()

    def start_from_zero(self, id_: str, *, alarm_name: str, cooldown_seconds: int) -> None:
        """Start an instance for a request that waits where there is none: of none, nothing can be tracked.

        See https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html
        """
        target = cast("appscaling.ScalableTarget", self.node.find_child("Target"))
        policy = appscaling.CfnScalingPolicy(
            self,
            id_,
            policy_name=alarm_name,
            policy_type="StepScaling",
            scaling_target_id=target.scalable_target_id,
            step_scaling_policy_configuration=appscaling.CfnScalingPolicy.StepScalingPolicyConfigurationProperty(
                adjustment_type="ChangeInCapacity",
                cooldown=cooldown_seconds,
                metric_aggregation_type="Average",
                step_adjustments=[
                    appscaling.CfnScalingPolicy.StepAdjustmentProperty(
                        metric_interval_lower_bound=0, scaling_adjustment=1
                    )
                ],
            ),
        )
        cloudwatch.CfnAlarm(
            self,
            f"{id_}Alarm",
            alarm_name=alarm_name,
            alarm_description="Requests wait, and there is no instance to work on them",
            alarm_actions=[policy.attr_arn],
            namespace=INVOCATION_NAMESPACE,
            metric_name="HasBacklogWithoutCapacity",
            dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="EndpointName", value=self._endpoint)],
            statistic="Average",
            period=60,
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="missing",
        )
        self._exist_with_the_endpoint()

    def _exist_with_the_endpoint(self) -> None:
        for construct in self.node.find_all():
            if isinstance(construct, cdk.CfnResource):
                construct.cfn_options.condition = self._condition


def _service_linked_role(scope: Construct) -> iam.IRole:
    """Application Auto Scaling makes it by itself."""
    arn = cdk.Stack.of(scope).format_arn(
        service="iam",
        region="",
        resource="role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com",
        resource_name=_LINKED_ROLE,
    )
    return iam.Role.from_role_arn(scope, "ScalingRole", arn, mutable=False)
