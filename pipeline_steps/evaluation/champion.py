"""The champion: the newest approved package of the model registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.reading import FOLLOWED_BY_ITS_LIKE, Artifact, ArtifactError, read_archive
from pipeline_steps.errors import StepError
from pipeline_steps.features.columns import kind_of
from pipeline_steps.tables.cells import category, quoted
from pipeline_steps.tables.use_case import UseCase

_NAMED = 10


@dataclass(frozen=True)
class Champion:
    model_package_arn: str
    artifact: Artifact


def find_champion(group: str, *, sagemaker: Any, s3: Any) -> Champion | None:
    """Fetch the newest approved model of `group`; None when the group is not there or has none.

    Raises:
        StepError: the registry or the artifact cannot be read. Denied access does not mean "no champion".
    """
    with _reading(f"the champion of model package group {group}"):
        arn = newest_approved(sagemaker, group)
        content = _model_data(arn, sagemaker, s3) if arn else b""
    if arn is None:
        return None
    try:
        return Champion(arn, read_archive(content))
    except ArtifactError as exc:
        raise ArtifactError(
            f"the champion {arn} must be a model that Slipway can read: {exc}. {FOLLOWED_BY_ITS_LIKE}"
        ) from exc


def differences(contract: Contract, use_case: UseCase) -> Iterator[str]:
    """Yield why a model of this contract reads a table of `use_case` otherwise than it was trained: a sentence each.

    With any, an output that it gives for these rows means nothing.
    """
    kinds = {column.name: column.kind for column in use_case.columns}
    for column in contract.columns:
        if column.name not in kinds:
            yield f"column {column.name} is gone"
        elif (kind := kind_of(column)) != kinds[column.name]:
            yield f"column {column.name} was a {kind} when it was trained and is a {kinds[column.name]} now"
    if contract.problem_name != use_case.problem:
        yield f"its problem is {contract.problem_name} and not {use_case.problem}"
    if contract.target != use_case.target:
        yield f"its target is {contract.target} and not {use_case.target}"
    if category(contract.positive_label or "") != category(use_case.positive_label or ""):
        yield f"its positive label is {quoted(contract.positive_label)} and not {quoted(use_case.positive_label)}"
    elif contract.classes and contract.classes != use_case.classes:
        yield f"its labels are {_listed(contract.classes)} and not {_listed(use_case.classes)}"


def _listed(labels: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, labels[:_NAMED])) + (
        f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    )


def fetch_archive(model_package_arn: str, *, sagemaker: Any, s3: Any) -> bytes:
    """Fetch the `model.tar.gz` of a model package.

    Raises:
        StepError: the registry or the artifact cannot be read.
    """
    with _reading(f"model package {model_package_arn}"):
        return _model_data(model_package_arn, sagemaker, s3)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as exc:
        raise StepError(f"{what} cannot be read: {exc}") from exc
    except (KeyError, IndexError) as exc:
        raise StepError(f"{what} names no model data: {exc}") from exc


def _model_data(arn: str, sagemaker: Any, s3: Any) -> bytes:
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    location = urlsplit(package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])
    content: bytes = s3.get_object(Bucket=location.netloc, Key=location.path.removeprefix("/"))["Body"].read()
    return content


def newest_approved(sagemaker: Any, group: str) -> str | None:
    """Find the newest approved package of `group`; None when the group is not there or has none."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortBy="CreationTime", SortOrder="Descending"
    )
    try:
        newest = next((package for page in pages for package in page["ModelPackageSummaryList"]), None)
    except ClientError as exc:
        error = exc.response["Error"]
        if error["Code"].startswith("ResourceNotFound") or "does not exist" in error.get("Message", ""):
            return None
        raise
    return str(newest["ModelPackageArn"]) if newest else None
