"""Model package groups: one registry of versions each."""

from collections.abc import Mapping

from rehearsal.cloud.sagemaker.api_errors import conflict, validation_error
from rehearsal.cloud.sagemaker.arns import arn, name_of
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.platform import Platform, Record

_LISTING = Listing("ModelPackageGroupSummaryList", name="ModelPackageGroupName", default_order="Ascending")


class PackageGroups:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._groups: dict[str, Record] = {}
        self._versions: dict[str, int] = {}

    def actions(self) -> Mapping[str, Action]:
        return {
            "CreateModelPackageGroup": self.create,
            "DescribeModelPackageGroup": self.describe,
            "ListModelPackageGroups": self.list,
            "DeleteModelPackageGroup": self.delete,
        }

    def create(self, request: Record) -> Record:
        name = request["ModelPackageGroupName"]
        group_arn = arn("model-package-group", name)
        if name in self._groups:
            raise validation_error(f"Model Package Group already exists: {group_arn}")
        self._groups[name] = {
            **request,
            "ModelPackageGroupArn": group_arn,
            "ModelPackageGroupStatus": "Completed",
            "CreationTime": self._platform.now(),
            "CreatedBy": {},
        }
        self._platform.tag(group_arn, request.get("Tags"))
        return {"ModelPackageGroupArn": group_arn}

    def describe(self, request: Record) -> Record:
        return self.get(request["ModelPackageGroupName"])

    def list(self, request: Record) -> Record:
        return _LISTING.answer(self._groups.values(), request)

    def delete(self, request: Record) -> None:
        group = self.get(request["ModelPackageGroupName"])
        name = group["ModelPackageGroupName"]
        if group.get("_packages"):
            raise conflict(f"Model Package Group {group['ModelPackageGroupArn']} still has model packages")
        del self._groups[name]
        self._platform.untag(group["ModelPackageGroupArn"])

    def get(self, reference: str) -> Record:
        """The group that a name or an ARN names."""
        name = name_of(reference)
        if name not in self._groups:
            raise validation_error(f"Model Package Group {arn('model-package-group', name)} does not exist.")
        return self._groups[name]

    def next_version(self, group: Record) -> int:
        """The next package's version; a deleted package's number is not given again."""
        name = group["ModelPackageGroupName"]
        self._versions[name] = self._versions.get(name, 0) + 1
        group["_packages"] = group.get("_packages", 0) + 1
        return self._versions[name]

    def forget_package(self, name: str) -> None:
        if name in self._groups:
            self._groups[name]["_packages"] -= 1
