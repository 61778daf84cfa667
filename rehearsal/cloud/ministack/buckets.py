"""Buckets of stacks: with their tags, and deleted only when they are empty."""

import re
from typing import Any

from ministack.services import s3 as _s3
from ministack.services.cloudformation import provisioners as _provisioners

Properties = dict[str, Any]


def complete_buckets() -> None:
    """Ministack's stacks leave a bucket's tags out, and delete it with all its objects."""
    handlers = _provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    made, changed = handlers["create"], handlers["update"]

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        name, attributes = made(logical_id, properties, stack)
        _tag(name, properties)
        return name, attributes

    def update(name: str, old: Properties, new: Properties, stack: str) -> tuple[str, Properties]:
        kept, attributes = changed(name, old, new, stack)
        _tag(kept, new)
        return kept, attributes

    handlers |= {"create": create, "update": update, "delete": _delete}


def _tag(name: str, properties: Properties) -> None:
    _s3._bucket_tags[name] = {str(tag["Key"]): str(tag["Value"]) for tag in properties.get("Tags") or ()}


def _delete(name: str, _properties: Properties) -> None:
    """A version or a delete marker is enough for S3 to refuse."""
    status, _, body = _s3._delete_bucket(name)
    if status >= 400 and b"<Code>NoSuchBucket<" not in body:
        code, message = (re.search(f"<{tag}>(.*?)</{tag}>", body.decode()) for tag in ("Code", "Message"))
        reason = message[1] if message else ""
        raise ValueError(f"{reason} (Service: S3, Status Code: {status}, {code[1] if code else 'no code'})")
