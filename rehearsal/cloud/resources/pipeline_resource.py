"""AWS::SageMaker::Pipeline."""

from typing import Any

from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import ProvisioningError, SageMaker, without


class PipelineResource:
    """Only its name is create-only."""

    name = "AWS::SageMaker::Pipeline"
    create_only = ("PipelineName",)

    def __init__(self, sagemaker: SageMaker) -> None:
        self._sagemaker = sagemaker

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Provisioned:
        self._sagemaker.call("CreatePipeline", _request(properties))
        return properties["PipelineName"], {}

    def update(self, physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
        arn = self._sagemaker.call("UpdatePipeline", without(_request(new), "Tags", "ClientRequestToken"))[
            "PipelineArn"
        ]
        self._sagemaker.retag(arn, old, new)
        return physical_id, {}

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._sagemaker.gone("DeletePipeline", {"PipelineName": physical_id, "ClientRequestToken": "x" * 32})


def _request(properties: Properties) -> dict[str, Any]:
    """The API's request: a template has the definition one level deeper, and names the object Key, not ObjectKey."""
    request = {**without(properties, "PipelineDefinition"), "ClientRequestToken": "x" * 32}
    definition = properties.get("PipelineDefinition", {})
    if body := definition.get("PipelineDefinitionBody"):
        return {**request, "PipelineDefinition": body}
    if location := definition.get("PipelineDefinitionS3Location"):
        where = {"Bucket": location["Bucket"], "ObjectKey": location["Key"]}
        return {**request, "PipelineDefinitionS3Location": where}
    raise ProvisioningError("PipelineDefinition must have PipelineDefinitionBody or PipelineDefinitionS3Location")
