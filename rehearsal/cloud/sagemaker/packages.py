"""Model packages: versions of a group, and their approval."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import validation_error
from rehearsal.cloud.sagemaker.arns import arn
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.model_card_schema import card_error
from rehearsal.cloud.sagemaker.package_groups import PackageGroups
from rehearsal.cloud.sagemaker.platform import Platform, Record, iso

_LISTING = Listing(
    "ModelPackageSummaryList",
    name="ModelPackageName",
    equals={"ModelApprovalStatus": "ModelApprovalStatus"},
    default_order="Ascending",
)
_UPDATABLE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "SourceUri",
    "InferenceSpecification",
    "ModelLifeCycle",
    "ModelCard",
)
_DETAIL = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageName",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "CertifyForMarketplace",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "MetadataProperties",
    "ModelMetrics",
    "CustomerMetadataProperties",
    "DriftCheckBaselines",
    "LastModifiedTime",
)


class Packages:
    def __init__(self, platform: Platform, groups: PackageGroups, image_digest: Callable[[str], str | None]) -> None:
        self._platform, self._groups, self._image_digest = platform, groups, image_digest
        self._packages: dict[str, Record] = {}

    def actions(self) -> Mapping[str, Action]:
        return {
            "CreateModelPackage": self.create,
            "DescribeModelPackage": self.describe,
            "ListModelPackages": self.list,
            "UpdateModelPackage": self.update,
            "DeleteModelPackage": self.delete,
        }

    def create(self, request: Record) -> Record:
        identity = self._identity(request)
        package_arn = identity["ModelPackageArn"]
        if package_arn in self._packages:
            raise validation_error(f"Model Package already exists: {package_arn}")
        _check_card(request)
        now = self._platform.now()
        package: Record = {
            "CertifyForMarketplace": False,
            **copy.deepcopy(request),
            **identity,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CreationTime": now,
            "LastModifiedTime": now,
            "CreatedBy": {},
        }
        if "ModelPackageGroupName" in request:
            package.setdefault("ModelApprovalStatus", "PendingManualApproval")
        for container in package.get("InferenceSpecification", {}).get("Containers", ()):
            if "ImageDigest" not in container and (digest := self._image_digest(container["Image"])):
                container["ImageDigest"] = digest
        self._packages[package_arn] = package
        self._platform.tag(package_arn, request.get("Tags"))
        self._emit(package, ())
        return {"ModelPackageArn": package_arn}

    def _identity(self, request: Record) -> Record:
        one_name = request.get("ModelPackageName")
        group_reference = request.get("ModelPackageGroupName")
        if bool(one_name) == bool(group_reference):
            raise validation_error("Exactly one of ModelPackageName and ModelPackageGroupName must be specified")
        if one_name:
            return {"ModelPackageArn": arn("model-package", one_name), "ModelPackageName": one_name}
        group = self._groups.get(str(group_reference))
        name, version = group["ModelPackageGroupName"], self._groups.next_version(group)
        return {
            "ModelPackageGroupName": name,
            "ModelPackageVersion": version,
            "ModelPackageName": f"{name}/{version}",
            "ModelPackageArn": arn("model-package", f"{name}/{version}"),
        }

    def describe(self, request: Record) -> Record:
        return self.get(request["ModelPackageName"])

    def list(self, request: Record) -> Record:
        packages = list(self._packages.values())
        kind = request.get("ModelPackageType", "Unversioned")
        if reference := request.get("ModelPackageGroupName"):
            name = self._groups.get(reference)["ModelPackageGroupName"]
            packages = [package for package in packages if package.get("ModelPackageGroupName") == name]
        elif kind != "Both":
            packages = [p for p in packages if ("ModelPackageVersion" in p) == (kind == "Versioned")]
        return _LISTING.answer(packages, request)

    def update(self, request: Record) -> Record:
        package = self.get(request["ModelPackageArn"])
        if "ModelCard" in request and package.get("ModelCard", {}).get("ModelCardStatus") == "Archived":
            raise validation_error("Model Card is in Archived state")
        _check_card(request)
        changed = [name for name in _UPDATABLE if name in request]
        package.update({name: copy.deepcopy(request[name]) for name in changed})
        properties: dict[str, Any] = dict(package.get("CustomerMetadataProperties", {}))
        properties.update(request.get("CustomerMetadataProperties", {}))
        for key in request.get("CustomerMetadataPropertiesToRemove", ()):
            properties.pop(key, None)
        if properties != package.get("CustomerMetadataProperties", {}):
            package["CustomerMetadataProperties"] = properties
            changed.append("CustomerMetadataProperties")
        package["LastModifiedTime"] = self._platform.now()
        self._emit(package, changed)
        return {"ModelPackageArn": package["ModelPackageArn"]}

    def delete(self, request: Record) -> None:
        package = self.get(request["ModelPackageName"])
        del self._packages[package["ModelPackageArn"]]
        self._platform.untag(package["ModelPackageArn"])
        if "ModelPackageVersion" in package:
            self._groups.forget_package(package["ModelPackageGroupName"])

    def get(self, reference: str) -> Record:
        """The package that an ARN or a name names."""
        package_arn = reference if reference.startswith("arn:") else arn("model-package", reference)
        if package_arn not in self._packages:
            raise validation_error(f"ModelPackage {package_arn} does not exist.")
        return self._packages[package_arn]

    def deployable_container(self, reference: str) -> Record:
        """The first container of a package that may be deployed: a version must be approved."""
        package = self.get(reference)
        status = package.get("ModelApprovalStatus", "Approved")
        if status != "Approved":
            raise validation_error(
                f"Model package {package['ModelPackageArn']} cannot be deployed: its ModelApprovalStatus must be "
                f"Approved, got {status}"
            )
        container: Record = package["InferenceSpecification"]["Containers"][0]
        return container

    def _emit(self, package: Record, changed: Sequence[str]) -> None:
        detail = {name: package[name] for name in _DETAIL if name in package}
        if changed:
            detail["UpdatedModelPackageFields"] = list(changed)
        self._platform.emit("SageMaker Model Package State Change", iso(detail), [package["ModelPackageArn"]])


def _check_card(request: Record) -> None:
    """The content must follow the schema of a model package's card."""
    content = request.get("ModelCard", {}).get("ModelCardContent")
    if content is not None and (error := card_error(content)):
        raise validation_error(f"ModelCardContent must follow the model package model card schema: {error}")
