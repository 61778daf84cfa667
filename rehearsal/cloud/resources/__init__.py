"""CloudFormation's resource types of SageMaker, made from the same API calls that CloudFormation makes on AWS."""

from rehearsal.cloud.ministack.cloudformation import ResourceType
from rehearsal.cloud.resources.endpoint import AfterRollback, EndpointResource
from rehearsal.cloud.resources.endpoint_config import EndpointConfigResource
from rehearsal.cloud.resources.handler import Call, SageMaker
from rehearsal.cloud.resources.model import ModelResource
from rehearsal.cloud.resources.model_package_group import ModelPackageGroupResource
from rehearsal.cloud.resources.pipeline import PipelineResource

__all__ = ["AfterRollback", "resource_types"]


def resource_types(call: Call, *, after_rollback: AfterRollback) -> tuple[ResourceType, ...]:
    """Every type, on top of the control plane's actions."""
    sagemaker = SageMaker(call)
    return (
        ModelResource(sagemaker),
        EndpointConfigResource(sagemaker),
        EndpointResource(sagemaker, after_rollback=after_rollback),
        ModelPackageGroupResource(sagemaker),
        PipelineResource(sagemaker),
    )
