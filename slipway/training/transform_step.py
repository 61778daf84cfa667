"""A batch transform step: SageMaker splits objects into requests, and joins each response to its record."""

from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.training.compute import Compute
from slipway.training.references import Text
from slipway.training.step import Step


@dataclass(frozen=True, kw_only=True)
class TransformStep(Step):
    """Lines of JSON in and out; `input_filter` is what the model sees of a record, which the output has whole.

    Attributes:
        model_name: of a model whose role may read the source and write the destination.
        source: a prefix; each object below it is split at line breaks.
        destination: gets an object for each, under its name and `.out`.
        max_payload_mb: of one request of several records.
        max_concurrent_requests: to one instance.
        compute: of each instance; a transform job has no limit of time.
    """

    type: ClassVar[str] = "Transform"

    model_name: Text
    source: Text
    destination: Text
    input_filter: str
    compute: Compute
    instance_count: int
    max_payload_mb: int
    max_concurrent_requests: int

    def arguments(self) -> dict[str, Any]:
        lines = "application/jsonlines"
        resources = self.compute.resources()
        return {
            "ModelName": self.model_name,
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": self.max_payload_mb,
            "MaxConcurrentTransforms": self.max_concurrent_requests,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.source}},
                "ContentType": lines,
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath": self.destination,
                "Accept": lines,
                "AssembleWith": "Line",
                "KmsKeyId": self.compute.kms_key_arn,
            },
            "DataProcessing": {"InputFilter": self.input_filter, "JoinSource": "Input", "OutputFilter": "$"},
            "TransformResources": {
                "InstanceType": self.compute.instance_type,
                "InstanceCount": self.instance_count,
                **{key: value for key, value in resources.items() if key == "VolumeKmsKeyId"},
            },
            **self.compute.tagged(),
        }
