"""A training job, and the step that runs it once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.training.compute import Compute
from slipway.training.references import Get, Text
from slipway.training.step import Step


@dataclass(frozen=True)
class Channel:
    """Input files, found under `/opt/ml/input/data/<name>`."""

    name: str
    source: Text
    content_type: str = "text/csv"

    def request(self) -> dict[str, Any]:
        where = {"S3DataType": "S3Prefix", "S3Uri": self.source, "S3DataDistributionType": "FullyReplicated"}
        return {"ChannelName": self.name, "DataSource": {"S3DataSource": where}, "ContentType": self.content_type}


@dataclass(frozen=True)
class MetricDefinition:
    """A number SageMaker reads from the job's log: the first group of `regex`."""

    name: str
    regex: str

    def request(self) -> dict[str, Any]:
        return {"Name": self.name, "Regex": self.regex}


@dataclass(frozen=True)
class TrainingJob:
    """One run of `train`, cut off from the network: all it needs comes by its channels.

    With `max_wait_seconds` it runs on spot machines, and what it saves is kept at `checkpoint_path` meanwhile.
    """

    image_uri: str
    hyperparameters: Mapping[str, Text]
    channels: tuple[Channel, ...]
    metrics: tuple[MetricDefinition, ...]
    output_path: Text
    role_arn: str
    compute: Compute
    max_wait_seconds: int | None = None
    checkpoint_path: Text | None = None
    vpc_config: Mapping[str, Any] | None = None

    def request(self) -> dict[str, Any]:
        """The fields a training job and a tuning job's training definition share."""
        return {
            "AlgorithmSpecification": {
                "TrainingImage": self.image_uri,
                "TrainingInputMode": "File",
                # SageMaker refuses any for its own images.
                **({"MetricDefinitions": [metric.request() for metric in self.metrics]} if self.metrics else {}),
            },
            "RoleArn": self.role_arn,
            "InputDataConfig": [channel.request() for channel in self.channels],
            "OutputDataConfig": {"S3OutputPath": self.output_path, "KmsKeyId": self.compute.kms_key_arn},
            "ResourceConfig": self.compute.resources(),
            "StoppingCondition": self.compute.stopping_condition(),
            "EnableNetworkIsolation": True,
            **({"VpcConfig": self.vpc_config} if self.vpc_config else {}),
            **self._spot(),
        }

    def _spot(self) -> dict[str, Any]:
        if self.max_wait_seconds is None:
            return {}
        waits = {**self.compute.stopping_condition(), "MaxWaitTimeInSeconds": self.max_wait_seconds}
        request: dict[str, Any] = {"EnableManagedSpotTraining": True, "StoppingCondition": waits}
        if self.checkpoint_path is not None:
            request["CheckpointConfig"] = {"S3Uri": self.checkpoint_path}
        return request


@dataclass(frozen=True, kw_only=True)
class TrainingStep(Step):
    type: ClassVar[str] = "Training"

    job: TrainingJob

    def arguments(self) -> dict[str, Any]:
        hyperparameters = dict(self.job.hyperparameters)
        return {**self.job.request(), "HyperParameters": hyperparameters, **self.job.compute.tagged()}

    @property
    def model(self) -> Get:
        """Where the job's `model.tar.gz` lies in S3."""
        return self.value("ModelArtifacts.S3ModelArtifacts")
