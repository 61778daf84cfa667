"""Where an asynchronous endpoint's requests and responses lie, and who is notified when they end."""

from dataclasses import dataclass
from typing import ClassVar

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns

from infra.shared.object_access import may_read, may_write
from infra.shared.policy import Statement, allow
from slipway.endpoint_kinds import ASYNCHRONOUS, EndpointKind
from slipway.endpoint_kinds.asynchronous import FAILURE_PREFIX, INPUT_PREFIX, OUTPUT_PREFIX


@dataclass(frozen=True, kw_only=True)
class InferenceQueue:
    """Requests are objects of `bucket`; responses are written there under `key`, failures to a place of their own.

    Attributes:
        max_concurrent: requests that an instance works on at the same time; without it SageMaker chooses.
        success, error: topics that get a notification of each request's end; None for none.
    """

    bucket: s3.IBucket
    key: kms.IKey
    max_concurrent: int | None = None
    success: sns.ITopic | None = None
    error: sns.ITopic | None = None
    kind: ClassVar[EndpointKind] = ASYNCHRONOUS

    def statements(self) -> list[Statement]:
        """What the endpoint's role must be able to do."""
        topics = [topic.topic_arn for topic in (self.success, self.error) if topic]
        return [
            *may_read(self.bucket, f"{INPUT_PREFIX}/*"),
            *may_write(self.bucket, f"{OUTPUT_PREFIX}/*", f"{FAILURE_PREFIX}/*"),
            allow("kms:Decrypt", "kms:GenerateDataKey", on=[self.key.key_arn]),
            *([allow("sns:Publish", on=topics)] if topics else []),
        ]

    def config(self) -> sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty:
        place = f"s3://{self.bucket.bucket_name}"
        of_config = sagemaker.CfnEndpointConfig
        notification = of_config.AsyncInferenceNotificationConfigProperty(
            success_topic=self.success.topic_arn if self.success else None,
            error_topic=self.error.topic_arn if self.error else None,
        )
        return of_config.AsyncInferenceConfigProperty(
            client_config=of_config.AsyncInferenceClientConfigProperty(
                max_concurrent_invocations_per_instance=self.max_concurrent
            )
            if self.max_concurrent
            else None,
            output_config=of_config.AsyncInferenceOutputConfigProperty(
                kms_key_id=self.key.key_arn,
                s3_output_path=f"{place}/{OUTPUT_PREFIX}",
                s3_failure_path=f"{place}/{FAILURE_PREFIX}",
                notification_config=notification if self.success or self.error else None,
            ),
        )
