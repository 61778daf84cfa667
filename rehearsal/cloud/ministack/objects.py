"""Objects of ministack's S3 and topics of its SNS, used without a request."""

from typing import Any

from ministack.services import s3 as _s3
from ministack.services import sns as _sns

from rehearsal.cloud.ministack.serving_loop import ServingLoop

_OK = 200


class Objects:
    def __init__(self, loop: ServingLoop) -> None:
        self._loop = loop

    def read(self, bucket: str, key: str) -> bytes:
        """The object's bytes.

        Raises:
            LookupError: there is no such object.
        """
        found: bytes | None = self._loop.call(lambda: _s3._get_object_data(bucket, key))
        if found is None:
            raise LookupError("there is no such object")
        return found

    def write(self, bucket: str, key: str, content: bytes, kms_key_id: str | None) -> None:
        """Put an object, encrypted with the key where there is one.

        Raises:
            LookupError: S3 does not take it.
        """
        by_key = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": kms_key_id}
        headers = by_key if kms_key_id else {}
        _taken(self._loop.call(lambda: _s3._put_object(bucket, key, content, headers)))

    def publish(self, topic_arn: str, message: str) -> None:
        """Notify a topic's subscribers.

        Raises:
            LookupError: SNS does not take it.
        """
        _taken(self._loop.call(lambda: _sns._publish({"TopicArn": topic_arn, "Message": message})))


def _taken(answer: tuple[int, Any, Any]) -> None:
    status, _, body = answer
    if status != _OK:
        raise LookupError(f"it was answered with {status}: {body!r}")
