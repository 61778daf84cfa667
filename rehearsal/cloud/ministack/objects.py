"""Objects of ministack's S3, read without a request."""

from ministack.services import s3 as _s3

from rehearsal.cloud.ministack.serving_loop import ServingLoop


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
