"""One processing job, from its request to its outputs in S3."""

from datetime import UTC, datetime
from pathlib import Path

from rehearsal.jobs.job_host import JobHost, JobRequest, algorithm_error, single_instance, written
from rehearsal.jobs.job_outcomes import JobError, JobStatus, JobStopped, ProcessingOutcome
from rehearsal.jobs.processing_files import (
    local_folder,
    processing_environment,
    s3_input,
    s3_output,
    write_configuration,
)
from rehearsal.jobs.transfer import download_required, upload_folder

_MESSAGE_BYTES = 1024


def run_processing(host: JobHost, job_request: JobRequest) -> ProcessingOutcome:
    """Run a CreateProcessingJob request to its end; what goes wrong is in the outcome."""
    started = datetime.now(UTC)
    status: JobStatus = "Completed"
    reason = None
    with host.folder("processing", job_request.request["ProcessingJobName"]) as folder:
        try:
            _run(host, job_request, folder)
        except JobStopped as exc:
            status, reason = "Stopped", None if str(exc) == "Stopped" else str(exc)
        except JobError as exc:
            status, reason = "Failed", exc.reason
        message = written(folder / "ml/output/message", _MESSAGE_BYTES)
    return ProcessingOutcome(status, started, datetime.now(UTC), reason, message)


def _run(host: JobHost, job_request: JobRequest, folder: Path) -> None:
    request = job_request.request
    specification = request["AppSpecification"]
    cluster = request["ProcessingResources"]["ClusterConfig"]
    single_instance(cluster.get("InstanceCount", 1))
    environment = processing_environment(request, job_request.arn)
    image = specification["ImageUri"]
    container = host.container(
        folder,
        image,
        specification,
        command=(),
        environment=environment,
        isolated=request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False),
        instance_type=cluster.get("InstanceType", ""),
    )
    write_configuration(container.ml, request, job_request.arn)
    for each in request.get("ProcessingInputs", ()):
        job_request.stop_if_requested()
        source = s3_input(each)
        target = local_folder(container.ml, source["LocalPath"])
        download_required(host.s3, source["S3DataType"], source["S3Uri"], target)
    ended = host.run(container, job_request, job_request.log)
    if ended.ended_by:
        raise JobStopped(ended.ended_by)
    if ended.code != 0:
        # AWS shows only the exit message here; the failure file and the log's end are added on a laptop.
        reason = written(container.ml / "output/message", _MESSAGE_BYTES)
        raise algorithm_error(ended, reason or written(container.ml / "output/failure", _MESSAGE_BYTES))
    config = request.get("ProcessingOutputConfig", {})
    for each in config.get("Outputs", ()):
        output = s3_output(each)
        source_folder = local_folder(container.ml, output["LocalPath"])
        upload_folder(host.s3, source_folder, output["S3Uri"], config.get("KmsKeyId"))
