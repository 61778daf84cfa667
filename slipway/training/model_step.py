"""The step that makes a model of a registered package, for a transform job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.training.references import Get, Text
from slipway.training.step import Step


@dataclass(frozen=True, kw_only=True)
class ModelStep(Step):
    """Its container is the package's: the image, the archive, and the hash of the files that were approved."""

    type: ClassVar[str] = "Model"

    package_arn: Text
    role_arn: str
    tags: Mapping[str, str]
    vpc_config: Mapping[str, Any] | None = None

    def arguments(self) -> dict[str, Any]:
        return {
            "Containers": [{"ModelPackageName": self.package_arn}],
            "ExecutionRoleArn": self.role_arn,
            "EnableNetworkIsolation": True,
            **({"VpcConfig": self.vpc_config} if self.vpc_config else {}),
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
        }

    @property
    def model_name(self) -> Get:
        """The name that SageMaker gave the model."""
        return self.value("ModelName")
