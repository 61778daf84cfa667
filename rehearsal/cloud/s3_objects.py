"""Objects of the fleets: model artifacts and queued requests from S3, captures and responses the other way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError


class S3Objects:
    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client

    def fetch(self, model_data_url: str, target: Path) -> None:
        """Download the archive at `s3://bucket/key` to the file `target`.

        Raises:
            LookupError: it cannot be had.
        """
        where = urlsplit(model_data_url)
        try:
            self._client("s3").download_file(where.netloc, where.path.lstrip("/"), str(target))
        except (ClientError, BotoCoreError) as exc:
            raise LookupError(f"no object could be read: {exc}") from exc

    def read(self, bucket: str, key: str) -> bytes:
        """The object's bytes.

        Raises:
            ClientError, BotoCoreError: it cannot be had.
        """
        body: bytes = self._client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def publish(self, topic_arn: str, message: str) -> None:
        """Notify a topic's subscribers."""
        self._client("sns").publish(TopicArn=topic_arn, Message=message)

    def write(self, bucket: str, key: str, content: bytes, kms_key_id: str | None) -> None:
        """Put an object, encrypted with the key where there is one."""
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}
        self._client("s3").put_object(Bucket=bucket, Key=key, Body=content, **encryption)
