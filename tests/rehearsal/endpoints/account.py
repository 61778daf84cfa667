"""A stand-in for the model image, and an account around the fleets."""

import asyncio
import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from rehearsal.containers.backends.prefix import PrefixBackend
from rehearsal.containers.container import Program
from rehearsal.endpoints.endpoint_environment import EndpointEnvironment
from rehearsal.endpoints.invocation import Invocation
from rehearsal.endpoints.local_endpoints import LocalEndpoints
from tests.archives import archive_of

SERVER = """
import http.server, json, os, signal, sys, threading, time
from pathlib import Path

model = json.loads((Path(os.environ["SM_BASE_DIR"]) / "model" / "model.json").read_text())
if "start_error" in model:
    sys.exit(model["start_error"])
time.sleep(model.get("start_seconds", 0))
count = 0

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "text/csv")
        self.send_header("content-length", str(len(body)))
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", "model_package=" + model["name"])
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        global count
        count += 1
        body = self.rfile.read(int(self.headers["content-length"]))
        time.sleep(model.get("seconds", 0))
        if body == b"die":
            os._exit(3)
        found = {"model": model["name"], "got": body.decode()}
        if body == b"environment":
            found["got"] = dict(os.environ)
        self.answer(model.get("status", 200), json.dumps(found).encode())

    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

server = Server((os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("serving", model["name"], flush=True)
server.serve_forever(poll_interval=0.02)
"""


def archive(model: Mapping[str, Any]) -> bytes:
    return archive_of({"model.json": model})


class Objects:
    """S3 and SNS of an asynchronous endpoint's queue."""

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}
        self.notices: list[tuple[str, dict[str, Any]]] = []

    def read(self, _endpoint: str, uri: str) -> bytes:
        if uri.endswith("/gone"):
            raise FileNotFoundError(uri)
        return uri.rpartition("/")[2].encode()

    def write(self, _endpoint: str, uri: str, content: bytes, _kms_key_id: str | None) -> None:
        assert uri not in self.written, f"{uri} was written twice"
        self.written[uri] = content

    def notify(self, _endpoint: str, topic_arn: str, message: str) -> None:
        self.notices.append((topic_arn, json.loads(message)))


def endpoint_config(name: str, *, instances: int = 4, **variant: Any) -> dict[str, Any]:
    """As DescribeEndpointConfig shows it; its model bears the same name."""
    primary = {
        "VariantName": "primary",
        "ModelName": name,
        "InitialInstanceCount": instances,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1.0,
        **variant,
    }
    return {"EndpointConfigName": name, "ProductionVariants": [primary]}


def model(name: str, **behaviour: Any) -> dict[str, Any]:
    return {name: {"Image": "repo:good", "ModelDataUrl": json.dumps({"name": name, **behaviour}), "Environment": {}}}


@dataclass
class Account:
    """What the fleets reach outside themselves, recorded; waits are compressed 300 times."""

    folder: Path
    speed: float = 300.0
    silent_seconds: float = 60.0
    alarms: dict[str, str] = field(default_factory=dict)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    logs: list[tuple[str, str, str]] = field(default_factory=list)
    data: list[Mapping[str, Any]] = field(default_factory=list)
    objects: list[tuple[str, str, bytes, str | None]] = field(default_factory=list)
    queue: Mapping[str, Any] | None = None
    """AsyncInferenceConfig of every config, where the endpoint is asynchronous."""
    bucket: Objects = field(default_factory=Objects)
    publish_fails: bool = False
    refused: int = 0
    """Publications that failed so."""
    watcher: Callable[[str], None] = field(default=lambda _phase: None)
    """Receives each event of the timeline, on the thread that is acting."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        package = self.folder / "image" / "pipeline_steps"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(SERVER)
        self.fleets = LocalEndpoints(
            environment=EndpointEnvironment(self.speed, self.alarm_state, silent_seconds=self.silent_seconds),
            workdir=self.folder / "fleets",
            image_programs=self.program,
            backend=PrefixBackend(),
            fetch_artifact=lambda url, path: path.write_bytes(archive(json.loads(url))) and None,
            publish=self.publish,
            on_event=self.on_event,
            write_object=lambda *given: self.objects.append(given),
            queue_access=self.bucket,
            on_log=lambda group, stream, lines: self.logs.extend((group, stream, line) for line in lines),
        )

    def on_event(self, kind: str, detail: Mapping[str, Any]) -> None:
        self.events.append((kind, dict(detail)))
        self.watcher(self.phases()[-1])

    def controller_pid(self) -> int:
        """The process that follows the rollout now, as its journal says."""
        journals = (self.folder / "fleets").glob("rollout-shop-*.jsonl")
        newest = max(journals, key=lambda path: int(path.stem.rpartition("-")[2]))
        rows = [json.loads(line) for line in newest.read_text().splitlines()]
        pids: list[int] = [row["controller"] for row in rows if "controller" in row]
        return pids[-1]

    def processes(self) -> list[int]:
        return processes_of(self.folder)

    def program(self, image: str) -> Program:
        tag = image.rpartition(":")[2]
        if tag == "good":
            return Program(self.folder / "image", ("python", "-m", "pipeline_steps"))
        if tag.startswith("fault-"):
            fault = ("python", "-m", "rehearsal.endpoints.fault_injection", "--fault", tag.removeprefix("fault-"))
            return Program(self.folder / "image", fault)
        raise LookupError(f"no image {image} has been built")

    def alarm_state(self, name: str) -> str | None:
        return self.alarms.get(name)

    def publish(self, namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
        assert namespace == "AWS/SageMaker"
        if self.publish_fails:
            self.refused += 1
            raise ConnectionError("CloudWatch is away")
        with self.lock:
            self.data.extend(data)

    def total(self, metric: str, **dimensions: str) -> float:
        """The sum of a metric over all that was published with exactly these dimensions."""
        wanted = {"EndpointName": "shop", "VariantName": "primary", **dimensions}
        with self.lock:
            return sum(
                value * count
                for datum in self.data
                if datum["MetricName"] == metric and {d["Name"]: d["Value"] for d in datum["Dimensions"]} == wanted
                for value, count in zip(datum["Values"], datum["Counts"], strict=True)
            )

    def ask(self, body: bytes = b"1,2", **more: Any) -> Invocation:
        return asyncio.run(self.fleets.invoke("shop", body, content_type="text/csv", accept="text/csv", **more))

    def create(self, name: str = "blue", *, config: dict[str, Any] | None = None, **behaviour: Any) -> None:
        self.fleets.create("shop", config or self.config(name), model(name, **behaviour))
        self.settled()

    def config(self, name: str) -> dict[str, Any]:
        return {**endpoint_config(name), **({"AsyncInferenceConfig": self.queue} if self.queue else {})}

    def update(
        self, name: str, deployment: dict[str, Any] | None, *, image: str = "repo:good", **behaviour: Any
    ) -> None:
        models = model(name, **behaviour)
        models[name]["Image"] = image
        self.fleets.update("shop", self.config(name), models, deployment)

    def update_with_shadow(self, name: str, candidate: str, deployment: dict[str, Any], **behaviour: Any) -> None:
        """The candidate behaves so, as a shadow of every request."""
        (primary,) = endpoint_config(name)["ProductionVariants"]
        shadow = {**primary, "VariantName": "shadow", "ModelName": candidate}
        config = {**endpoint_config(name), "ShadowProductionVariants": [shadow]}
        self.fleets.update("shop", config, model(name) | model(candidate, **behaviour), deployment)

    def settled(self, seconds: float = 60.0) -> dict[str, Any]:
        until(lambda: self.describe()["EndpointStatus"] in ("InService", "Failed"), seconds)
        return self.describe()

    def describe(self) -> dict[str, Any]:
        return self.fleets.describe("shop")

    def phases(self) -> list[str]:
        return [event["event"] for event in self.fleets.timeline("shop")]


def processes_of(folder: Path) -> list[int]:
    """Live processes that were started with `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            given = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            if str(folder).encode() in given and process.name != str(os.getpid()):
                found.append(int(process.name))
    return found


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


class Users:
    """People who ask all the time, until the block ends."""

    def __init__(self, account: Account, per_second: float = 50.0) -> None:
        self._account, self._pause = account, 1 / per_second
        self.answers: list[Invocation] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        tasks = []
        while not self._stop.is_set():
            tasks.append(asyncio.create_task(self._ask()))
            await asyncio.sleep(self._pause)
        await asyncio.gather(*tasks)

    async def _ask(self) -> None:
        answer = await self._account.fleets.invoke("shop", b"1,2", content_type="text/csv", accept="text/csv")
        self.answers.append(answer)

    def lost(self) -> int:
        """Requests that were not answered as they should be."""
        return sum(answer.status != 200 for answer in self.answers)

    def served_by(self, name: str) -> int:
        return sum(answer.config_name == name for answer in self.answers)


def canary(*alarms: str, wait: int = 60, final: int = 60, percent: int = 25) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": wait,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": percent},
            },
            "TerminationWaitInSeconds": final,
        },
        **({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}} if alarms else {}),
    }
