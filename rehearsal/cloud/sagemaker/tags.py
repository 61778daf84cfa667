"""AddTags, ListTags, DeleteTags."""

from collections.abc import Mapping

from rehearsal.cloud.sagemaker.api_errors import validation_error
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import paged
from rehearsal.cloud.sagemaker.platform import Platform, Record

_MOST_TAGS = 50


class Tags:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def actions(self) -> Mapping[str, Action]:
        return {"AddTags": self.add, "ListTags": self.list, "DeleteTags": self.delete}

    def add(self, request: Record) -> Record:
        tags = self._of(request["ResourceArn"])
        merged = tags | {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        if len(merged) > _MOST_TAGS:
            raise validation_error(f"a resource must have at most {_MOST_TAGS} tags, got {len(merged)}")
        tags.update(merged)
        return {"Tags": _listed(tags)}

    def list(self, request: Record) -> Record:
        return paged("Tags", _listed(self._of(request["ResourceArn"])), request, default=_MOST_TAGS)

    def delete(self, request: Record) -> None:
        tags = self._of(request["ResourceArn"])
        for key in request["TagKeys"]:
            tags.pop(key, None)

    def _of(self, arn: str) -> dict[str, str]:
        tags = self._platform.tags.get(arn)
        if tags is None:
            raise validation_error(f"Could not find resource {arn}.")
        return tags


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
