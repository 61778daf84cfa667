"""The function that judges a rollout: one look after another at two fleets whose requests are drawn here."""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from blueprint.judging.mandate import Mandate
from blueprint.rollout import deployment_config
from blueprint.settings import Rollout
from blueprint.verdicts import JudgePlan, MeanTest
from infra.functions.judge import index

OLD, NEW = "package/1", "package/2"
START = 1_767_268_800.0  # 2026-01-01T12:00:00Z
ROLLOUT = Rollout(bake_seconds=600)
MANDATE = Mandate(JudgePlan(), "roll_back", 60.0, "primary", deployment_config(ROLLOUT, ()), 4)
BUCKET = "artifacts"


@dataclass
class World:
    """SageMaker and CloudWatch as the function sees them, with a clock of their own."""

    now: float = START
    deploying: bool = True
    live: str = "config-1"
    servers_tell: bool = True
    samples: dict[Any, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    """(time, value) by metric and dimensions."""
    published: list[tuple[dict[str, str], float]] = field(default_factory=list)
    evidence: Any = None
    rng: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311

    def client(self, service: str) -> Any:
        return boto3_client(service) if service == "s3" else self

    def time(self) -> float:
        return self.now

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        if not self.live:
            message = f'Could not find endpoint "{EndpointName}".'
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "DescribeEndpoint")
        described: dict[str, Any] = {"EndpointStatus": "InService", "EndpointConfigName": self.live}
        if self.deploying:
            stage = {"Status": "Baking", "StartTime": datetime.fromtimestamp(START, UTC)}
            described["PendingDeploymentSummary"] = {
                "EndpointConfigName": "config-2",
                "StartTime": datetime.fromtimestamp(START - 30, UTC),
                "ProductionVariants": [{"DesiredInstanceCount": 4, "VariantStatus": [stage]}],
            }
        return described

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        assert Namespace == "Slipway/Rollout"
        (datum,) = MetricData
        assert (datum["MetricName"], datum["StorageResolution"]) == ("Verdict", 1)
        self.published.append(({each["Name"]: each["Value"] for each in datum["Dimensions"]}, datum["Value"]))

    def get_paginator(self, action: str) -> "World":
        assert action == "get_metric_data"
        return self

    def paginate(self, *, MetricDataQueries: Any, StartTime: datetime, EndTime: datetime) -> list[Any]:  # noqa: N803
        """One datapoint a query, on two pages."""
        results = []
        for query in MetricDataQueries:
            stat = query["MetricStat"]
            key = tuple((each["Name"], each["Value"]) for each in stat["Metric"]["Dimensions"])
            first, end = StartTime.timestamp(), EndTime.timestamp()
            known = self.samples[stat["Metric"]["MetricName"], key]
            values = [value for at, value in known if first <= at < end]
            results.append({"Id": query["Id"], "Values": [_statistic(stat["Stat"], values)] if values else []})
        return [{"MetricDataResults": results[::2]}, {"MetricDataResults": results[1::2]}]

    def put(self, name: str, value: float, **dimensions: str) -> None:
        key = {"EndpointName": "shop", "VariantName": "primary", **dimensions}
        self.samples[name, tuple(key.items())].append((self.now, value))

    def requests(self, config: str, package: str, count: int, *, errors: float = 0.0, slower: float = 1.0) -> None:
        """`count` requests to one fleet, and what its server tells of them and of their scores."""
        in_vain = 0.0
        for _ in range(count):
            failed, latency = float(self.rng.random() < errors), slower * self.rng.lognormvariate(8, 0.5)
            in_vain += failed
            for dimensions in ({}, {"EndpointConfigName": config}):
                self.put("InvocationModelErrors", failed, **dimensions)
                self.put("ModelLatency", latency, **dimensions)
            if self.servers_tell:
                self.put("Latency", latency / 2, ModelPackageArn=package)
        told = {"Requests": count, "Errors": in_vain} if self.servers_tell else {}
        for name, value in {**told, "ScoredRows": count, "UpperHalf": count // 2, "Tails": count // 5}.items():
            self.put(name, float(value), ModelPackageArn=package)

    def look(self, *, seconds: float = 15) -> dict[str, Any]:
        event = {
            "endpoint": "shop",
            "package": NEW,
            "previous_package": OLD,
            "previous_config": "config-1",
            "evidence": json.loads(json.dumps(self.evidence)),
            "clock": {"seconds": seconds, "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:15Z"},
        }
        answer = index.handler(event, None)
        self.evidence = answer["evidence"]
        return answer

    def bake(
        self, *, looks: int, until: float = 540.0, green: int = 100, old: float = 1.0, **fault: float
    ) -> dict[str, Any]:
        """Traffic and looks; the answer of the last one."""
        answer: dict[str, Any] = {}
        for number in range(1, looks + 1):
            self.now = START + until * number / looks - 1
            self.requests("config-2", NEW, green, **fault)
            self.requests("config-1", OLD, 3 * green, slower=old)
            self.now += 1
            answer = self.look()
        return answer


def _statistic(name: str, values: list[float]) -> float:
    if name.startswith("TC("):
        return float(sum(value > float(name[3:-2]) for value in values))
    if name.startswith("p"):
        return sorted(values)[int(len(values) * float(name[1:]) / 100)]
    return {"Sum": sum(values), "SampleCount": float(len(values))}[name]


boto3_client = boto3.client


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mandate], None]:
    def tell(mandate: Mandate) -> None:
        monkeypatch.setenv("JUDGE", mandate.to_json())

    tell(MANDATE)
    return tell


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, told: Callable[[Mandate], None]) -> World:
    assert told
    made = World()
    monkeypatch.setattr(index.boto3, "client", made.client)
    monkeypatch.setattr(index.time, "time", made.time)
    made.now = START - 600
    made.requests("config-1", OLD, 2000)
    made.now = START
    return made


def test_a_good_fleet_is_promoted_once_the_bake_ends(world: World) -> None:
    answer = world.bake(looks=10, green=200)
    assert (answer["verdict"], answer["settled"], answer["config"]) == (1, True, "config-2")
    assert answer["sentence"].startswith("promote: after 2,000 requests")
    dimensions = {"EndpointName": "shop", "EndpointConfigName": "config-2"}
    assert world.published[-1] == (dimensions, 1.0)
    assert {value for _, value in world.published} == {0.0, 1.0}


@pytest.mark.parametrize(
    ("fault", "named"),
    [({"errors": 0.05}, "errors: "), ({"slower": 2.0}, "percentile")],
    ids=["errors", "slow"],
)
def test_a_bad_fleet_is_sent_back_long_before(world: World, fault: dict[str, float], named: str) -> None:
    answer = world.bake(looks=6, until=160, **fault)
    assert (answer["verdict"], answer["settled"]) == (2, True)
    assert answer["sentence"].startswith("roll back: ")
    assert named in answer["sentence"]
    assert world.published[-1][1] == 2.0


def test_a_change_of_the_verdict_is_told_once(world: World) -> None:
    assert world.bake(looks=6, until=160, errors=0.3)["changed"] is False
    changes = [value for _, value in world.published]
    assert changes == sorted(changes)
    assert world.bake(looks=1)["verdict"] == 2


def test_a_few_requests_are_no_pass(world: World) -> None:
    answer = world.bake(looks=10, green=10)
    assert (answer["verdict"], answer["settled"]) == (2, True)
    assert "too little evidence: 100 of at least 500 requests seen" in answer["sentence"]


def test_looks_without_news_change_no_evidence(world: World) -> None:
    world.bake(looks=2, until=60)
    before = world.evidence["streams"]
    world.now += 15
    assert world.look()["evidence"]["streams"] == before


def test_waits_that_fly_by_bring_the_end_of_the_bake_nearer(world: World) -> None:
    world.now = START + 19
    assert world.look(seconds=450)["settled"] is True  # 19 s at 30 times the speed are 570 of 600
    world.evidence = None
    assert world.look(seconds=15)["settled"] is False


def test_latencies_of_a_quiet_old_fleet_are_learnt_before_they_are_held_against_the_new_one(world: World) -> None:
    world.samples.clear()
    world.look()
    assert world.evidence["usual"] == {}
    world.bake(looks=1, until=60)
    known = world.evidence
    assert {source: len(usual["limits"]) for source, usual in known["usual"].items()} == {"": 3, "served ": 3}
    assert known["usual"][""]["since"] > START
    assert known["streams"]["slow 0.5"]["seen"] == [0, 0, 0, 0]
    world.bake(looks=1, until=120)
    assert world.evidence["streams"]["slow 0.5"]["seen"][0] == 100


def test_an_old_fleet_that_has_become_faster_since_does_not_send_a_good_one_back(world: World) -> None:
    """In the hour before it was busy; by that hour's latencies nobody would be slow now, so nobody proven fast."""
    first = world.look()["evidence"]["usual"]
    answer = world.bake(looks=10, green=200, old=0.25, slower=0.25)
    assert (answer["verdict"], answer["settled"]) == (1, True), answer["sentence"]
    now = answer["evidence"]["usual"]
    for source in ("", "served "):
        assert now[source]["limits"][1] == pytest.approx(first[source]["limits"][1] / 4, rel=0.3)


def test_an_old_fleet_that_has_become_slower_since_hides_no_slow_one(world: World) -> None:
    assert world.bake(looks=6, until=300, old=3.0, slower=6.0)["verdict"] == 2


def test_servers_that_tell_nothing_leave_it_to_sagemaker(world: World) -> None:
    world.samples.clear()
    world.servers_tell, world.now = False, START - 600
    world.requests("config-1", OLD, 2000)
    answer = world.bake(looks=10, green=200)
    assert (answer["verdict"], answer["settled"]) == (1, True)
    assert answer["evidence"]["usual"].keys() == {""}


@pytest.mark.parametrize("live", ["config-1", ""])
def test_nothing_under_way_is_nothing_to_judge(world: World, live: str) -> None:
    world.deploying, world.live = False, live
    answer = world.look()
    assert answer == {
        "verdict": 0,
        "changed": False,
        "sentence": "",
        "config": "",
        "settled": False,
        "evidence": None,
    }
    assert not world.published


def test_a_rollout_that_ended_between_two_looks_is_judged_all_the_same(world: World) -> None:
    assert world.bake(looks=5, until=150)["settled"] is False
    world.deploying, world.live = False, "config-2"
    answer = world.look()
    assert (answer["verdict"], answer["settled"]) == (2, True)


def test_a_rollout_that_was_sent_back_by_others_keeps_its_last_verdict(world: World) -> None:
    before = world.bake(looks=2, until=60)
    world.deploying = False
    assert world.look() == {**before, "changed": False}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("ARTIFACTS_BUCKET", BUCKET)
    with mock_aws():
        s3 = boto3_client("s3")
        s3.create_bucket(Bucket=BUCKET)
        yield s3


@pytest.fixture
def worth(world: World, bucket: Any, told: Callable[[Mandate], None]) -> Callable[..., None]:
    """Writes captured requests to both fleets and, of them, outcomes with the given mean values."""
    told(Mandate(**{**vars(MANDATE), "plan": JudgePlan(watches_value=True), "value": MeanTest(-2.0, 5.5)}))

    def write(number: int, *, green: float, blue: float, count: int = 400) -> None:
        records, outcomes = [], []
        for package, mean in ((NEW, green), (OLD, blue)):
            for each in range(count):
                inference_id = f"{package}-{number}-{each}"
                metadata = {
                    "inferenceId": inference_id,
                    "inferenceTime": f"{datetime.fromtimestamp(world.now, UTC):%Y-%m-%dT%H:%M:%SZ}",
                    "customAttributes": [f"model_package={package}"],
                }
                records.append(json.dumps({"eventMetadata": metadata}))
                bought = world.rng.random() < (mean + 2) / 7.5
                outcomes.append(json.dumps({"inference_id": inference_id, "value": 5.5 if bought else -2.0}))
        hour = f"{datetime.fromtimestamp(world.now, UTC):%Y/%m/%d/%H}"
        key = f"capture/shop/primary/{hour}/{number:02}-00-000-x.jsonl"
        bucket.put_object(Bucket=BUCKET, Key=key, Body="\n".join(records).encode())
        bucket.put_object(Bucket=BUCKET, Key=f"outcomes/day-{number}.jsonl", Body="\n".join(outcomes).encode())

    return write


def test_a_model_that_earns_less_is_sent_back_though_it_answers_well(world: World, worth: Callable[..., None]) -> None:
    for number in range(3):
        worth(number, green=-0.5, blue=1.0)
        answer = world.bake(looks=1, until=60 + 10 * number)
    assert answer["verdict"] == 2
    assert "value: -0." in answer["sentence"]
    assert "a request on the new fleet against 1." in answer["sentence"]


def test_a_model_that_earns_as_much_is_not(world: World, worth: Callable[..., None]) -> None:
    for number in range(3):
        worth(number, green=1.0, blue=1.0)
        answer = world.bake(looks=1, until=60 + 10 * number)
    assert answer["verdict"] != 2
    assert world.evidence["value"]["green_count"] == 1200


def test_a_look_that_failed_loses_no_outcome(
    world: World, worth: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "PutMetricData")

    worth(0, green=1.0, blue=1.0, count=10)
    before = world.look()["evidence"]
    worth(1, green=1.0, blue=1.0, count=10)
    with monkeypatch.context() as broken:
        broken.setattr(World, "put_metric_data", staticmethod(throttled))
        with pytest.raises(ClientError, match="Rate exceeded"):
            world.look()
    assert world.evidence == before
    assert world.look()["evidence"]["value"]["green_count"] == 20


def test_a_look_taken_twice_gives_the_same_and_counts_no_outcome_twice(
    world: World, worth: Callable[..., None]
) -> None:
    """The answer may be lost on its way, or come from a function that went on after it was given up."""
    worth(0, green=1.0, blue=1.0, count=10)
    world.look()
    before = world.evidence
    worth(1, green=-0.5, blue=1.0, count=10)
    first = world.look()
    world.evidence = before
    assert world.look() == first
    worth(2, green=1.0, blue=1.0, count=10)
    given_up = before
    world.evidence, kept = given_up, world.evidence
    world.look()
    world.evidence = kept
    assert world.look()["evidence"]["value"]["green_count"] == 30


def test_lines_that_are_no_outcome_are_told(
    world: World, worth: Callable[..., None], bucket: Any, caplog: pytest.LogCaptureFixture
) -> None:
    worth(0, green=1.0, blue=1.0, count=10)
    truth = {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "x"}}
    bucket.put_object(Bucket=BUCKET, Key="outcomes/late.jsonl", Body=f"{{\nno\n{json.dumps(truth)}".encode())
    assert world.look()["evidence"]["value"]["green_count"] == 10
    assert caplog.messages == ["2 lines of outcomes/late.jsonl are no outcome; 2 in all"]


def test_each_object_is_read_once_and_no_more_than_some_at_a_look(
    world: World, worth: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "OBJECTS_A_LOOK", 3)
    for number in range(3):
        worth(number, green=1.0, blue=1.0, count=10)
    counts = []
    for _ in range(4):
        world.look()
        counts.append(world.evidence["value"]["green_count"])
    assert counts[-2:] == [30, 30]
    assert counts[0] < 30
