"""Copies of S3 objects between buckets of different accounts, verified by their content."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from slipway.errors import LaunchError
from slipway.operations.aws_errors import RefusedError
from slipway.temporary import temporary_folder
from slipway.training.pipeline_keys import PROMOTED

_CHUNK = 1 << 20


class S3Copier:
    """Reads with the caller's own credentials, which the source's bucket and key must allow; writes to one bucket."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def copy(self, uri: str) -> tuple[str, str]:
        """The URI of the copy and its sha256; the same content always gets the same key.

        Raises:
            RefusedError: the object cannot be read.
            LaunchError: what was written differs from what was read.
        """
        place = urlsplit(uri, allow_fragments=False)
        source, key = place.netloc, place.path.lstrip("/")
        with temporary_folder("promote") as folder:
            file = folder / "object"
            try:
                self._s3.download_file(source, key, str(file))
            except ClientError as exc:
                raise RefusedError(f"{uri} must be readable with these credentials: {exc}") from exc
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            target = f"{PROMOTED}/{digest}/{key.rpartition('/')[2]}"
            if self._digest(target) != digest:
                self._s3.upload_file(str(file), self._bucket, target, ExtraArgs={"ChecksumAlgorithm": "SHA256"})
        if (found := self._digest(target)) != digest:
            raise LaunchError(f"s3://{self._bucket}/{target} must equal {uri}, sha256 {digest}, got {found}")
        return f"s3://{self._bucket}/{target}", digest

    def _digest(self, key: str) -> str | None:
        """The hash of the object's content, not of what S3 reports about it; None where there is no object."""
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
        except self._s3.exceptions.NoSuchKey:
            return None
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(_CHUNK):
            digest.update(chunk)
        return digest.hexdigest()
