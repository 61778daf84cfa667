"""Where a registered model came from and where it went: commit, data, jobs, model, endpoint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.audit_log import AuditLog
from slipway.operations.aws_errors import code_of
from slipway.operations.deployed_endpoint import DeployedEndpoint, endpoint_named
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.model_registry import Package, described_package, packages
from slipway.rollout.audit import Entry
from slipway.rollout.steps import Outcome
from slipway.training.parameters import DATA_FINGERPRINT, INPUT_DATA_URI

_ENDS = frozenset({*Outcome, "refused"})
"""Actions of the audit log that end a rollout; one that is rejected by a gate is `refused` there."""


@dataclass(frozen=True)
class TrainingTable:
    """The table; `fingerprint` is that of its objects in S3, `sha256` that of its content."""

    uri: str | None
    fingerprint: str | None
    sha256: str | None
    test_sha256: str | None


@dataclass(frozen=True)
class Job:
    """One step's job; `reused_from` is the execution that ran it, where the step cache had its result."""

    step: str
    arn: str
    reused_from: str | None


@dataclass(frozen=True)
class RolloutEnd:
    """How one rollout of the model ended, as the audit log has it."""

    time: str
    outcome: str
    execution: str


@dataclass(frozen=True)
class Serving:
    """The endpoint; `config` is the one by which it serves the model now, if it does."""

    name: str
    config: str | None
    rollouts: list[RolloutEnd]

    @property
    def in_words(self) -> str:
        serves = f"serves it now by {self.config}" if self.config else "does not serve it now"
        ends = (f"{end.outcome} at {end.time} by {end.execution}" for end in self.rollouts)
        return _joined(f"{self.name} {serves}", *(ends if self.rollouts else ["never rolled out"]))


@dataclass(frozen=True)
class Lineage:
    """Of one version. `jobs` are empty where the execution is another account's, or was deleted."""

    package: Package
    data: TrainingTable
    jobs: list[Job]
    endpoint: Serving

    def document(self) -> dict[str, Any]:
        """As JSON has it: in the order of its origin."""
        package = self.package
        return {
            "commit": package.commit,
            "data": vars(self.data),
            "execution": package.pipeline_execution,
            "jobs": [vars(job) for job in self.jobs],
            "training_job": package.training_job,
            "model": {
                "package": package.arn,
                "promoted_from": package.promoted_from,
                "approval": package.approval,
                "artifact": package.artifact,
                "sha256": package.model_sha256,
                "image": package.image,
                "image_digest": package.image_digest,
            },
            "endpoint": {**vars(self.endpoint), "rollouts": [vars(end) for end in self.endpoint.rollouts]},
        }

    @property
    def in_words(self) -> dict[str, str]:
        """Lines by what they are about, in the order of its origin; what is unknown is left out."""
        package, data = self.package, self.data
        fingerprint = f"fingerprint {data.fingerprint}" if data.fingerprint else ""
        content = f"sha256 {data.sha256}" if data.sha256 else ""
        digest = f"sha256 {package.model_sha256}" if package.model_sha256 else ""
        lines = {
            "commit": package.commit,
            "data": _joined(data.uri, fingerprint, content),
            "execution": package.pipeline_execution,
            **{f"{job.step} job": _job_in_words(job) for job in self.jobs},
            "training job": package.training_job,
            "promoted from": package.promoted_from,
            "artifact": _joined(package.artifact, digest),
            "image": _joined(package.image, package.image_digest),
            "model package": _joined(package.arn, package.approval),
            "endpoint": self.endpoint.in_words,
        }
        return {name: line for name, line in lines.items() if line}


def newest_lineages(stage: DeployedStage, newest: int) -> list[Lineage]:
    """Of the newest versions, newest first.

    Raises:
        RefusedError: the group or the bucket of the audit log is not deployed.
    """
    sagemaker, name = stage.client("sagemaker"), stage.names.endpoint
    found = packages(stage, newest=newest)
    audit = AuditLog.of(stage).entries() if found else []
    endpoint = endpoint_named(sagemaker, name)
    return [_lineage(sagemaker, package, name, endpoint, audit) for package in found]


def lineages(sagemaker: Any, arns: Sequence[str], *, endpoint: str, audit: Sequence[Entry]) -> list[Lineage]:
    """Of these model packages; `audit` has the entries of the endpoint's log."""
    described = endpoint_named(sagemaker, endpoint)
    return [_lineage(sagemaker, described_package(sagemaker, arn), endpoint, described, audit) for arn in arns]


def _lineage(
    sagemaker: Any, package: Package, name: str, endpoint: DeployedEndpoint | None, audit: Sequence[Entry]
) -> Lineage:
    live = endpoint.live if endpoint else None
    config = live.config if live and live.package == package.arn else None
    given = _parameters(sagemaker, package)
    return Lineage(
        package,
        TrainingTable(given.get(INPUT_DATA_URI), given.get(DATA_FINGERPRINT), package.data_sha256, package.test_sha256),
        list(_jobs(sagemaker, package)),
        Serving(name, config, list(_ends(audit, package.arn))),
    )


def _parameters(sagemaker: Any, package: Package) -> dict[str, str]:
    """What the execution was started with, defaults included."""
    rows = _rows(sagemaker, "list_pipeline_parameters_for_execution", "PipelineParameters", package)
    return {row["Name"]: row["Value"] for row in rows}


def _jobs(sagemaker: Any, package: Package) -> Iterator[Job]:
    """In the order of their starts."""
    steps = list(_rows(sagemaker, "list_pipeline_execution_steps", "PipelineExecutionSteps", package))
    for step in sorted(steps, key=lambda each: each["StartTime"]):
        reused = step.get("CacheHitResult", {}).get("SourcePipelineExecutionArn")
        for kind, made in step.get("Metadata", {}).items():
            if kind.endswith("Job"):
                yield Job(step["StepName"], made["Arn"], reused)


def _rows(sagemaker: Any, operation: str, key: str, package: Package) -> Iterator[dict[str, Any]]:
    """Nothing where the execution cannot be asked for: a promoted package's belongs to another account."""
    execution = package.pipeline_execution
    if execution is None or _place(execution) != _place(package.arn):
        return
    try:
        for page in sagemaker.get_paginator(operation).paginate(PipelineExecutionArn=execution):
            yield from page[key]
    except ClientError as exc:
        if code_of(exc) != "ResourceNotFound":  # deleted with its pipeline
            raise


def _place(arn: str) -> tuple[str, str, str]:
    """Partition, region and account."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    return partition, region, account


def _job_in_words(job: Job) -> str:
    return job.arn if job.reused_from is None else f"{job.arn}, reused from {job.reused_from}"


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _ends(audit: Sequence[Entry], package: str) -> Iterator[RolloutEnd]:
    for entry in audit:
        if entry.get("subject") == package and entry.get("action") in _ENDS:
            yield RolloutEnd(entry["time"], entry["action"], entry["actor"])
