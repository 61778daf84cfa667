"""Connect the emulator, the control plane and the fleets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.access_key import AccessKey
from rehearsal.cloud.access.recorder import AccessRecorder
from rehearsal.cloud.access.role_endpoints import RoleQueues
from rehearsal.cloud.athena_queries import AthenaQueries
from rehearsal.cloud.auto_scaling import TARGET_PREFIX as SCALING_PREFIX
from rehearsal.cloud.auto_scaling import AutoScaling
from rehearsal.cloud.clients import Clients
from rehearsal.cloud.cloud_options import CloudOptions
from rehearsal.cloud.job_environment import JobEnvironment
from rehearsal.cloud.local_tuner import LocalTuner
from rehearsal.cloud.ministack import lambda_functions
from rehearsal.cloud.ministack.alarm_actions import ScalingActions, ScalingAlarms
from rehearsal.cloud.ministack.alarm_clock import AlarmClock, state_of
from rehearsal.cloud.ministack.alarm_events import AlarmEvents
from rehearsal.cloud.ministack.athena import answer_unloads
from rehearsal.cloud.ministack.buckets import complete_buckets
from rehearsal.cloud.ministack.change_sets import answer_when_settled
from rehearsal.cloud.ministack.cloudformation import add_resource_types
from rehearsal.cloud.ministack.durable_executions import DurableExecutions
from rehearsal.cloud.ministack.events import EventBus
from rehearsal.cloud.ministack.image_builds import add_image_builds, image_digest
from rehearsal.cloud.ministack.json_services import add_json_service, share_models
from rehearsal.cloud.ministack.logs import LogGroups, extract_metrics, honour_stream_prefixes
from rehearsal.cloud.ministack.metric_store import MetricStore, file_by_the_minute, keep_everything
from rehearsal.cloud.ministack.objects import Objects
from rehearsal.cloud.ministack.role_policies import limit_role_policies
from rehearsal.cloud.ministack.schedules import look_each_second
from rehearsal.cloud.ministack.serving_loop import ServingLoop
from rehearsal.cloud.ministack.stack_tokens import refuse_used_tokens
from rehearsal.cloud.ministack.state_payloads import limit_payloads
from rehearsal.cloud.ministack.stepfunctions import add_athena_integration, add_sdk_integrations
from rehearsal.cloud.pipeline_engine import LocalPipelineEngine
from rehearsal.cloud.resources import other_types, resource_types, scaling_types
from rehearsal.cloud.sagemaker.control_plane import ControlPlane, Ports
from rehearsal.cloud.sagemaker.json_protocol import TARGET_PREFIX
from rehearsal.cloud.service_models import service_model
from rehearsal.cloud.service_quotas import TARGET_PREFIX as QUOTAS_PREFIX
from rehearsal.cloud.service_quotas import ServiceQuotas
from rehearsal.cloud.transform_server import TransformServers
from rehearsal.endpoints.endpoint_environment import EndpointEnvironment
from rehearsal.endpoints.local_endpoints import LocalEndpoints
from rehearsal.jobs.job_runner import LocalJobRunner
from rehearsal.jobs.spot import SpotMarket

_SOURCE = "aws.sagemaker"


@dataclass(frozen=True)
class Cloud:
    """What the process has to run and, in this order, to close."""

    loop: ServingLoop
    alarms: AlarmClock
    fleets: LocalEndpoints
    access: AccessRecorder
    closing: tuple[Callable[[], object], ...]


def assemble(options: CloudOptions, environment: JobEnvironment, *, port: int, key: AccessKey) -> Cloud:
    """Make everything else and hook it into ministack; nothing runs yet."""
    return _Assembly(options, environment, f"http://127.0.0.1:{port}", key).cloud()


class _Assembly:
    def __init__(self, options: CloudOptions, environment: JobEnvironment, endpoint_url: str, key: AccessKey) -> None:
        self._options = options
        self._backend, self._images = environment.backend, environment.images
        self._loop = ServingLoop()
        self._bus, self._logs = EventBus(self._loop), LogGroups(self._loop)
        self._metrics = MetricStore(self._loop, speed=self._options.speed)
        self._clients = Clients(endpoint_url, key)
        self._access = AccessRecorder(self._clients, self._call_api)
        self._fleets = self._make_fleets()
        self._quotas = ServiceQuotas(options.quotas)
        self._scaling = AutoScaling(self._call_api, ScalingAlarms(self._loop), speed=options.speed)
        self._plane = ControlPlane(self._ports())

    def cloud(self) -> Cloud:
        """Hook everything into ministack."""
        share_models(service_model)
        api = self._plane.api
        add_json_service("sagemaker", target_prefix=TARGET_PREFIX, handle=api.handle)
        scaling = self._scaling.api
        add_json_service("application-autoscaling", target_prefix=SCALING_PREFIX, handle=scaling.handle)
        add_json_service("service-quotas", target_prefix=QUOTAS_PREFIX, handle=self._quotas.api.handle)
        add_resource_types(
            (
                *resource_types(api.call_with_template_values, after_rollback=self._options.after_rollback),
                *scaling_types(scaling.call_with_template_values),
                *other_types(self._clients),
            )
        )
        extract_metrics(self._metrics.publish)
        add_sdk_integrations(self._access.client)
        add_athena_integration(self._access.client)
        answer_unloads(AthenaQueries(self._clients, self._access.caller).run)
        add_image_builds(self._images.build, self._logs)
        honour_stream_prefixes()
        complete_buckets()
        refuse_used_tokens()
        answer_when_settled()
        keep_everything()
        lambda_functions.mark_ends_of_logs()
        lambda_functions.limit_environments()
        lambda_functions.share_concurrency()
        limit_role_policies()
        limit_payloads()
        file_by_the_minute(speed=self._options.speed)
        DurableExecutions(self._loop, self._bus, speed=self._options.speed).install()
        look_each_second()
        self._access.install()
        actions = ScalingActions(self._scaling.act)
        alarms = AlarmClock(speed=self._options.speed, events=AlarmEvents(self._bus), repeat=actions.act)
        alarms.install()
        actions.install()
        closing = (self._plane.close, self._fleets.close, self._backend.close, lambda_functions.end_all)
        return Cloud(self._loop, alarms, self._fleets, self._access, closing)

    def _ports(self) -> Ports:
        jobs, market = self._options.workdir / "jobs", SpotMarket(interrupt_after_seconds=self._options.interrupt_spot)

        servers = TransformServers(self._images.program, self._backend)

        def runner(s3: Any, environment: Mapping[str, str]) -> LocalJobRunner:
            return LocalJobRunner(
                jobs, s3, self._images.program, self._backend, environment, spot=market, serve=servers
            )

        return Ports(
            emit=self._emit,
            write_log=self._logs.write,
            runner=self._access.jobs(runner),
            tuner=LocalTuner(self._clients),
            engine=LocalPipelineEngine(self._access.clients_of_pipeline, speed=self._options.speed),
            fleets=self._access.fleets(self._fleets),
            read_object=Objects(self._loop).read,
            image_digest=image_digest,
            require=self._quotas.require,
            is_scaled=self._scaling.is_scaled,
            takes_same_config=self._options.same_config == "take",
        )

    def _call_api(self, operation: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return self._plane.api.call(operation, request)

    def _make_fleets(self) -> LocalEndpoints:
        return LocalEndpoints(
            environment=EndpointEnvironment(self._options.speed, alarm_state=state_of),
            workdir=self._options.workdir,
            image_programs=self._images.program,
            backend=self._backend,
            fetch_artifact=self._access.artifacts.fetch,
            write_object=self._access.artifacts.write,
            queue_access=RoleQueues(self._access.artifacts, Objects(self._loop)),
            publish=self._metrics.publish,
            on_event=self._on_fleet_event,
            on_log=self._logs.write,
        )

    def _emit(self, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
        self._bus.emit(_SOURCE, detail_type, detail, resources=resources)

    def _on_fleet_event(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        self._plane.on_fleet_event(detail_type, detail)
