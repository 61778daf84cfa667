"""The step that registers a model package: what to serve, how good it was, where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.training.references import EXECUTION_ARN, Text
from slipway.training.step import Step

MODEL_SHA256 = "model_sha256"
"""The property of a package with the hash of the files that were evaluated: the rollout refuses others."""

MODEL_SHA256_VARIABLE = "SLIPWAY_MODEL_SHA256"
"""The same for those that read the files: the gates' job, and each container that is to serve them."""

CHAMPION_DIFFERENCE = "champion_difference"
"""The property of a package with how far it differs from the champion on the test rows: the replay allows as much."""

TEST_ROWS = "test_rows"
"""The property of a package with where its test split lies in S3, as long as it is kept: what a replay sends where no
request is captured."""

GATE_PROPERTIES = (MODEL_SHA256, CHAMPION_DIFFERENCE, TEST_ROWS)
"""The properties that the gates' job gets, each as the variable `SLIPWAY_` and its name in capitals."""


@dataclass(frozen=True)
class ServedContainer:
    """The image of a package's container, its environment, and the content types that it takes and gives."""

    image_uri: str
    environment: Mapping[str, Text]
    """Whatever starts it: a rollout, a rollback, a new instance."""
    content_types: tuple[str, ...] = ("text/csv", "application/json")
    response_types: tuple[str, ...] = ("text/csv", "application/json")


@dataclass(frozen=True, kw_only=True)
class RegisterModelStep(Step):
    type: ClassVar[str] = "RegisterModel"

    package_group: str
    served: ServedContainer
    model: Text
    instance_type: str
    approval_status: Text
    data_quality: Text
    """Where the training data's statistics lie in S3: what drift is measured against."""
    commit: Text
    """The source in SageMaker's own lineage; what made it is the execution."""
    provenance: Mapping[str, Text]
    model_quality: Text | None = None
    """Where the evaluation lies in S3, in the registry's model quality format; None for a model without one."""
    explainability: Text | None = None
    """Where the columns' importance lies in S3, in the form of Clarify's explainability reports."""
    model_card: Text | None = None
    """The content of the model card: JSON text by SageMaker's schema."""
    description: str = ""

    def arguments(self) -> dict[str, Any]:
        served = self.served
        container: dict[str, Any] = {"Image": served.image_uri, "ModelDataUrl": self.model}
        if served.environment:
            container["Environment"] = served.environment
        quality = {"ModelDataQuality": {"Statistics": _json_file(self.data_quality)}}
        if self.model_quality is not None:
            quality = {"ModelQuality": {"Statistics": _json_file(self.model_quality)}, **quality}
        explained = self.explainability
        request = {
            "ModelPackageGroupName": self.package_group,
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": served.content_types,
                "SupportedResponseMIMETypes": served.response_types,
                "SupportedRealtimeInferenceInstanceTypes": [self.instance_type],
                "SupportedTransformInstanceTypes": [self.instance_type],
            },
            "ModelApprovalStatus": self.approval_status,
            "ModelMetrics": {**quality, **({"Explainability": {"Report": _json_file(explained)}} if explained else {})},
            "DriftCheckBaselines": quality,
            "MetadataProperties": {"CommitId": self.commit, "GeneratedBy": EXECUTION_ARN},
            "CustomerMetadataProperties": self.provenance,
        }
        if self.model_card is not None:
            request["ModelCard"] = {"ModelCardContent": self.model_card, "ModelCardStatus": "PendingReview"}
        return request | ({"ModelPackageDescription": self.description} if self.description else {})


def _json_file(source: Text) -> dict[str, Any]:
    return {"ContentType": "application/json", "S3Uri": source}
