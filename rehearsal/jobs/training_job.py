"""One training job, from its request to model.tar.gz."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.containers.container import Container
from rehearsal.jobs.checkpoints import CheckpointFolder
from rehearsal.jobs.container_run import Exit, RunLimits
from rehearsal.jobs.job_host import JobHost, JobRequest, algorithm_error, single_instance, written
from rehearsal.jobs.job_outcomes import JobError, JobStatus, JobStopped, TrainingOutcome, Transitions
from rehearsal.jobs.metric_scanner import MetricScanner
from rehearsal.jobs.training_files import toolkit_environment, training_environment, write_configuration
from rehearsal.jobs.training_instances import TrainingInstances
from rehearsal.jobs.transfer import (
    download_required,
    pack,
    s3_source,
    split_uri,
    upload_file,
    upload_folder,
)

_FAILURE_BYTES = 1024


def run_training(host: JobHost, job_request: JobRequest) -> TrainingOutcome:
    """Run a CreateTrainingJob request to its end; what goes wrong is in the outcome."""
    job = _TrainingJob(host, job_request)
    started = datetime.now(UTC)
    status: JobStatus = "Completed"
    secondary, reason = "Completed", None
    try:
        job.run()
    except JobStopped as exc:
        status, secondary = "Stopped", str(exc)
    except JobError as exc:
        status, secondary, reason = "Failed", "Failed", exc.reason
    job.transitions.end(secondary)
    return TrainingOutcome(
        status=status,
        started=started,
        ended=datetime.now(UTC),
        secondary_status=secondary,
        failure_reason=reason,
        final_metrics=job.metrics.final(),
        model_artifacts=job.model_artifacts,
        transitions=job.transitions.rows,
        waited_seconds=job.instances.waited_seconds,
    )


class _TrainingJob:
    def __init__(self, host: JobHost, job_request: JobRequest) -> None:
        self.name: str = job_request.request["TrainingJobName"]
        self.transitions = Transitions()
        self.metrics = MetricScanner(())
        self.model_artifacts: str | None = None
        self.instances = TrainingInstances(host, job_request)
        self._host = host
        self._job_request = job_request
        self._request = job_request.request

    def run(self) -> None:
        """Run on one instance, or on as many as a spot job needs."""
        self.metrics = MetricScanner(self._request["AlgorithmSpecification"].get("MetricDefinitions", ()))
        while True:
            self.transitions.enter("Starting")
            with self._host.folder("training", self.name) as folder, self.instances.one() as limits:
                if self._turn(folder, limits):
                    return
            self.transitions.enter("Interrupted")
            self.instances.wait()

    def _turn(self, folder: Path, limits: RunLimits) -> bool:
        """Whether the job has come to its end; otherwise its machine was taken away."""
        single_instance(self._request["ResourceConfig"].get("InstanceCount", 1))
        container = self._container(folder)
        config = self._request.get("CheckpointConfig")
        checkpoints = CheckpointFolder(self._host.s3, config, container.ml) if config else None
        self._download(container.ml)
        if checkpoints:
            checkpoints.bring_back()
        self.transitions.enter("Training")
        with checkpoints.kept() if checkpoints else nullcontext():
            ended = self._host.run(container, self._job_request, self._read, limits)
        if ended.ended_by == "Interrupted":
            return False
        self._upload(container, ended)
        return True

    def _container(self, folder: Path) -> Container:
        specification = self._request["AlgorithmSpecification"]
        container = self._host.container(
            folder,
            specification["TrainingImage"],
            specification,
            command=("train",),
            environment=training_environment(self._request, self._job_request.arn),
            isolated=self._request.get("EnableNetworkIsolation", False),
            instance_type=self._request["ResourceConfig"].get("InstanceType", ""),
        )
        if container.program.has_training_toolkit:
            return container.with_environment(toolkit_environment(self._request))
        return container

    def _upload(self, container: Container, ended: Exit) -> None:
        self.transitions.enter("Uploading")
        self._upload_folder(container.ml / "output/data", "output", required=False)
        if ended.code != 0 and not ended.ended_by:
            raise algorithm_error(ended, written(container.ml / "output/failure", _FAILURE_BYTES))
        # SageMaker keeps the model of a stopped job too: what it saved between SIGTERM and SIGKILL.
        self.model_artifacts = self._upload_folder(container.ml / "model", "model", required=not ended.ended_by)
        if ended.ended_by:
            raise JobStopped(ended.ended_by)

    def _read(self, line: str) -> None:
        self._job_request.log(line)
        self.metrics.read(line)

    def _download(self, ml: Path) -> None:
        self.transitions.enter("Downloading")
        write_configuration(ml, self._request)
        for channel in self._request.get("InputDataConfig", ()):
            self._job_request.stop_if_requested()
            source = s3_source(channel)
            target = ml / "input/data" / channel["ChannelName"]
            download_required(self._host.s3, source["S3DataType"], source["S3Uri"], target)

    def _upload_folder(self, folder: Path, name: str, *, required: bool) -> str | None:
        """Send `folder` as <name>.tar.gz (or as files) to the job's output; an empty one only when required."""
        if not required and not any(folder.iterdir()):
            return None
        config = self._request["OutputDataConfig"]
        where = f"{config['S3OutputPath'].rstrip('/')}/{self.name}/output/{name}"
        if config.get("CompressionType") == "NONE":
            upload_folder(self._host.s3, folder, where, config.get("KmsKeyId"))
            return f"{where}/"
        archive = folder.parent / f".{name}.tar.gz"
        pack(folder, archive)
        upload_file(self._host.s3, archive, *split_uri(f"{where}.tar.gz"), config.get("KmsKeyId"))
        return f"{where}.tar.gz"
