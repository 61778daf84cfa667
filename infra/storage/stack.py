"""Storage: the key, and the buckets for data and for everything made from it."""

import aws_cdk as cdk
from constructs import Construct

from infra.shared.encrypted_bucket import AccessLogsBucket, EncryptedBucket
from infra.shared.promoted_models import allow_artifact_reads
from infra.shared.removal import removal_policy
from infra.storage.append_only import keep_append_only
from infra.storage.encryption_key import EncryptionKey
from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX, CHECKPOINT_PREFIX, OUTCOME_PREFIX
from slipway.endpoint_kinds.asynchronous import QUEUE_PREFIX
from slipway.settings import Settings
from slipway.training.batch_keys import BATCH
from slipway.training.pipeline_keys import CHECKPOINTS, SPLITS

_CHECKPOINT_DAYS = 14
"""A spot job takes ten days at most."""


class StorageStack(cdk.Stack):
    """`data_bucket` is for the team's data, `artifacts_bucket` for what the jobs write."""

    def __init__(self, scope: Construct, id_: str, *, env: cdk.Environment, settings: Settings) -> None:
        super().__init__(scope, id_, env=env, description=f"Storage of {settings.names.prefix}")
        removal = removal_policy(keep_data=settings.keep_data)
        self.key = EncryptionKey(
            self,
            "Key",
            alias=f"alias/{settings.names.prefix}",
            removal_policy=removal,
            publishers=("cloudwatch", *(("budgets",) if settings.budget else ())),
        )
        access_logs = AccessLogsBucket(self, "AccessLogs", removal_policy=removal)
        self.data_bucket = EncryptedBucket(self, "Data", key=self.key, access_logs=access_logs, removal_policy=removal)
        asynchronous = settings.endpoint.asynchronous
        self.artifacts_bucket = EncryptedBucket(
            self,
            "Artifacts",
            key=self.key,
            access_logs=access_logs,
            removal_policy=removal,
            expire_after_days={
                **dict.fromkeys((CAPTURE_PREFIX, OUTCOME_PREFIX, CHECKPOINT_PREFIX), settings.endpoint.capture_days),
                **({QUEUE_PREFIX: asynchronous.keep_days} if asynchronous else {}),
                SPLITS: settings.training.split_days,
                CHECKPOINTS: _CHECKPOINT_DAYS,  # without spot too: it may have been on before
                **({BATCH: settings.batch.keep_days} if settings.batch else {}),
            },
        )
        allow_artifact_reads(self.artifacts_bucket, self.key, accounts=settings.promotion.to_accounts)
        keep_append_only(self.artifacts_bucket, keep_data=settings.keep_data)
        cdk.CfnOutput(self, "DataBucketName", value=self.data_bucket.bucket_name)
        cdk.CfnOutput(self, "ArtifactsBucketName", value=self.artifacts_bucket.bucket_name)
        cdk.CfnOutput(self, "KeyArn", value=self.key.key_arn)
