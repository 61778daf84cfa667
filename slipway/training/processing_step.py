"""A processing step: one run of one verb of the image, with folders in and folders out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from slipway.training.compute import Compute
from slipway.training.references import Get, JsonGet, Text
from slipway.training.step import Step


@dataclass(frozen=True)
class ProcessingInput:
    name: str
    source: Text
    local_path: str

    def request(self) -> dict[str, Any]:
        return {
            "InputName": self.name,
            "AppManaged": False,
            "S3Input": {
                "S3Uri": self.source,
                "LocalPath": self.local_path,
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
                "S3DataDistributionType": "FullyReplicated",
                "S3CompressionType": "None",
            },
        }


@dataclass(frozen=True)
class ProcessingOutput:
    name: str
    destination: Text
    local_path: str

    def request(self) -> dict[str, Any]:
        return {
            "OutputName": self.name,
            "AppManaged": False,
            "S3Output": {"S3Uri": self.destination, "LocalPath": self.local_path, "S3UploadMode": "EndOfJob"},
        }


@dataclass(frozen=True)
class PropertyFile:
    """A JSON file in one of the step's outputs that later steps may read."""

    name: str
    output: str
    path: str

    def definition(self) -> dict[str, Any]:
        return {"PropertyFileName": self.name, "OutputName": self.output, "FilePath": self.path}


@dataclass(frozen=True, kw_only=True)
class ProcessingStep(Step):
    type: ClassVar[str] = "Processing"

    image_uri: str
    entrypoint: tuple[str, ...]
    container_arguments: tuple[Text, ...]
    inputs: tuple[ProcessingInput, ...]
    outputs: tuple[ProcessingOutput, ...]
    role_arn: str
    compute: Compute
    property_files: tuple[PropertyFile, ...] = ()
    environment: Mapping[str, Text] = field(default_factory=dict)
    network_isolation: bool = False
    vpc_config: Mapping[str, Any] | None = None

    def arguments(self) -> dict[str, Any]:
        request: dict[str, Any] = {
            "ProcessingResources": {"ClusterConfig": self.compute.resources()},
            "AppSpecification": {
                "ImageUri": self.image_uri,
                "ContainerEntrypoint": self.entrypoint,
                **({"ContainerArguments": self.container_arguments} if self.container_arguments else {}),
            },
            "RoleArn": self.role_arn,
            "ProcessingInputs": [given.request() for given in self.inputs],
            "ProcessingOutputConfig": {
                "Outputs": [made.request() for made in self.outputs],
                "KmsKeyId": self.compute.kms_key_arn,
            },
            "StoppingCondition": self.compute.stopping_condition(),
            **self.compute.tagged(),
        }
        if self.environment:
            request["Environment"] = self.environment
        network: dict[str, Any] = {"EnableNetworkIsolation": True} if self.network_isolation else {}
        if self.vpc_config:
            network["VpcConfig"] = self.vpc_config
        if network:
            request["NetworkConfig"] = network
        return request

    def output(self, name: str) -> Get:
        """Where the output `name` lies in S3."""
        if name not in (known := [made.name for made in self.outputs]):
            raise ValueError(f"output of {self.name} must be one of {', '.join(known)}, got {name}")
        return self.value(f"ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri")

    def json(self, property_file: str, path: str) -> JsonGet:
        """The value at `path` in one of the step's property files."""
        if property_file not in (known := [file.name for file in self.property_files]):
            raise ValueError(f"property file of {self.name} must be one of {', '.join(known)}, got {property_file}")
        return JsonGet(self.name, property_file, path)

    def definition(self) -> dict[str, Any]:
        written = super().definition()
        if self.property_files:
            written["PropertyFiles"] = [file.definition() for file in self.property_files]
        return written
