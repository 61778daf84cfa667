"""Where the pipeline keeps the artifacts that its actions pass to each other."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.shared.encrypted_bucket import AccessLogsBucket, EncryptedBucket

_DAYS = 90


class ArtifactStore(Construct):
    """A bucket with its own key; sources and templates expire after 90 days, and their old versions 90 days later."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        keep = cdk.RemovalPolicy.RETAIN
        key = kms.Key(self, "Key", description="Artifacts of the delivery", enable_key_rotation=True)
        logs = AccessLogsBucket(self, "AccessLogs", removal_policy=keep)
        self.bucket = EncryptedBucket(self, "Bucket", key=key, access_logs=logs, removal_policy=keep)
        self.bucket.add_lifecycle_rule(expiration=cdk.Duration.days(_DAYS))
