"""AWS::SageMaker::Model."""

from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import SageMaker, generated_name
from rehearsal.cloud.sagemaker.arns import name_of


class ModelResource:
    """Everything but its tags is create-only."""

    name = "AWS::SageMaker::Model"
    create_only = (
        "Containers",
        "EnableNetworkIsolation",
        "ExecutionRoleArn",
        "InferenceExecutionConfig",
        "ModelName",
        "PrimaryContainer",
        "VpcConfig",
    )

    def __init__(self, sagemaker: SageMaker) -> None:
        self._sagemaker = sagemaker

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        name = properties.get("ModelName") or generated_name(stack, logical_id)
        arn = self._sagemaker.call("CreateModel", {**properties, "ModelName": name})["ModelArn"]
        return arn, {"ModelName": name, "Id": arn}

    def update(self, physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
        self._sagemaker.retag(physical_id, old, new)
        # An ARN is all lower case; the name need not be.
        name = self._sagemaker.call("DescribeModel", {"ModelName": name_of(physical_id)})["ModelName"]
        return physical_id, {"ModelName": name, "Id": physical_id}

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._sagemaker.gone("DeleteModel", {"ModelName": name_of(physical_id)})
