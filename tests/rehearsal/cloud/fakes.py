"""Fakes of the control plane's neighbours, and a control plane on them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NoReturn

from rehearsal.cloud.local_tuner import LocalTuner
from rehearsal.cloud.sagemaker.control_plane import ControlPlane, Ports
from rehearsal.cloud.sagemaker.ports import Require, unlimited
from tests.rehearsal.cloud.process import eventually


def _no_tuner(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("this test has no tuner")


@dataclass
class FakeRunner:
    """Runs a job when the test lets it."""

    release: threading.Event = field(default_factory=threading.Event)
    failure: str | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)

    def run_training(self, request: Any, *, log: Any, stopped: threading.Event, arn: str) -> Any:
        assert arn.endswith(request["TrainingJobName"].lower())
        status, started = self._run(request, log, stopped)
        x = float(request.get("HyperParameters", {}).get("x", 0))
        metrics = [{"MetricName": "validation:auc", "Value": x, "Timestamp": started}]
        return SimpleNamespace(
            status=status,
            secondary_status=status,
            started=started,
            ended=datetime.now(UTC),
            failure_reason=self.failure,
            final_metrics=metrics,
            model_artifacts="s3://models/model.tar.gz",
            transitions=[{"Status": "Training", "StartTime": started, "EndTime": started}],
            waited_seconds=0.0,
        )

    def run_processing(self, request: Any, *, log: Any, stopped: threading.Event, arn: str) -> Any:
        assert arn.endswith(request["ProcessingJobName"].lower())
        status, started = self._run(request, log, stopped)
        return SimpleNamespace(
            status=status, started=started, ended=started, failure_reason=self.failure, exit_message=None
        )

    def run_transform(self, request: Any, *, model: Any, log: Any, stopped: threading.Event, arn: str) -> Any:
        assert arn.endswith(request["TransformJobName"].lower())
        assert model["Image"]
        status, started = self._run(request, log, stopped)
        return SimpleNamespace(status=status, started=started, ended=started, failure_reason=self.failure)

    def _run(self, request: Any, log: Any, stopped: threading.Event) -> tuple[str, datetime]:
        self.requests.append(request)
        log("hello from the container")
        while not self.release.wait(0.005):
            if stopped.is_set():
                return "Stopped", datetime.now(UTC)
        return ("Failed" if self.failure else "Completed"), datetime.now(UTC)


@dataclass
class FakeEngine:
    """Accepts any definition with steps; ends a run with one step when the test lets it."""

    release: threading.Event = field(default_factory=threading.Event)
    runs: list[dict[str, Any]] = field(default_factory=list)

    def check(self, definition: Any) -> None:
        if not definition.get("Steps"):
            raise ValueError("Steps must not be empty")

    def bind(self, definition: Any, given: Any) -> dict[str, Any]:
        declared = {each["Name"]: each.get("DefaultValue") for each in definition.get("Parameters", ())}
        if unknown := given.keys() - declared.keys():
            raise ValueError(f"pipeline has no parameter {', '.join(unknown)}")
        return declared | given

    def run(self, definition: Any, parameters: Any, **named: Any) -> Any:
        self.runs.append({"definition": definition, "parameters": parameters, **named})
        start = datetime.now(UTC)

        def step(status: str) -> Any:
            row = {"StepName": "Prepare", "StepStatus": status, "StartTime": start, "AttemptCount": 1}
            row["Metadata"] = {"ProcessingJob": {"Arn": "arn:aws:sagemaker:us-east-1:000000000000:processing-job/p"}}
            return SimpleNamespace(type="Processing", as_api=lambda: row)

        named["on_step"](step("Executing"))
        while not self.release.wait(0.005):
            if named["stopped"].is_set():
                return SimpleNamespace(status="Stopped", failure_reason=None)
        named["on_step"](step("Succeeded"))
        return SimpleNamespace(status="Succeeded", failure_reason=None)


@dataclass
class FakeFleets:
    """Endpoints are in service at once; updates wait for `finish`."""

    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    models: dict[str, Any] = field(default_factory=dict)

    def create(self, endpoint_name: str, config: Any, models: Any) -> None:
        self.models = dict(models)
        self.found[endpoint_name] = {
            "EndpointStatus": "InService",
            "EndpointConfigName": config["EndpointConfigName"],
            "ProductionVariants": [{"VariantName": v["VariantName"]} for v in config["ProductionVariants"]],
        }

    def update(self, endpoint_name: str, config: Any, models: Any, deployment_config: Any, **named: Any) -> None:
        self.models = dict(models)
        self.updates.append({"config": config["EndpointConfigName"], "deployment": deployment_config, **named})
        self.found[endpoint_name]["EndpointStatus"] = "Updating"

    def finish(self, endpoint_name: str, config: str, reason: str = "") -> None:
        self.found[endpoint_name] |= {"EndpointStatus": "InService", "EndpointConfigName": config}
        self.found[endpoint_name] |= {"FailureReason": reason} if reason else {}

    def set_weights(self, endpoint_name: str, changes: Any) -> None:
        self.updates.append({"endpoint": endpoint_name, "weights": changes})

    def delete(self, endpoint_name: str) -> None:
        del self.found[endpoint_name]

    def describe(self, endpoint_name: str) -> dict[str, Any]:
        return dict(self.found[endpoint_name])


class _Tuner(LocalTuner):
    """Refuses what the real one does, and runs what the test has put there meanwhile."""

    def __init__(self, bench: "Bench") -> None:
        super().__init__(lambda _: None)
        self._bench = bench

    def __call__(self, request: Any, **named: Any) -> Any:
        return self._bench.tuner(request, **named)


@dataclass
class Bench:
    """A control plane and its fakes."""

    runner: FakeRunner = field(default_factory=FakeRunner)
    engine: FakeEngine = field(default_factory=FakeEngine)
    fleets: FakeFleets = field(default_factory=FakeFleets)
    events: list[tuple[str, dict[str, Any], list[str]]] = field(default_factory=list)
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    tuner: Callable[..., Any] = field(default_factory=lambda: _no_tuner)
    require: Require = unlimited
    scaled: set[tuple[str, str]] = field(default_factory=set)
    """Endpoints and variants that are registered with Application Auto Scaling."""
    takes_same_config: bool = False
    plane: ControlPlane = field(init=False)

    def __post_init__(self) -> None:
        self.plane = ControlPlane(
            Ports(
                emit=lambda kind, detail, resources: self.events.append((kind, dict(detail), list(resources))),
                write_log=lambda group, stream, lines: self.lines.extend((group, stream, line) for line in lines),
                runner=self.runner,
                tuner=_Tuner(self),
                engine=self.engine,
                fleets=self.fleets,
                read_object=lambda bucket, key: {("artifacts", "definition.json"): b'{"Steps": [1]}'}[bucket, key],
                image_digest=lambda uri: "sha256:" + "a" * 64 if uri.endswith(":built") else None,
                require=self.require,
                is_scaled=lambda endpoint, variant: (endpoint, variant) in self.scaled,
                takes_same_config=self.takes_same_config,
            )
        )

    def __call__(self, action: str, **request: Any) -> dict[str, Any]:
        return self.plane.api.call(action, request)

    def ended(self, action: str, status: str, **request: Any) -> dict[str, Any]:
        """What `action` describes, once its `status` is final."""
        found: dict[str, Any] = eventually(
            lambda: (each := self(action, **request))[status] not in ("InProgress", "Executing", "Stopping") and each
        )
        return found

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.events]
