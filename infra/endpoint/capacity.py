"""What an endpoint runs on, and what it captures."""

from dataclasses import dataclass
from typing import Any, ClassVar

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker

from infra.shared.object_access import may_write
from infra.shared.policy import Statement
from slipway.endpoint_kinds import REAL_TIME, SERVERLESS, EndpointKind
from slipway.errors import InputError
from slipway.settings.local_storage import has_local_storage
from slipway.settings.rollout import Autoscaling, Endpoint


@dataclass(frozen=True, kw_only=True)
class Instances:
    """A fleet of `count` instances, which is the number at the first update where it is autoscaled."""

    type: str
    count: int
    autoscaling: Autoscaling | None = None
    kind: ClassVar[EndpointKind] = REAL_TIME

    def __post_init__(self) -> None:
        for name, value in (("type", self.type), ("count", self.count)):
            if cdk.Token.is_unresolved(value):
                raise InputError(
                    f"Instances.{name} must be known at synth, where the guardrail rules are checked, got a token"
                )

    @property
    def has_encryptable_volume(self) -> bool:
        """Disks of their own are encrypted in hardware."""
        return not has_local_storage(self.type)

    def of_variant(self) -> dict[str, Any]:
        """Properties of the production variant."""
        return {"initial_instance_count": self.count, "instance_type": self.type}


@dataclass(frozen=True, kw_only=True)
class ServerlessCapacity:
    """Containers without instances, each with `memory_mb`, for `max_concurrency` requests at a time."""

    memory_mb: int = 2048
    max_concurrency: int = 5
    has_encryptable_volume: ClassVar[bool] = False
    kind: ClassVar[EndpointKind] = SERVERLESS

    def of_variant(self) -> dict[str, Any]:
        """Properties of the production variant."""
        limits = sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
            memory_size_in_mb=self.memory_mb, max_concurrency=self.max_concurrency
        )
        return {"serverless_config": limits}


Capacity = Instances | ServerlessCapacity


def capacity_of(endpoint: Endpoint) -> Capacity:
    """What the settings of an endpoint ask for."""
    if endpoint.serverless:
        return ServerlessCapacity(
            memory_mb=endpoint.serverless.memory_mb, max_concurrency=endpoint.serverless.max_concurrency
        )
    return Instances(type=endpoint.instance_type, count=endpoint.instance_count, autoscaling=endpoint.autoscaling)


@dataclass(frozen=True, kw_only=True)
class DataCapture:
    """Requests and responses are written below `prefix` of a bucket, under `key`.

    `destination` is where below it they go; it may be another with each update, and the role stays as it is.
    """

    bucket: s3.IBucket
    prefix: str
    key: kms.IKey
    percent: int = 100
    destination: str | None = None

    def may_write(self) -> list[Statement]:
        return may_write(self.bucket, f"{self.prefix}/*")

    def config(self) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty:
        return sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
            enable_capture=self.percent > 0,
            initial_sampling_percentage=self.percent,
            destination_s3_uri=f"s3://{self.bucket.bucket_name}/{self.destination or self.prefix}",
            kms_key_id=self.key.key_arn,
            capture_options=[
                sagemaker.CfnEndpointConfig.CaptureOptionProperty(capture_mode=mode) for mode in ("Input", "Output")
            ],
            # Without these SageMaker writes what it captures in base 64.
            capture_content_type_header=sagemaker.CfnEndpointConfig.CaptureContentTypeHeaderProperty(
                csv_content_types=["text/csv"], json_content_types=["application/json"]
            ),
        )
