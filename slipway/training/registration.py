"""The step that registers a model package: what to serve, how good it was, where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.training.references import Text
from slipway.training.step import Step

MODEL_SHA256 = "model_sha256"
"""The property of a package with the hash of the files that were evaluated: the rollout refuses others."""

MODEL_SHA256_VARIABLE = "SLIPWAY_MODEL_SHA256"
"""The same for those that read the files: the gates' job, and each container that is to serve them."""


@dataclass(frozen=True, kw_only=True)
class RegisterModelStep(Step):
    type: ClassVar[str] = "RegisterModel"

    package_group: str
    image_uri: str
    model: Text
    instance_type: str
    approval_status: Text
    model_quality: Text
    """Where the evaluation lies in S3, in the registry's model quality format."""
    explainability: Text
    """Where the columns' importance lies in S3, in the form of Clarify's explainability reports."""
    data_quality: Text
    """Where the training data's statistics lie in S3: what drift is measured against."""
    model_card: Text
    """The content of the model card: JSON text by SageMaker's schema."""
    provenance: Mapping[str, Text]
    environment: Mapping[str, Text]
    """The environment of each container of the package, whatever starts it: a rollout, a rollback, a new instance."""
    description: str = ""
    content_types: tuple[str, ...] = ("text/csv", "application/json")

    def arguments(self) -> dict[str, Any]:
        quality = {
            "ModelQuality": {"Statistics": _json_file(self.model_quality)},
            "ModelDataQuality": {"Statistics": _json_file(self.data_quality)},
        }
        request = {
            "ModelPackageGroupName": self.package_group,
            "InferenceSpecification": {
                "Containers": [{"Image": self.image_uri, "ModelDataUrl": self.model, "Environment": self.environment}],
                "SupportedContentTypes": self.content_types,
                "SupportedResponseMIMETypes": self.content_types,
                "SupportedRealtimeInferenceInstanceTypes": [self.instance_type],
                "SupportedTransformInstanceTypes": [self.instance_type],
            },
            "ModelApprovalStatus": self.approval_status,
            "ModelMetrics": {**quality, "Explainability": {"Report": _json_file(self.explainability)}},
            "DriftCheckBaselines": quality,
            "ModelCard": {"ModelCardContent": self.model_card, "ModelCardStatus": "PendingReview"},
            "CustomerMetadataProperties": self.provenance,
        }
        return request | ({"ModelPackageDescription": self.description} if self.description else {})


def _json_file(source: Text) -> dict[str, Any]:
    return {"ContentType": "application/json", "S3Uri": source}
