"""CodeBuild projects that make container images, and the ECR repositories that receive them, without Docker."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import codebuild as _codebuild
from ministack.services import ecr as _ecr

from rehearsal.cloud.ministack.logs import LogGroups

TAG_VARIABLE = "IMAGE_TAG"
"""The environment variable that names the tag to push; projects without it are ministack's."""


@dataclass(frozen=True)
class BuildResult:
    """Whether a build may succeed, and the line for its log."""

    accepted: bool
    message: str


def add_image_builds(accept: Callable[[str], BuildResult], logs: LogGroups) -> None:
    """Let `accept` decide each build by the tag it is to push; an accepted one puts that tag into its repository."""
    known = _codebuild._start_build

    def start_build(request: dict[str, Any]) -> Any:
        variables = _variables(request)
        tag = variables.get(TAG_VARIABLE)
        status, headers, body = known(request)
        if status >= 400 or tag is None:
            return status, headers, body
        record = _codebuild._builds[json.loads(body)["build"]["id"]]
        result = _push(accept(tag), tag, variables)
        _conclude(record, result, variables)
        logs.write(record["logs"]["groupName"], record["logs"]["streamName"], [result.message])
        return status, headers, json.dumps({"build": record}).encode()

    _codebuild._start_build = start_build
    _ecr._describe_images = _refusing_unknown_images(_ecr._describe_images)


def _refusing_unknown_images(known: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """DescribeImages with AWS's error for an image that is not there; ministack answers an empty list."""

    def describe_images(request: dict[str, Any]) -> Any:
        repository = request.get("repositoryName", "")
        for image in request.get("imageIds", ()) if repository in _ecr._repositories else ():
            if _ecr._find_image(repository, image) is None:
                message = (
                    f"The image with imageId {json.dumps(image)} does not exist within the repository '{repository}'"
                )
                return error_response_json("ImageNotFoundException", message, 400)
        return known(request)

    return describe_images


def _variables(request: Mapping[str, Any]) -> dict[str, str]:
    project = _codebuild._projects.get(request.get("projectName", "")) or {}
    declared = (project.get("environment") or {}).get("environmentVariables") or []
    overrides = request.get("environmentVariablesOverride") or []
    return {entry["name"]: str(entry.get("value", "")) for entry in (*declared, *overrides)}


def _push(result: BuildResult, tag: str, variables: Mapping[str, str]) -> BuildResult:
    if not result.accepted:
        return result
    repository = _repository(variables)
    if repository is None:
        return BuildResult(accepted=False, message="no variable of the build names an existing ECR repository")
    if not has_image(repository, tag):
        _ecr._put_image({"repositoryName": repository, "imageTag": tag, "imageManifest": _manifest(tag)})
    return result


def _repository(variables: Mapping[str, str]) -> str | None:
    names = {value.rpartition("/")[2] if ".dkr.ecr." in value else value for value in variables.values()}
    return next((name for name in sorted(names) if name in _ecr._repositories), None)


def has_image(repository: str, tag: str) -> bool:
    return _ecr._find_image(repository, {"imageTag": tag}) is not None


def image_digest(image_uri: str) -> str | None:
    """The digest of `<registry>/<repository>:<tag>`, or None where ECR has no such image."""
    name, _, tag = image_uri.rpartition("/")[2].partition(":")
    image = _ecr._find_image(name, {"imageTag": tag}) if name in _ecr._repositories else None
    return str(image["imageDigest"]) if image else None


def _manifest(tag: str) -> str:
    return json.dumps({"schemaVersion": 2, "annotations": {"org.opencontainers.image.version": tag}})


def _conclude(record: dict[str, Any], result: BuildResult, variables: Mapping[str, str]) -> None:
    """What BatchGetBuilds will return: the status, and for a failure the BUILD phase's reason."""
    record["environment"] = {
        **record["environment"],
        "environmentVariables": [{"name": n, "value": v, "type": "PLAINTEXT"} for n, v in variables.items()],
    }
    if result.accepted:
        return
    record["buildStatus"] = "FAILED"
    now = int(time.time())
    phases = [phase for phase in record["phases"] if phase["phaseType"] not in ("POST_BUILD", "UPLOAD_ARTIFACTS")]
    for phase in phases:
        if phase["phaseType"] == "BUILD":
            phase |= {"phaseStatus": "FAILED", "endTime": now}
            phase["contexts"] = [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": result.message}]
    record["phases"] = phases
