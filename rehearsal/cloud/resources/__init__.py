"""CloudFormation's resource types, made from the same API calls that CloudFormation makes on AWS."""

from rehearsal.cloud.ministack.cloudformation import ResourceType
from rehearsal.cloud.resources.budget_resource import BudgetResource
from rehearsal.cloud.resources.composite_alarm_resource import CompositeAlarmResource
from rehearsal.cloud.resources.endpoint_config_resource import EndpointConfigResource
from rehearsal.cloud.resources.endpoint_resource import AfterRollback, EndpointResource
from rehearsal.cloud.resources.handler import Call, SageMaker
from rehearsal.cloud.resources.model_package_group_resource import ModelPackageGroupResource
from rehearsal.cloud.resources.model_resource import ModelResource
from rehearsal.cloud.resources.monitoring_resources import JobDefinitionResource, MonitoringScheduleResource
from rehearsal.cloud.resources.oidc_provider_resource import OidcProviderResource
from rehearsal.cloud.resources.pipeline_resource import PipelineResource
from rehearsal.cloud.resources.recorded import RECORDED_ONLY, RecordedResource
from rehearsal.cloud.resources.scaling_resources import ScalableTargetResource, ScalingPolicyResource
from rehearsal.cloud.resources.sdk import ClientFactory
from rehearsal.cloud.sagemaker.monitors import JOB_DEFINITIONS

__all__ = ["RECORDED_ONLY", "AfterRollback", "other_types", "resource_types", "scaling_types"]


def resource_types(call: Call, *, after_rollback: AfterRollback) -> tuple[ResourceType, ...]:
    """SageMaker's types, on top of the control plane's actions."""
    sagemaker = SageMaker(call)
    return (
        ModelResource(sagemaker),
        EndpointConfigResource(sagemaker),
        EndpointResource(sagemaker, after_rollback=after_rollback),
        ModelPackageGroupResource(sagemaker),
        PipelineResource(sagemaker),
        MonitoringScheduleResource(sagemaker),
        *(JobDefinitionResource(sagemaker, monitoring_type) for monitoring_type in JOB_DEFINITIONS),
    )


def scaling_types(call: Call) -> tuple[ResourceType, ...]:
    """Application Auto Scaling's types, on top of its actions."""
    scaling = SageMaker(call, service="ApplicationAutoScaling")
    return ScalableTargetResource(scaling), ScalingPolicyResource(scaling)


def other_types(client: ClientFactory) -> tuple[ResourceType, ...]:
    """Types of services that the emulator has, without their CloudFormation; and those that are only recorded."""
    return (
        CompositeAlarmResource(client),
        BudgetResource(client),
        OidcProviderResource(client),
        *(RecordedResource(name) for name in RECORDED_ONLY),
    )
