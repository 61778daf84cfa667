"""Custom resource `ImageBuild`: makes sure that the repository holds the image with the wanted tag."""

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3

_POLL_SECONDS = 5.0
_MARGIN_MS = 20_000


class BuildError(Exception):
    """The build did not make the image; the text is shown as the stack's failure."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Respond to CloudFormation in every case: without a response the stack waits until its timeout."""
    properties = event["ResourceProperties"]
    response = {
        "Status": "SUCCESS",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "PhysicalResourceId": f"{properties['RepositoryName']}:{properties['ImageTag']}",
    }
    try:
        # Nothing to do on Delete: the images go with their repository.
        if event["RequestType"] != "Delete":
            ensure_image(
                boto3.client("ecr"),
                boto3.client("codebuild"),
                repository=properties["RepositoryName"],
                tag=properties["ImageTag"],
                project=properties["ProjectName"],
                remaining_ms=context.get_remaining_time_in_millis,
            )
    except Exception as exc:  # noqa: BLE001 — CloudFormation must get a response whatever happened
        # A fresh account may have a quota of 0 builds.
        help_ = "; `slipway quotas` shows what is missing" if "LimitExceeded" in type(exc).__name__ else ""
        response |= {"Status": "FAILED", "Reason": f"{type(exc).__name__}: {exc}{help_}"}
    _send(event["ResponseURL"], response)


def ensure_image(
    ecr: Any,
    codebuild: Any,
    *,
    repository: str,
    tag: str,
    project: str,
    remaining_ms: Callable[[], int],
    poll_seconds: float = _POLL_SECONDS,
) -> None:
    """Build the image unless it is there.

    Raises:
        BuildError: the build failed, or did not end in time.
    """
    if _exists(ecr, repository, tag):
        return
    variables = [{"name": "IMAGE_TAG", "value": tag, "type": "PLAINTEXT"}]
    build = codebuild.start_build(projectName=project, environmentVariablesOverride=variables)["build"]
    while True:
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
        if build["buildStatus"] == "SUCCEEDED":
            return
        if build["buildStatus"] != "IN_PROGRESS":
            raise BuildError(_explain(build))
        if remaining_ms() < _MARGIN_MS:
            raise BuildError(f"build {build['id']} has not ended in time; see {_logs(build)}")
        time.sleep(poll_seconds)


def _exists(ecr: Any, repository: str, tag: str) -> bool:
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return True


def _explain(build: dict[str, Any]) -> str:
    reasons = [
        f"{phase['phaseType']}: {context['message']}"
        for phase in build.get("phases", ())
        if phase.get("phaseStatus") not in (None, "SUCCEEDED")
        for context in phase.get("contexts", ())
        if context.get("message")
    ]
    return (
        f"build {build['id']} ended {build['buildStatus']}; {'; '.join(reasons) or 'no reason given'}; {_logs(build)}"
    )


def _logs(build: dict[str, Any]) -> str:
    return str(build.get("logs", {}).get("deepLink", "no log"))


def _send(url: str, response: dict[str, str]) -> None:
    # CloudFormation's presigned URL takes no content type. The scheme is its choice, not a user's.
    request = urllib.request.Request(  # noqa: S310
        url, data=json.dumps(response).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=15):  # noqa: S310
        pass
