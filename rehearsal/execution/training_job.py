"""One training job, from its request to model.tar.gz."""

from datetime import UTC, datetime
from pathlib import Path

from rehearsal.execution.metrics import MetricScanner
from rehearsal.execution.outcomes import JobError, JobStatus, JobStopped, TrainingOutcome, Transitions
from rehearsal.execution.training_files import toolkit_environment, training_environment, write_configuration
from rehearsal.execution.transfer import (
    download_required,
    pack,
    s3_source,
    split_uri,
    upload_file,
    upload_folder,
)
from rehearsal.execution.workplace import Order, Workplace, algorithm_error, single_instance, written

_FAILURE_BYTES = 1024


def run_training(place: Workplace, order: Order) -> TrainingOutcome:
    """Run a CreateTrainingJob request to its end; what goes wrong is in the outcome."""
    job = _TrainingJob(place, order)
    started = datetime.now(UTC)
    status: JobStatus = "Completed"
    secondary, reason = "Completed", None
    with place.folder("training", job.name) as folder:
        try:
            job.run(folder)
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
    )


class _TrainingJob:
    def __init__(self, place: Workplace, order: Order) -> None:
        self.name: str = order.request["TrainingJobName"]
        self.transitions = Transitions()
        self.metrics = MetricScanner(())
        self.model_artifacts: str | None = None
        self._place = place
        self._order = order
        self._request = order.request

    def run(self, folder: Path) -> None:
        self.transitions.enter("Starting")
        specification = self._request["AlgorithmSpecification"]
        single_instance(self._request["ResourceConfig"].get("InstanceCount", 1))
        self.metrics = MetricScanner(specification.get("MetricDefinitions", ()))
        environment = training_environment(self._request, self._order.arn)
        image = specification["TrainingImage"]
        container = self._place.container(
            folder,
            image,
            specification,
            command=("train",),
            environment=environment,
            isolated=self._request.get("EnableNetworkIsolation", False),
            instance_type=self._request["ResourceConfig"].get("InstanceType", ""),
        )
        if container.program.has_training_toolkit:
            container = container.with_environment(toolkit_environment(self._request))
        self._download(container.ml)
        self.transitions.enter("Training")
        ended = self._place.run(container, self._order, self._read)
        self.transitions.enter("Uploading")
        self._upload_folder(container.ml / "output/data", "output", required=False)
        if ended.code != 0 and not ended.ended_by:
            raise algorithm_error(ended, written(container.ml / "output/failure", _FAILURE_BYTES))
        # SageMaker keeps the model of a stopped job too: what it saved between SIGTERM and SIGKILL.
        self.model_artifacts = self._upload_folder(container.ml / "model", "model", required=not ended.ended_by)
        if ended.ended_by:
            raise JobStopped(ended.ended_by)

    def _read(self, line: str) -> None:
        self._order.log(line)
        self.metrics.read(line)

    def _download(self, ml: Path) -> None:
        self.transitions.enter("Downloading")
        write_configuration(ml, self._request)
        for channel in self._request.get("InputDataConfig", ()):
            self._order.stop_if_asked()
            source = s3_source(channel)
            target = ml / "input/data" / channel["ChannelName"]
            download_required(self._place.s3, source["S3DataType"], source["S3Uri"], target)

    def _upload_folder(self, folder: Path, name: str, *, required: bool) -> str | None:
        """Send `folder` as <name>.tar.gz (or as files) to the job's output; an empty one only when required."""
        if not required and not any(folder.iterdir()):
            return None
        config = self._request["OutputDataConfig"]
        where = f"{config['S3OutputPath'].rstrip('/')}/{self.name}/output/{name}"
        if config.get("CompressionType") == "NONE":
            upload_folder(self._place.s3, folder, where, config.get("KmsKeyId"))
            return f"{where}/"
        archive = folder.parent / f".{name}.tar.gz"
        pack(folder, archive)
        upload_file(self._place.s3, archive, *split_uri(f"{where}.tar.gz"), config.get("KmsKeyId"))
        return f"{where}.tar.gz"
