"""The fleets run the real model server behind the settings' own DeploymentConfig and alarms."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from rehearsal.containers.choice import choose_backend
from rehearsal.containers.container import Program
from rehearsal.endpoints.endpoint_environment import EndpointEnvironment
from rehearsal.endpoints.local_endpoints import LocalEndpoints
from slipway.cloudwatch import AlarmRule, AlarmState, Samples, alarm_rule, assess, samples_of, series
from slipway.rollout.plan import deployment_config
from slipway.settings import Rollout
from slipway.training.registration import MODEL_SHA256_VARIABLE
from tests.archives import archive_of

PROJECT = Path(__file__).resolve().parents[2]
SPEED = 60.0
ROLLOUT = Rollout(bake_seconds=240, final_bake_seconds=60, alarm_period_seconds=60, max_latency_ms=500)


def artifact() -> bytes:
    """A model of two columns: score = sigmoid(a + b)."""
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 2])
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, [None])
    axis = numpy_helper.from_array(np.array([1], dtype=np.int64), "axis")
    nodes = [
        helper.make_node("ReduceSum", ["features", "axis"], ["sum"], keepdims=0),
        helper.make_node("Sigmoid", ["sum"], ["score"]),
    ]
    graph = helper.make_graph(nodes, "sum", [features], [score], [axis])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    column = {"kind": "number", "min": -10.0, "max": 10.0, "missing": False}
    contract = {
        "version": 1,
        "columns": [{**column, "name": "a"}, {**column, "name": "b"}],
        "target": "bought",
        "positive_label": "yes",
        "output": {"name": "score", "meaning": "probability of yes", "threshold": 0.5},
        "algorithm": "logistic",
        "max_payload_rows": 100,
    }
    onnx.checker.check_model(model)
    return archive_of({"model.onnx": model.SerializeToString(), "contract.json": contract})


class CloudWatch:
    """Keeps what is published, and evaluates alarms on it over compressed periods."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._data: list[Mapping[str, Any]] = []
        self._rules: dict[str, AlarmRule] = {}
        self._states: dict[str, AlarmState] = {}
        self.reasons: dict[str, str] = {}

    def publish(self, _namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
        with self._lock:
            self._data.extend(data)

    def put_alarms(self, config: str) -> list[str]:
        for metric, statistic, threshold in (
            ("Invocation5XXErrors", "Average", ROLLOUT.max_error_percent / 100),
            ("ModelLatency", "p90", ROLLOUT.max_latency_ms * 1000),
        ):
            dimensions = {"EndpointName": "shop", "VariantName": "primary", "EndpointConfigName": config}
            rule = alarm_rule(
                {
                    "AlarmName": f"{config}-{metric}",
                    "Namespace": "AWS/SageMaker",
                    "MetricName": metric,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
                    "ExtendedStatistic" if statistic == "p90" else "Statistic": statistic,
                    "Period": ROLLOUT.alarm_period_seconds,
                    "EvaluationPeriods": ROLLOUT.alarm_periods,
                    "DatapointsToAlarm": ROLLOUT.alarm_periods,
                    "Threshold": threshold,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "TreatMissingData": "notBreaching",
                }
            )
            self._rules[rule.name], self._states[rule.name] = rule, AlarmState.INSUFFICIENT_DATA
        return [name for name in self._rules if name.startswith(config)]

    def state(self, name: str) -> str | None:
        """Evaluated on every call, over the periods that have ended."""
        rule = self._rules[name]
        period = rule.period_seconds / SPEED
        end = (time.time() - 0.4) // period * period
        starts = [end - period * age for age in range(rule.evaluation_range, 0, -1)]
        found = assess(
            rule,
            series(rule, {"m1": self._buckets(rule, starts, period)}),
            self._states[name],
            starts=[datetime.fromtimestamp(start, UTC) for start in starts],
            now=datetime.now(UTC),
        )
        if found:
            self._states[name], self.reasons[name] = found.state, found.reason
        return self._states[name]

    def _buckets(self, rule: AlarmRule, starts: Sequence[float], period: float) -> list[Samples | None]:
        metric = rule.returned_query.metric
        assert metric is not None
        buckets: list[Samples | None] = [None] * len(starts)
        with self._lock:
            data = list(self._data)
        for datum in data:
            dimensions = frozenset((d["Name"], d["Value"]) for d in datum["Dimensions"])
            index = int((datum["Timestamp"].timestamp() - starts[0]) // period)
            if (datum["MetricName"], dimensions) == (metric.name, metric.dimensions) and 0 <= index < len(starts):
                buckets[index] = (buckets[index] or Samples()) + samples_of(datum)
        return buckets


class Shop:
    """One endpoint with its alarms; every candidate is the same model in one image or another."""

    def __init__(self, folder: Path) -> None:
        self.cloudwatch = CloudWatch()
        self.lines: list[str] = []
        self.fleets = LocalEndpoints(
            environment=EndpointEnvironment(SPEED, alarm_state=self.cloudwatch.state),
            workdir=folder,
            image_programs=self._program,
            backend=choose_backend("auto"),
            fetch_artifact=lambda _url, path: path.write_bytes(artifact()) and None,
            publish=self.cloudwatch.publish,
            on_event=lambda *_: None,
            on_log=lambda _group, _stream, lines: self.lines.extend(lines),
        )

    @staticmethod
    def _program(image: str) -> Program:
        if image == "good":
            return Program(PROJECT, ("python", "-m", "pipeline_steps"))
        return Program(PROJECT, (sys.executable, "-m", "rehearsal.endpoints.fault_injection", "--fault", image))

    def _config(self, name: str, image: str) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
        variant = {"VariantName": "primary", "ModelName": name, "InitialInstanceCount": 4, "InitialVariantWeight": 1.0}
        models = {name: {"Image": image, "ModelDataUrl": "s3://models/model.tar.gz"}}
        return {"EndpointConfigName": name, "ProductionVariants": [variant]}, models

    def create(self, **environment: str) -> dict[str, Any]:
        config, models = self._config("first", "good")
        self.fleets.create(
            "shop", config, {name: {**model, "Environment": environment} for name, model in models.items()}
        )
        return self._settled()

    def update(self, name: str, image: str) -> dict[str, Any]:
        alarms = self.cloudwatch.put_alarms(name)
        self.fleets.update("shop", *self._config(name, image), deployment_config(ROLLOUT, alarms))
        return self._settled()

    async def ask(self, body: bytes = b"1,2", content_type: str = "text/csv", accept: str = "text/csv") -> Any:
        return await self.fleets.invoke("shop", body, content_type=content_type, accept=accept)

    def _settled(self) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while (found := self.fleets.describe("shop"))["EndpointStatus"] not in ("InService", "Failed"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    found = made.create()
    assert found["EndpointStatus"] == "InService", found
    yield made
    made.fleets.close()


class Users(threading.Thread):
    """Forty requests a second until it is stopped."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self._shop, self._stopping = shop, threading.Event()
        self.answers: list[Any] = []

    def run(self) -> None:
        asyncio.run(self._ask())

    async def _ask(self) -> None:
        tasks = set()
        while not self._stopping.is_set():
            tasks.add(asyncio.create_task(self._shop.ask()))
            await asyncio.sleep(1 / 40)
        self.answers.extend(await asyncio.gather(*tasks))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()


def test_the_real_server_responds_in_the_accepted_type(shop: Shop) -> None:
    csv = asyncio.run(shop.ask(b"1,2\n0,0\n"))
    assert [float(score) for score in csv.body.split()] == pytest.approx([0.95257, 0.5], abs=1e-4)
    body = json.dumps({"instances": [{"a": 1, "b": 2}]}).encode()
    answer = asyncio.run(shop.ask(body, "application/json", "application/json"))
    (prediction,) = json.loads(answer.body)["predictions"]
    assert (round(prediction["score"], 4), prediction["label"]) == (0.9526, 1)


def test_what_lies_at_the_place_of_a_registered_model_and_is_another_never_serves(tmp_path: Path) -> None:
    overwritten = Shop(tmp_path)
    found = overwritten.create(**{MODEL_SHA256_VARIABLE: "0f" * 32})
    overwritten.fleets.close()
    assert found["EndpointStatus"] == "Failed"
    assert f"must hold the files that were registered, sha256 {'0f' * 32}, got " in found["FailureReason"]


def test_a_request_that_breaks_the_contract_is_the_users_mistake(shop: Shop) -> None:
    answer = asyncio.run(shop.ask(b"1,x"))
    assert answer.status == 400


def test_a_good_model_is_promoted_under_traffic(shop: Shop) -> None:
    with Users(shop) as users:
        described = shop.update("second", "good")
    assert (described["EndpointConfigName"], described.get("FailureReason")) == ("second", None)
    assert {answer.status for answer in users.answers} == {200}
    assert {answer.config_name for answer in users.answers} == {"first", "second"}


@pytest.mark.parametrize(("fault", "alarm"), [("errors", "Invocation5XXErrors"), ("slow", "ModelLatency")])
def test_a_bad_build_is_rolled_back_by_its_alarm_and_only_its_own_users_meet_it(
    shop: Shop, fault: str, alarm: str
) -> None:
    with Users(shop) as users:
        described = shop.update("bad", fault)
    assert described["EndpointConfigName"] == "first"
    assert f"rollback alarm bad-{alarm} went into ALARM" in described["FailureReason"]
    assert "Threshold Crossed" in shop.cloudwatch.reasons[f"bad-{alarm}"]
    assert {answer.config_name for answer in users.answers if answer.status != 200} == (
        {"bad"} if fault == "errors" else set()
    )
    exposed = sum(answer.config_name == "bad" for answer in users.answers)
    assert 0 < exposed < len(users.answers) / 2
