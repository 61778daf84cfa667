"""Objects of ministack's S3, read without a request; and buckets that are deleted only when they are empty."""

import re
from typing import Any

from ministack.services import s3 as _s3
from ministack.services.cloudformation import provisioners as _provisioners

from rehearsal.cloud.ministack.loop import ServingLoop


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


def refuse_full_buckets() -> None:
    """A stack cannot delete a bucket that holds a version or a delete marker; ministack would drop all of them."""
    _provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["delete"] = _delete


def _delete(name: str, _properties: Any) -> None:
    status, _, body = _s3._delete_bucket(name)
    if status >= 400 and b"<Code>NoSuchBucket<" not in body:
        code, message = (re.search(f"<{tag}>(.*?)</{tag}>", body.decode()) for tag in ("Code", "Message"))
        told = message[1] if message else ""
        raise ValueError(f"{told} (Service: S3, Status Code: {status}, {code[1] if code else 'no code'})")
