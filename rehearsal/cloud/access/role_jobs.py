"""Each job acts as its role: what it reads and writes in S3, and every call from inside its container."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.cloud.access.calls import Call, CallLog
from rehearsal.cloud.access.platform_calls import join_vpc, publish_metrics, pull, write_logs
from rehearsal.cloud.access.sagemaker_calls import encrypted_volume
from rehearsal.cloud.sagemaker.ports import JobRunner

RunnerOf = Callable[[str], JobRunner]
"""Makes the runner that acts as a role."""

Log = Callable[[str], None]


class RoleJobs:
    """The control plane's runner."""

    def __init__(self, runner_of: RunnerOf, ledger: CallLog) -> None:
        self._runner_of, self._ledger = runner_of, ledger

    def run_training(self, request: Mapping[str, Any], *, log: Log, stopped: threading.Event, arn: str = "") -> Any:
        image = request["AlgorithmSpecification"]["TrainingImage"]
        self._note(request, image, "TrainingJobs", request["TrainingJobName"], request.get("ResourceConfig", {}))
        return self._runner_of(request["RoleArn"]).run_training(request, log=log, stopped=stopped, arn=arn)

    def run_processing(self, request: Mapping[str, Any], *, log: Log, stopped: threading.Event, arn: str = "") -> Any:
        image = request["AppSpecification"]["ImageUri"]
        cluster = request.get("ProcessingResources", {}).get("ClusterConfig", {})
        self._note(request, image, "ProcessingJobs", request["ProcessingJobName"], cluster)
        return self._runner_of(request["RoleArn"]).run_processing(request, log=log, stopped=stopped, arn=arn)

    def run_transform(
        self,
        request: Mapping[str, Any],
        *,
        model: Mapping[str, Any],
        log: Log,
        stopped: threading.Event,
        arn: str = "",
    ) -> Any:
        """As the model's role: a transform job has none of its own."""
        machine, name = request["TransformResources"], request["TransformJobName"]
        self._note(request, str(model.get("Image", "")), "TransformJobs", name, machine)
        runner = self._runner_of(request["RoleArn"])
        return runner.run_transform(request, model=model, log=log, stopped=stopped, arn=arn)

    def _note(self, request: Mapping[str, Any], image: str, kind: str, name: str, machine: Mapping[str, Any]) -> None:
        self._ledger.note(request["RoleArn"], _around_a_job(request, image, kind, name, machine))


def _around_a_job(
    request: Mapping[str, Any], image: str, kind: str, name: str, machine: Mapping[str, Any]
) -> Iterator[Call]:
    group = f"/aws/sagemaker/{kind}"
    yield from pull(image)
    yield from write_logs(group, f"{name}/algo-1")
    yield from publish_metrics(group)
    if key := machine.get("VolumeKmsKeyId"):
        yield from encrypted_volume(key)
    if vpc := request.get("VpcConfig") or request.get("NetworkConfig", {}).get("VpcConfig"):
        yield from join_vpc(vpc)
