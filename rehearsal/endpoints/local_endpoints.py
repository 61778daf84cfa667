"""All endpoints of one account, for the SageMaker API and its runtime."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.container import Program
from rehearsal.endpoints.capture_log import CaptureLog, WriteObject
from rehearsal.endpoints.endpoint_environment import EndpointEnvironment, EndpointEvents, OnEvent
from rehearsal.endpoints.endpoint_state import EndpointState
from rehearsal.endpoints.http_client import HttpClient
from rehearsal.endpoints.invocation import Invocation, InvocationRequest
from rehearsal.endpoints.local_endpoint import LocalEndpoint
from rehearsal.endpoints.loop_thread import LoopThread
from rehearsal.endpoints.metric_publisher import MetricPublisher, Publish
from rehearsal.endpoints.model_server import FetchArtifact
from rehearsal.endpoints.provisioning import OnLog, Provisioning, retained_from
from rehearsal.endpoints.queue_metrics import QueueMetrics
from rehearsal.endpoints.queued_request import QueuedRequest
from rehearsal.endpoints.report_data import Timeline, TrafficLog
from rehearsal.endpoints.request_queue import AsyncRequest, QueueAccess, RequestQueue
from rehearsal.endpoints.router import Router
from slipway.endpoint_kinds import kind_of_config
from slipway.rollout.plan import plan_from_deployment_config

if TYPE_CHECKING:
    from concurrent.futures import Future


class LocalEndpoints:
    """Creates, updates, describes, invokes and deletes endpoints.

    Args:
        environment: time and alarms.
        workdir: containers, timelines and traffic logs go here.
        image_programs: the program of an image URI; raises LookupError when there is no such image.
        backend: gives each container its /opt/ml.
        fetch_artifact: writes the object at a ModelDataUrl (a model.tar.gz) to a file.
        publish: takes a namespace and MetricDatum dicts.
        on_event: takes an EventBridge detail type and the endpoint as DescribeEndpoint shows it.
        on_log: takes a log group, a stream and lines.
        write_object: writes captured requests to S3; without it nothing is captured.
        queue_access: S3 and SNS for the queues of asynchronous endpoints, of which there are none without it.
    """

    def __init__(
        self,
        *,
        environment: EndpointEnvironment,
        workdir: Path,
        image_programs: Callable[[str], Program],
        backend: Backend,
        fetch_artifact: FetchArtifact,
        publish: Publish,
        on_event: OnEvent,
        on_log: OnLog,
        write_object: WriteObject = lambda _bucket, _key, _content, _kms_key_id: None,
        queue_access: QueueAccess | None = None,
    ) -> None:
        self._workdir, self._publish, self._on_event, self._write_object = workdir, publish, on_event, write_object
        self._environment, self._client, self._queue_access = environment, HttpClient(), queue_access
        self._loop = LoopThread("model-requests", at_end=self._client.close)
        self._provisioning = Provisioning(
            workdir=workdir,
            image_programs=image_programs,
            backend=backend,
            fetch_artifact=fetch_artifact,
            on_log=on_log,
            speed=environment.speed,
        )
        self._lock = threading.Lock()
        self._endpoints: dict[str, LocalEndpoint] = {}
        self._timelines: dict[str, Timeline] = {}
        self._queues: dict[str, Future[None]] = {}
        workdir.mkdir(parents=True, exist_ok=True)

    def create(self, endpoint_name: str, config: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> None:
        """Start the servers of a new endpoint; returns at once.

        Raises:
            ValueError: there is an endpoint of that name.
        """
        traffic = TrafficLog(self._workdir / f"traffic-{endpoint_name}.jsonl")
        with self._lock:
            if endpoint_name in self._endpoints:
                raise ValueError(f"endpoint name must be new, got {endpoint_name}")
            timeline = self._timelines.setdefault(
                endpoint_name, Timeline(self._workdir / f"timeline-{endpoint_name}.jsonl")
            )
            state = EndpointState(endpoint_name)
            kind = kind_of_config(config)
            publisher = MetricPublisher(endpoint_name, self._publish, traffic, kind)
            capture = CaptureLog(endpoint_name, self._write_object, speed=self._environment.speed)
            events = EndpointEvents(state, timeline, self._on_event)
            endpoint = LocalEndpoint(
                state,
                self._environment,
                publisher,
                capture,
                events,
                client=self._client,
                journals=self._workdir,
                queue=self._queue_of(state, config) if kind.waits else None,
            )
            self._endpoints[endpoint_name] = endpoint
            if endpoint.queue:
                self._queues[endpoint_name] = self._loop.submit(endpoint.queue.run())
        endpoint.create(config, self._provisioning.maker(endpoint_name, config, models))

    def _queue_of(self, state: EndpointState, config: Mapping[str, Any]) -> Callable[[Router], RequestQueue]:
        access = self._queue_access
        if access is None:
            raise ValueError("asynchronous endpoints need access to S3, got none")
        metrics = QueueMetrics(state.name, self._publish)
        metrics.variant = str(config["ProductionVariants"][0]["VariantName"])
        return lambda router: RequestQueue(state, router, access, metrics, speed=self._environment.speed)

    def update(
        self,
        endpoint_name: str,
        config: Mapping[str, Any],
        models: Mapping[str, Mapping[str, Any]],
        deployment_config: Mapping[str, Any] | None,
        *,
        retain_all_variant_properties: bool = False,
        excluded_properties: Collection[str] = frozenset(),
    ) -> None:
        """Replace the endpoint's fleet behind the guardrails of `deployment_config`; returns at once.

        Raises:
            InputError: SageMaker would refuse the deployment configuration; nothing has been changed.
            LookupError: there is no such endpoint.
            ValueError: another operation is in progress.
        """
        endpoint = self._get(endpoint_name)
        if endpoint.state.busy:
            raise ValueError(f"endpoint {endpoint_name} must not be updated while another operation is in progress")
        live = endpoint.state.live
        retained = retained_from(live, retain=retain_all_variant_properties, excluded=excluded_properties)
        instances = min(retained.instances_of(wanted) for wanted in config["ProductionVariants"])
        plan = plan_from_deployment_config(deployment_config, instances=instances)
        make_fleet = self._provisioning.maker(endpoint_name, config, models, retained)
        endpoint.update(config, make_fleet, plan, deployment_config)

    def set_weights(self, endpoint_name: str, changes: Sequence[Mapping[str, Any]]) -> None:
        """UpdateEndpointWeightsAndCapacities: DesiredWeight and DesiredInstanceCount by VariantName; returns at once.

        Raises:
            LookupError: there is no such endpoint.
            ValueError: another operation is in progress.
        """
        endpoint = self._get(endpoint_name)
        if endpoint.state.busy:
            raise ValueError(f"endpoint {endpoint_name} must not be updated while another operation is in progress")
        endpoint.reweigh(changes)

    def delete(self, endpoint_name: str) -> None:
        """End the endpoint's servers; they are gone when this returns."""
        endpoint = self._get(endpoint_name)
        if queue := self._queues.pop(endpoint_name, None):
            queue.cancel()
        endpoint.close()
        with self._lock:
            self._endpoints.pop(endpoint_name, None)

    def describe(self, endpoint_name: str) -> dict[str, Any]:
        """The fields of DescribeEndpoint that follow from the fleets.

        Raises:
            LookupError: there is no such endpoint.
        """
        return self._get(endpoint_name).state.describe()

    def timeline(self, endpoint_name: str) -> list[dict[str, Any]]:
        """What has happened to the endpoint, in order; it outlives the endpoint."""
        timeline = self._timelines.get(endpoint_name)
        return timeline.events() if timeline else []

    async def invoke(
        self,
        endpoint_name: str,
        body: bytes,
        *,
        content_type: str,
        accept: str,
        target_variant: str | None = None,
        inference_id: str | None = None,
        custom_attributes: str | None = None,
    ) -> Invocation:
        """Answer one request; may be called from any event loop.

        Raises:
            LookupError: there is no such endpoint or variant, or no fleet of it serves yet.
            ValueError: it takes requests by its queue alone, or the request or its response is too large for it.
            ThrottledError: it is serverless and works on as many requests as it may.
        """
        endpoint = self._get(endpoint_name)
        if endpoint.queue:
            raise ValueError(f"endpoint {endpoint_name} is asynchronous: it takes InvokeEndpointAsync alone")
        endpoint.check_size("request", body)
        received = time.perf_counter()
        request = InvocationRequest(
            body, content_type, accept, target_variant, inference_id, received, custom_attributes
        )
        answer = await asyncio.wrap_future(self._loop.submit(endpoint.router.invoke(request)))
        endpoint.check_size("response", answer.body)
        return answer

    def enqueue(self, endpoint_name: str, given: AsyncRequest) -> QueuedRequest:
        """Let a request wait; may be called from any thread.

        Raises:
            LookupError: there is no such endpoint.
            ValueError: it has no queue.
        """
        queue = self._get(endpoint_name).queue
        if queue is None:
            raise ValueError(f"endpoint {endpoint_name} has no AsyncInferenceConfig: it takes InvokeEndpoint alone")
        request = given.at(queue.config["OutputConfig"])
        queue.put(request)
        return request

    def close(self) -> None:
        """End everything; nothing is left running."""
        with self._lock:
            endpoints = list(self._endpoints.values())
            self._endpoints.clear()
        closers = [threading.Thread(target=endpoint.close) for endpoint in endpoints]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join()
        self._loop.close()

    def _get(self, endpoint_name: str) -> LocalEndpoint:
        endpoint = self._endpoints.get(endpoint_name)
        if endpoint is None:
            raise LookupError(f"endpoint must be one of {', '.join(sorted(self._endpoints))}, got {endpoint_name}")
        return endpoint
