"""AWS::SageMaker::EndpointConfig."""

from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import SageMaker, generated_name
from rehearsal.cloud.sagemaker.arns import name_of


class EndpointConfigResource:
    """Everything but its tags is create-only."""

    name = "AWS::SageMaker::EndpointConfig"
    create_only = (
        "AsyncInferenceConfig",
        "DataCaptureConfig",
        "EnableNetworkIsolation",
        "EndpointConfigName",
        "ExecutionRoleArn",
        "ExplainerConfig",
        "KmsKeyId",
        "ProductionVariants",
        "ShadowProductionVariants",
        "VpcConfig",
    )

    def __init__(self, sagemaker: SageMaker) -> None:
        self._sagemaker = sagemaker

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        name = properties.get("EndpointConfigName") or generated_name(stack, logical_id)
        request = {**properties, "EndpointConfigName": name}
        arn = self._sagemaker.call("CreateEndpointConfig", request)["EndpointConfigArn"]
        return arn, {"EndpointConfigName": name, "Id": arn}

    def update(self, physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
        self._sagemaker.retag(physical_id, old, new)
        # An ARN is all lower case; the name need not be.
        found = self._sagemaker.call("DescribeEndpointConfig", {"EndpointConfigName": name_of(physical_id)})
        return physical_id, {"EndpointConfigName": found["EndpointConfigName"], "Id": physical_id}

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._sagemaker.gone("DeleteEndpointConfig", {"EndpointConfigName": name_of(physical_id)})
