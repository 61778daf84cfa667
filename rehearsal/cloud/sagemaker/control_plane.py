"""The control plane: every resource, and the table of actions they bring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud.sagemaker.endpoint_configs import EndpointConfigs
from rehearsal.cloud.sagemaker.endpoints import Endpoints
from rehearsal.cloud.sagemaker.json_protocol import Action, Api
from rehearsal.cloud.sagemaker.models import Models
from rehearsal.cloud.sagemaker.monitors import Monitors
from rehearsal.cloud.sagemaker.package_groups import PackageGroups
from rehearsal.cloud.sagemaker.packages import Packages
from rehearsal.cloud.sagemaker.pipeline_executions import PipelineExecutions
from rehearsal.cloud.sagemaker.pipelines import Pipelines
from rehearsal.cloud.sagemaker.platform import Platform
from rehearsal.cloud.sagemaker.ports import (
    Emit,
    EndpointFleets,
    JobRunner,
    PipelineEngine,
    Require,
    Tuner,
    WriteLog,
    unlimited,
)
from rehearsal.cloud.sagemaker.processing_jobs import ProcessingJobs
from rehearsal.cloud.sagemaker.tags import Tags
from rehearsal.cloud.sagemaker.training_jobs import TrainingJobs
from rehearsal.cloud.sagemaker.transform_jobs import TransformJobs
from rehearsal.cloud.sagemaker.trial_components import Experiments
from rehearsal.cloud.sagemaker.tuning_jobs import TuningJobs

_GRACE_SECONDS = 4.0


@dataclass(frozen=True)
class Ports:
    """The control plane's neighbours."""

    emit: Emit
    write_log: WriteLog
    runner: JobRunner
    tuner: Tuner
    engine: PipelineEngine
    fleets: EndpointFleets
    read_object: Callable[[str, str], bytes]
    image_digest: Callable[[str], str | None] = lambda _uri: None
    require: Require = unlimited
    is_scaled: Callable[[str, str], bool] = lambda _endpoint, _variant: False
    takes_same_config: bool = False
    """Whether UpdateEndpoint takes the config that the endpoint uses already."""


class ControlPlane:
    """SageMaker of one account in one region.

    Attributes:
        api: answers requests.
    """

    def __init__(self, ports: Ports) -> None:
        self._platform = Platform(ports.emit, ports.require)
        groups = PackageGroups(self._platform)
        packages = Packages(self._platform, groups, ports.image_digest)
        models = Models(self._platform, packages)
        configs = EndpointConfigs(self._platform, models)
        self._endpoints = Endpoints(
            self._platform,
            configs,
            ports.fleets,
            is_scaled=ports.is_scaled,
            takes_same_config=ports.takes_same_config,
        )
        tuning = TuningJobs(self._platform, ports.tuner)
        experiments = Experiments(self._platform)
        jobs = (self._platform, ports.write_log, ports.runner)
        training = TrainingJobs(*jobs, tuning.job_arn_of, check_experiment=experiments.check)
        tuning.use(training)
        processing = ProcessingJobs(*jobs, check_experiment=experiments.check)
        transform = TransformJobs(*jobs, models, check_experiment=experiments.check)
        experiments.use(training, processing)
        pipelines = Pipelines(self._platform, ports.engine, ports.read_object)
        executions = PipelineExecutions(self._platform, pipelines, ports.engine)
        resources = (
            groups,
            packages,
            models,
            configs,
            self._endpoints,
            tuning,
            training,
            processing,
            transform,
            experiments,
            pipelines,
            executions,
            Monitors(self._platform),
        )
        actions: dict[str, Action] = dict(Tags(self._platform).actions())
        for resource in resources:
            actions |= resource.actions()
        self.api = Api(actions, self._platform.lock)

    def on_fleet_event(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        """An endpoint has changed its state."""
        self._endpoints.on_event(detail_type, detail)

    def close(self) -> None:
        """Stop every job, run and rollout."""
        self._platform.workers.close(grace_seconds=_GRACE_SECONDS)
