"""All endpoints of one account: what the SageMaker API and its runtime stand on."""

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from blueprint.rollout import plan_from_deployment_config
from rehearsal.containers.backends.protocol import Backend
from rehearsal.containers.container import Program
from rehearsal.fleet.endpoint import Endpoint, MakeFleet
from rehearsal.fleet.fleet import Fleet, Variant, variants_of
from rehearsal.fleet.loop import LoopThread
from rehearsal.fleet.publisher import Publish, Publisher
from rehearsal.fleet.records import Timeline, TrafficLog
from rehearsal.fleet.router import Invocation, Request
from rehearsal.fleet.server import FetchArtifact, ModelServer, prepare_container
from rehearsal.fleet.state import EndpointState
from rehearsal.fleet.surroundings import Chronicle, OnEvent, Surroundings

OnLog = Callable[[str, str, Sequence[str]], None]


class Fleets:
    """Creates, updates, describes, invokes and deletes endpoints.

    Args:
        speed: waits last 1/speed of their time.
        workdir: containers, timelines and traffic logs go here.
        image_programs: the program of an image URI; raises LookupError when there is no such image.
        backend: gives each container its /opt/ml.
        fetch_artifact: writes the object at a ModelDataUrl (a model.tar.gz) to a file.
        publish: takes a namespace and MetricDatum dicts.
        alarm_state: StateValue of a CloudWatch alarm by its name; None when there is no such alarm.
        on_event: takes an EventBridge detail type and the endpoint as DescribeEndpoint shows it.
        on_log: takes a log group, a stream and lines.
    """

    def __init__(
        self,
        *,
        speed: float,
        workdir: Path,
        image_programs: Callable[[str], Program],
        backend: Backend,
        fetch_artifact: FetchArtifact,
        publish: Publish,
        alarm_state: Callable[[str], str | None],
        on_event: OnEvent,
        on_log: OnLog,
    ) -> None:
        self._workdir, self._image_programs, self._backend = workdir, image_programs, backend
        self._fetch_artifact, self._publish, self._on_event, self._on_log = fetch_artifact, publish, on_event, on_log
        self._around = Surroundings(speed=speed, alarm_state=alarm_state)
        self._loop = LoopThread("model-requests")
        self._lock = threading.Lock()
        self._endpoints: dict[str, Endpoint] = {}
        self._timelines: dict[str, Timeline] = {}
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
            publisher = Publisher(endpoint_name, self._publish, traffic)
            endpoint = Endpoint(state, self._around, publisher, Chronicle(state, timeline, self._on_event))
            self._endpoints[endpoint_name] = endpoint
        endpoint.create(config, self._fleet_maker(endpoint_name, config, models, {}))

    def update(
        self,
        endpoint_name: str,
        config: Mapping[str, Any],
        models: Mapping[str, Mapping[str, Any]],
        deployment_config: Mapping[str, Any] | None,
        *,
        retain_all_variant_properties: bool = False,
    ) -> None:
        """Replace the endpoint's fleet behind the guardrails of `deployment_config`; returns at once.

        Raises:
            InputError: SageMaker would refuse the deployment configuration; nothing has been changed.
            LookupError: there is no such endpoint.
            ValueError: something is under way on it.
        """
        endpoint = self._get(endpoint_name)
        if endpoint.state.busy:
            raise ValueError(f"endpoint {endpoint_name} must not be updated while something is under way on it")
        live = endpoint.state.live
        retained = {v.name: v for v in live.variants} if live and retain_all_variant_properties else {}
        plan = plan_from_deployment_config(deployment_config, instances=_instances(config, retained))
        make_fleet = self._fleet_maker(endpoint_name, config, models, retained)
        endpoint.update(config, make_fleet, plan, deployment_config)

    def set_weights(self, endpoint_name: str, changes: Sequence[Mapping[str, Any]]) -> None:
        """UpdateEndpointWeightsAndCapacities: DesiredWeight and DesiredInstanceCount by VariantName, at once."""
        self._get(endpoint_name).state.reweigh(changes)

    def delete(self, endpoint_name: str) -> None:
        """End the endpoint's servers; they are gone when this returns."""
        endpoint = self._get(endpoint_name)
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
    ) -> Invocation:
        """Answer one request; may be called from any event loop.

        Raises:
            LookupError: there is no such endpoint or variant, or no fleet of it serves yet.
        """
        request = Request(body, content_type, accept, target_variant, inference_id, time.perf_counter())
        answer = self._loop.submit(self._get(endpoint_name).router.invoke(request))
        return await asyncio.wrap_future(answer)

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

    def _get(self, endpoint_name: str) -> Endpoint:
        endpoint = self._endpoints.get(endpoint_name)
        if endpoint is None:
            raise LookupError(f"endpoint must be one of {', '.join(sorted(self._endpoints))}, got {endpoint_name}")
        return endpoint

    def _fleet_maker(
        self,
        endpoint_name: str,
        config: Mapping[str, Any],
        models: Mapping[str, Mapping[str, Any]],
        retained: Mapping[str, Variant],
    ) -> MakeFleet:
        def make_server(variant_name: str, model: Mapping[str, Any]) -> ModelServer:
            folder = Path(tempfile.mkdtemp(prefix=f"{endpoint_name}-{variant_name}-", dir=self._workdir))
            program = self._image_programs(str(model["Image"]))
            container = prepare_container(model, program, folder, self._fetch_artifact)
            group, stream = f"/aws/sagemaker/Endpoints/{endpoint_name}", f"{variant_name}/{folder.name[-8:]}"
            return ModelServer(container, self._backend, lambda line: self._on_log(group, stream, [line]))

        def make_fleet() -> Fleet:
            variants = variants_of(config, models, make_server, retained=retained)
            return Fleet(str(config["EndpointConfigName"]), variants, self._loop)

        return make_fleet


def _instances(config: Mapping[str, Any], retained: Mapping[str, Variant]) -> int:
    """Instances a rollout moves by: those of the smallest variant."""
    counts = [
        retained[wanted["VariantName"]].instances
        if wanted["VariantName"] in retained
        else int(wanted.get("InitialInstanceCount", 1))
        for wanted in config["ProductionVariants"]
    ]
    return min(counts)
