"""Before any user meets a candidate, a job checks it against the live model's contract and recent requests."""

import hashlib
import re
from typing import Any

from botocore.exceptions import ClientError

from slipway.canary.observation.object_prefixes import CHAMPION_VERSION, package_version
from slipway.rollout.failure_causes import is_candidates
from slipway.rollout.steps import RolloutStep

from .recording import notify
from .replay_servers import CANDIDATE, CHAMPION, ReplayServers
from .run import CallError, Rejection, Run, State

ATTEMPTS = 3
"""Jobs for one decision: one that SageMaker itself could not run is no evidence about the candidate."""
POLL_SECONDS = 45
_ROOT = "/opt/ml/processing"
_PROVEN = re.compile(r"passed; scores proven on (\d+) requests\b")
_NOT_THE_CANDIDATES = ("InternalServerError", "CapacityError")


def pass_gates(run: Run, package: dict[str, Any], champion: str) -> dict[str, str]:
    """Run the job and wait for its decision; `champion` is the live package's ARN, or empty.

    Returns:
        The metrics of which the canary needs no more evidence, by what has proven them.

    Raises:
        Rejection: the candidate breaks the contract or the limits of the replay, or no job could decide or be run.
    """
    if not (champion and run.target.gate_job.get("servers")):
        return _pass_job(run, package, champion)
    name = job_name(run, champion, 0).removesuffix("-0")
    servers = ReplayServers(run, name, {CHAMPION: champion, CANDIDATE: run.request.package})
    try:
        found = _pass_job(run, package, champion, endpoint=_started(servers))
    except Rejection:
        _stopped(servers)
        raise
    _stopped(servers)
    return found


def _started(servers: ReplayServers) -> str:
    try:
        return servers.start()
    except CallError as exc:
        raise Rejection(
            f"the servers for the replay could not be started: {exc}", by="gates", is_candidates=False
        ) from exc


def _stopped(servers: ReplayServers) -> None:
    try:
        servers.stop()
    except CallError as exc:
        left = f"endpoint {servers.name} is left over from the replay and costs money: {exc}"
        notify(servers.run, "delete a left-over endpoint", left)


def _pass_job(run: Run, package: dict[str, Any], champion: str, *, endpoint: str = "") -> dict[str, str]:
    for attempt in range(1, ATTEMPTS + 1):
        name = job_name(run, champion, attempt)
        try:
            run.steps.do(RolloutStep.START_GATES, lambda name=name: _start(run, name, package, champion, endpoint))  # type: ignore[misc]
            job = run.steps.poll(RolloutStep.GATES, lambda _, name=name: _describe(run, name), {}, _pause)  # type: ignore[misc]
        except CallError as exc:
            raise Rejection(f"the gates could not be run: {exc}", by="gates", is_candidates=False) from exc
        rejection = decide(job)
        if rejection is None:
            return proven(job["message"])
        if attempt == ATTEMPTS or not is_worth_another(job):
            raise rejection
    return {}


def proven(message: str) -> dict[str, str]:
    """What the job has proven beside its limits, by its message."""
    found = _PROVEN.match(message)
    return {"scores": f"by replay on {int(found[1]):,} requests"} if found else {}


def job_name(run: Run, champion: str, attempt: int) -> str:
    """The same execution, candidate and champion find the job that they began; others need another decision."""
    decided = f"{run.steps.execution} {run.request.package} {champion}"
    digest = hashlib.md5(decided.encode(), usedforsecurity=False).hexdigest()
    return f"{run.target.gate_job['name_prefix']}-{digest}-{attempt}"


def decide(job: dict[str, str]) -> Rejection | None:
    """None where the candidate has passed."""
    message = job["message"]
    if job["status"] == "Completed":
        if message.startswith("passed"):
            return None
        gate, colon, _ = message.partition(": ")
        if colon and gate in ("contract", "replay"):
            return Rejection(message, by=gate)
    ended = job["failure"] or f"job {job['name']} ended {job['status']} without a decision"
    return Rejection(f"the gates could not decide: {ended}", by="gates", is_candidates=is_candidates(ended))


def is_worth_another(job: dict[str, str]) -> bool:
    return job["status"] == "Failed" and any(each in job["failure"] for each in _NOT_THE_CANDIDATES)


def _pause(state: State) -> float | None:
    return POLL_SECONDS if state["status"] in ("InProgress", "Stopping") else None


def _describe(run: Run, name: str) -> dict[str, str]:
    job = run.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    return {
        "name": name,
        "status": job["ProcessingJobStatus"],
        "message": job.get("ExitMessage", ""),
        "failure": job.get("FailureReason", ""),
    }


def _start(run: Run, name: str, package: dict[str, Any], champion: str, endpoint: str) -> bool:
    """Start the job unless it was started before."""
    sagemaker = run.client("sagemaker")
    inputs = {"candidate": package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]}
    if champion:
        described = sagemaker.describe_model_package(ModelPackageName=champion)
        inputs["champion"] = described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    # An approval is for the bytes whose hash the package notes, and not for a path.
    noted = package.get("CustomerMetadataProperties", {})
    environment = {f"SLIPWAY_{name.upper()}": noted.get(name, "") for name in run.target.gate_job["properties"]}
    version = package_version(champion)
    arguments = [each.replace(CHAMPION_VERSION, version) for each in run.target.gate_job["arguments"]]
    arguments += [f"--endpoint={endpoint}"] if endpoint else []
    try:
        sagemaker.create_processing_job(**_request(run.target.gate_job, name, inputs, environment, arguments))
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ResourceInUse":
            raise
    return True


def _request(
    job: dict[str, Any],
    name: str,
    inputs: dict[str, str],
    environment: dict[str, str],
    arguments: list[str],
) -> dict[str, Any]:
    """The captured requests are no input: SageMaker fails a job whose prefix is still empty."""
    output = {
        "S3Uri": f"{job['output_uri']}/{name}",
        "LocalPath": f"{_ROOT}/output/replay",
        "S3UploadMode": "EndOfJob",
    }
    request = {
        "ProcessingJobName": name,
        "ProcessingInputs": [_input(*each) for each in inputs.items()],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "replay", "S3Output": output}],
            "KmsKeyId": job["kms_key_arn"],
        },
        "ProcessingResources": {"ClusterConfig": job["cluster"]},
        "StoppingCondition": {"MaxRuntimeInSeconds": job["max_runtime_seconds"]},
        "AppSpecification": {
            "ImageUri": job["image_uri"],
            "ContainerEntrypoint": ["python", "-m", "pipeline_steps", "replay"],
            "ContainerArguments": arguments,
        },
        "Environment": environment,
        "RoleArn": job["role_arn"],
        "Tags": job["tags"],
    }
    if job["vpc_config"]:
        request["NetworkConfig"] = {"VpcConfig": job["vpc_config"]}
    return request


def _input(name: str, path: str) -> dict[str, Any]:
    place = {"S3Uri": path, "LocalPath": f"{_ROOT}/input/{name}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": place}
