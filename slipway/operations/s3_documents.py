"""Objects of S3 that may not be there."""

import json
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.aws_errors import code_of


def read_json(s3: Any, bucket: str, key: str) -> Any | None:
    """The document of an object; None where there is no object."""
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as exc:
        if code_of(exc) != "NoSuchKey":
            raise
        return None
    return json.loads(body.read())
