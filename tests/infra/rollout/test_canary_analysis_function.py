"""The function that compares two fleets, one poll after another; their requests are drawn here."""

import copy
import functools
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.s3.models import s3_backends

from infra.rollout.runtime.canary_analysis import index
from slipway.canary.config import AnalysisConfig, Tolerances, ValueBounds
from slipway.rollout.own_server import JSON, OwnServer
from slipway.rollout.plan import deployment_config
from slipway.settings import Rollout

OLD, NEW = "package/1", "package/2"
START = 1_767_268_800.0  # 2026-01-01T12:00:00Z
ROLLOUT = Rollout(bake_seconds=600)
CONFIG = AnalysisConfig(Tolerances(), "roll_back", 60.0, "primary", deployment_config(ROLLOUT, ()), 4)
BUCKET = "artifacts"
ACCOUNT = "123456789012"
HORIZON = 20.0


@dataclass
class World:
    """SageMaker and CloudWatch as the function sees them, with a clock of their own."""

    now: float = START
    deploying: bool = True
    live: str = "config-1"
    servers_report: bool = True
    scores_reported: bool = True
    coarse: bool = False
    """Whether CloudWatch stores what the servers report by the minute too."""
    queried: list[Any] = field(default_factory=list)
    """The queries of each call."""
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
        assert Namespace == "Slipway/Rollout/shop"
        (datum,) = MetricData
        assert (datum["MetricName"], datum["StorageResolution"]) == ("CanaryDecision", 1)
        self.published.append(({each["Name"]: each["Value"] for each in datum["Dimensions"]}, datum["Value"]))

    def get_paginator(self, action: str) -> "World":
        assert action == "get_metric_data"
        return self

    def paginate(self, *, MetricDataQueries: Any, StartTime: datetime, EndTime: datetime) -> list[Any]:  # noqa: N803
        """The newest datapoint first, on two pages."""
        self.queried.append(MetricDataQueries)
        results = []
        for query in MetricDataQueries:
            stat = query["MetricStat"]
            key = tuple((each["Name"], each["Value"]) for each in stat["Metric"]["Dimensions"])
            first, end = StartTime.timestamp(), EndTime.timestamp()
            known = self.samples[stat["Metric"]["MetricName"], key]
            period = max(stat["Period"], 60) if self.coarse else stat["Period"]
            points = defaultdict(list)
            for at, value in known:
                if first <= at < end:
                    points[at // period * period].append(value)
            times = sorted(points, reverse=True)
            values = [_statistic(stat["Stat"], points[at]) for at in times]
            stamps = [datetime.fromtimestamp(at, UTC) for at in times]
            results.extend(
                {"Id": query["Id"], "Timestamps": stamps[half], "Values": values[half]}
                for half in (slice(0, len(times) // 2), slice(len(times) // 2, None))
            )
        return [{"MetricDataResults": results[::2]}, {"MetricDataResults": results[1::2]}]

    def series(self, name: str, **dimensions: str) -> list[tuple[float, float]]:
        key = {"EndpointName": "shop", "VariantName": "primary", **dimensions}
        return self.samples[name, tuple(key.items())]

    def put(self, name: str, value: float, **dimensions: str) -> None:
        self.series(name, **dimensions).append((self.now, value))

    def requests(self, config: str, package: str, count: int, *, errors: float = 0.0, slower: float = 1.0) -> None:
        """`count` requests to one fleet, and what its server reports of them and of their scores."""
        whose: tuple[dict[str, str], ...] = ({}, {"EndpointConfigName": config})
        failures = [self.series("InvocationModelErrors", **each) for each in whose]
        latencies = [self.series("ModelLatency", **each) for each in whose]
        own = [self.series("Latency", ModelPackageArn=package)] if self.servers_report else []
        in_vain = 0.0
        for _ in range(count):
            failed, latency = float(self.rng.random() < errors), slower * self.rng.lognormvariate(8, 0.5)
            in_vain += failed
            for series in failures:
                series.append((self.now, failed))
            for series in latencies:
                series.append((self.now, latency))
            for series in own:
                series.append((self.now, latency / 2))
        reported = {"Requests": count, "Errors": in_vain} if self.servers_report else {}
        scored = {"ScoredRows": count, "UpperHalf": count // 2, "Tails": count // 5} if self.scores_reported else {}
        for name, value in {**reported, **scored}.items():
            self.put(name, float(value), ModelPackageArn=package)

    def hour(self, *, burst: int) -> None:
        """An hour of the old fleet, in which one request of twenty fails, `burst` of them in a row."""
        for window in range(360):
            self.now = START - 3630 + 10 * window
            self.requests("config-1", OLD, 20 - burst, errors=0.05 if burst == 1 else 0.0)
            self.requests("config-1", OLD, burst, errors=float(self.rng.random() < 0.1) if burst > 1 else 0.05)
        self.now = START

    def shadowed(self, count: int, *, errors: float = 0.0, slower: float = 1.0) -> dict[str, Any]:
        """A poll after a minute in which the candidate, as a shadow, got copies of `count` requests."""
        self.now += 59
        self.requests("config-1", OLD, count)
        for _ in range(count):
            self.put("InvocationModelErrors", float(self.rng.random() < errors), VariantName="shadow")
            self.put("ModelLatency", slower * self.rng.lognormvariate(8, 0.5), VariantName="shadow")
        for name, value in {"ScoredRows": count, "UpperHalf": count // 2, "Tails": count // 5}.items():
            self.put(name, float(value), VariantName="shadow", ModelPackageArn=NEW)
        self.now += 1
        return self.poll(shadow={"since": START, "waited": self.now - START, "most": 2400})

    def poll(self, *, seconds: float = 15, **more: Any) -> dict[str, Any]:
        event = {
            **more,
            "endpoint": "shop",
            "package": NEW,
            "previous_package": OLD,
            "previous_config": "config-1",
            "checkpoint": json.loads(json.dumps(self.evidence)),
            "clock": {"seconds": seconds, "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:15Z"},
        }
        answer = index.handler(event, None)
        self.evidence = answer["checkpoint"]
        return answer

    def bake(
        self,
        *,
        polls: int,
        until: float = 540.0,
        begin: float = 0.0,
        green: int = 100,
        old: float = 1.0,
        **fault: float,
    ) -> dict[str, Any]:
        """Traffic and polls from `begin` to `until`, in seconds of the bake; the answer of the last one."""
        answer: dict[str, Any] = {}
        for number in range(1, polls + 1):
            self.now = START + begin + (until - begin) * number / polls - 1
            self.requests("config-2", NEW, green, **fault)
            self.requests("config-1", OLD, 3 * green, slower=old)
            self.now += 1
            answer = self.poll()
        return answer


def _statistic(name: str, values: list[float]) -> float:
    if name.startswith("TC("):
        return float(sum(value > float(name[3:-2]) for value in values))
    if name.startswith("p"):
        return sorted(values)[int(len(values) * float(name[1:]) / 100)]
    return {"Sum": sum(values), "SampleCount": float(len(values))}[name]


boto3_client = boto3.client


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Callable[[AnalysisConfig], None]:
    def configure(config: AnalysisConfig) -> None:
        monkeypatch.setenv("CANARY_ANALYSIS", config.to_json())

    configure(CONFIG)
    return configure


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, configured: Callable[[AnalysisConfig], None]) -> World:
    assert configured
    before = _of_the_old_fleet()
    made = World(rng=copy.deepcopy(before.rng))
    made.samples.update({key: list(known) for key, known in before.samples.items()})
    monkeypatch.setattr(boto3, "client", made.client)
    monkeypatch.setattr(time, "time", made.time)
    return made


@functools.cache
def _of_the_old_fleet() -> World:
    """Ten minutes before the update; for reading only."""
    world = World(now=START - 600)
    world.requests("config-1", OLD, 2000)
    return world


def test_a_good_fleet_is_promoted_once_the_bake_ends(world: World) -> None:
    answer = world.bake(polls=10, green=200)
    assert (answer["decision"], answer["settled"], answer["endpoint_config"]) == (1, True, "config-2")
    assert answer["explanation"].startswith("promote: after 2,000 requests")
    dimensions = {"EndpointName": "shop", "EndpointConfigName": "config-2"}
    assert world.published[-1] == (dimensions, 1.0)
    assert {value for _, value in world.published} == {0.0, 1.0}
    minutes = answer["checkpoint"]["streams"]["errors"]["minutes"]
    assert (minutes["minute"], minutes["sums"][0]) == (9, 8)  # the ninth is not over


@pytest.mark.parametrize(
    ("fault", "named"),
    [({"errors": 0.05}, "errors: "), ({"slower": 2.0}, "percentile")],
    ids=["errors", "slow"],
)
def test_a_bad_fleet_is_rolled_back_long_before(world: World, fault: dict[str, float], named: str) -> None:
    answer = world.bake(polls=6, until=160, **fault)
    assert (answer["decision"], answer["settled"]) == (2, True)
    assert answer["explanation"].startswith("roll back: ")
    assert named in answer["explanation"]
    assert world.published[-1][1] == 2.0


@pytest.fixture
def warming(world: World, configured: Callable[[AnalysisConfig], None]) -> World:
    """Sixty seconds of grace; the first minute and a half of the new fleet have been looked at."""
    configured(replace(CONFIG, tolerances=replace(CONFIG.tolerances, warm_up_seconds=60.0)))
    return world


def test_a_slow_first_minute_is_forgiven_and_a_slow_second_one_is_not(warming: World) -> None:
    assert warming.bake(polls=6, until=59, slower=3.0)["decision"] == 0
    assert warming.bake(polls=12, until=540, begin=60, green=200)["decision"] == 1
    answer = warming.bake(polls=6, until=700, begin=541, slower=3.0)
    assert (answer["decision"], "percentile" in answer["explanation"]) == (2, True)


def test_errors_of_the_first_minute_count(warming: World) -> None:
    answer = warming.bake(polls=6, until=59, errors=0.3)
    assert (answer["decision"], answer["explanation"].startswith("roll back: errors: ")) == (2, True)


def test_a_shadow_is_compared_with_the_live_model_and_publishes_nothing(world: World) -> None:
    answers = [world.shadowed(300) for _ in range(10)]
    assert [answer["decision"] for answer in answers] == [*([0] * 9), 1]
    assert answers[-1]["explanation"].startswith("promote: after 3,000 requests, each with 98.3333 % confidence")
    assert not world.published


def test_a_shadow_may_have_a_tolerance_of_errors_of_its_own(
    world: World, configured: Callable[[AnalysisConfig], None]
) -> None:
    configured(replace(CONFIG, tolerances=Tolerances(error_tolerance=0.05), shadow_error_tolerance=0.0001))
    assert [world.shadowed(300)["decision"] for _ in range(10)] == [0] * 10


@pytest.mark.parametrize(("fault", "named"), [({"errors": 0.05}, "errors"), ({"slower": 2.0}, "slower")])
def test_a_shadow_that_is_worse_is_found_out(world: World, fault: dict[str, float], named: str) -> None:
    answers = [world.shadowed(1000, **fault) for _ in range(6)]
    assert answers[-1]["decision"] == 2
    assert named in answers[-1]["explanation"]


def test_a_change_of_the_decision_is_reported_once(world: World) -> None:
    assert world.bake(polls=6, until=160, errors=0.3)["changed"] is False
    changes = [value for _, value in world.published]
    assert changes == sorted(changes)
    assert world.bake(polls=1)["decision"] == 2


def test_a_few_requests_are_no_pass(world: World) -> None:
    answer = world.bake(polls=10, green=10)
    assert (answer["decision"], answer["settled"]) == (2, True)
    assert "too little evidence: 100 of at least 500 requests seen" in answer["explanation"]


@pytest.mark.parametrize(("burst", "coarse"), [(10, False), (10, True), (1, False)])
def test_errors_that_come_in_bursts_are_no_more_evidence_than_the_bursts_are(
    world: World, burst: int, coarse: bool
) -> None:
    world.samples.clear()
    world.coarse = coarse
    world.hour(burst=burst)
    world.requests("config-2", NEW, 75)
    world.requests("config-2", NEW, 25, errors=1.0)
    world.requests("config-1", OLD, 285)
    world.requests("config-1", OLD, 15, errors=1.0)
    world.now += 10
    answer = world.poll()
    dispersion = answer["checkpoint"]["dispersion"]
    how = ("at first", "within minutes", "over minutes")
    more = {f"{name} {each}" for name in ("errors", "served errors") for each in how}
    assert dispersion.keys() == answer["checkpoint"]["streams"].keys() | more
    assert answer["checkpoint"]["streams"]["errors"]["over_minutes"] >= dispersion["errors"]
    assert dispersion["errors"] == pytest.approx(dispersion["served errors"])
    assert dispersion["errors"] == pytest.approx(burst, rel=0.4, abs=0.8)
    assert answer["decision"] == (2 if burst == 1 else 0)


@pytest.mark.parametrize(("second", "counts"), [(60, 7.0), (480, 9.625)])
def test_bursts_of_minutes_count_less_as_long_as_they_cannot_be_whole(world: World, second: int, counts: float) -> None:
    world.bake(polls=1, until=10)
    world.evidence["dispersion"] |= {"served errors": 10.0, "served errors at first": 1.0}
    answer = world.bake(polls=1, until=second + 1)
    assert answer["checkpoint"]["streams"]["served errors"]["dispersion"] == pytest.approx(counts, rel=0.03)


def test_how_errors_come_is_learnt_from_the_bake_where_the_hour_before_was_quiet(world: World) -> None:
    """From blocks that are in the e-values already: what a block itself shows changes nothing of its own e-value."""
    world.samples.clear()
    assert world.poll()["checkpoint"]["dispersion"] == {}
    for window in range(18):
        world.now = START + 10 * window
        world.requests("config-1", OLD, 30, errors=float(window % 6 == 0))
        world.requests("config-2", NEW, 10, errors=float(window % 2 == 0))
    first = world.poll()
    assert first["decision"] == 2
    known = first["checkpoint"]["dispersion"]
    assert known["served errors"] > 10
    world.now += 10
    world.requests("config-1", OLD, 300)
    world.queried.clear()
    again = world.poll()["checkpoint"]["dispersion"]
    assert again["served errors"] == known["served errors"]
    assert not [query["Id"] for queries in world.queried for query in queries if "errors_own" in query["Id"]]


def test_looks_without_news_change_no_evidence(world: World) -> None:
    world.bake(polls=2, until=60)
    before = world.evidence["streams"]
    world.now += 15
    assert world.poll()["checkpoint"]["streams"] == before


def test_waits_that_fly_by_bring_the_end_of_the_bake_nearer(world: World) -> None:
    world.now = START + 19
    assert world.poll(seconds=450)["settled"] is True  # 19 s at 30 times the speed are 570 of 600
    world.evidence = None
    assert world.poll(seconds=15)["settled"] is False


def test_latencies_of_a_quiet_old_fleet_are_learnt_before_they_are_held_against_the_new_one(world: World) -> None:
    world.samples.clear()
    world.poll()
    assert world.evidence["latency_baselines"] == {}
    world.bake(polls=1, until=60)
    known = world.evidence
    baselines = known["latency_baselines"]
    assert {source: len(each["limits"]) for source, each in baselines.items()} == {"": 3, "served ": 3}
    assert baselines[""]["since"] > START
    assert known["streams"]["slow 0.5"]["seen"] == [0, 0, 0, 0]
    world.bake(polls=1, until=120)
    assert world.evidence["streams"]["slow 0.5"]["seen"][0] == 100


def test_an_old_fleet_that_has_become_faster_since_does_not_send_a_good_one_back(world: World) -> None:
    """In the hour before it was busy; by that hour's latencies no fleet would be slow now, so none proven fast."""
    first = world.poll()["checkpoint"]["latency_baselines"]
    answer = world.bake(polls=10, green=200, old=0.25, slower=0.25)
    assert (answer["decision"], answer["settled"]) == (1, True), answer["explanation"]
    now = answer["checkpoint"]["latency_baselines"]
    for source in ("", "served "):
        assert now[source]["limits"][1] == pytest.approx(first[source]["limits"][1] / 4, rel=0.3)


def test_an_old_fleet_that_has_become_slower_since_hides_no_slow_one(world: World) -> None:
    assert world.bake(polls=6, until=300, old=3.0, slower=6.0)["decision"] == 2


def test_servers_that_tell_nothing_leave_it_to_sagemaker(world: World) -> None:
    world.samples.clear()
    world.servers_report, world.now = False, START - 600
    world.requests("config-1", OLD, 2000)
    answer = world.bake(polls=10, green=200)
    assert (answer["decision"], answer["settled"]) == (1, True)
    assert answer["checkpoint"]["latency_baselines"].keys() == {""}


@pytest.mark.parametrize("live", ["config-1", ""])
def test_nothing_under_way_is_nothing_to_analyse(world: World, live: str) -> None:
    world.deploying, world.live = False, live
    answer = world.poll()
    assert answer == {
        "decision": 0,
        "changed": False,
        "explanation": "",
        "endpoint_config": "",
        "settled": False,
        "checkpoint": None,
    }
    assert not world.published


def test_a_rollout_that_ended_between_two_polls_is_analysed_all_the_same(world: World) -> None:
    assert world.bake(polls=5, until=150)["settled"] is False
    world.deploying, world.live = False, "config-2"
    answer = world.poll()
    assert (answer["decision"], answer["settled"]) == (2, True)


def test_a_rollout_that_was_rolled_back_by_others_keeps_its_last_decision(world: World) -> None:
    before = world.bake(polls=2, until=60)
    world.deploying = False
    assert world.poll() == {**before, "changed": False}


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


def put(bucket: Any, key: str, lines: list[str], *, at: float) -> None:
    """An object that arrived `at`."""
    bucket.put_object(Bucket=BUCKET, Key=key, Body="\n".join(lines).encode())
    stored = s3_backends[ACCOUNT]["aws"].buckets[BUCKET].keys[key]
    stored.last_modified = datetime.fromtimestamp(at, UTC)


@pytest.fixture
def worth(world: World, bucket: Any, configured: Callable[[AnalysisConfig], None]) -> Callable[..., None]:
    """Writes captured requests to both fleets and, of them, outcomes with the given mean values."""
    plan = Tolerances(watches_value=True)
    valued = {"tolerances": plan, "value": ValueBounds(-2.0, 5.5), "value_horizon_seconds": HORIZON}
    configured(AnalysisConfig(**{**vars(CONFIG), **valued}))

    def write(
        number: int, *, green: float, blue: float, count: int = 400, age: float = HORIZON + 2, delay: float = 5
    ) -> None:
        records, outcomes, at = [], [], world.now - age
        for package, mean in ((NEW, green), (OLD, blue)):
            for each in range(count):
                inference_id = f"{package}-{number}-{each}"
                metadata = {
                    "inferenceId": inference_id,
                    "inferenceTime": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}",
                    "customAttributes": [f"model_package={package}"],
                }
                records.append(json.dumps({"eventMetadata": metadata}))
                bought = world.rng.random() < (mean + 2) / 7.5
                outcomes.append(json.dumps({"inference_id": inference_id, "value": 5.5 if bought else -2.0}))
        hour = f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d/%H}"
        put(bucket, f"capture/shop/primary/{hour}/{number:02}-00-000-x.jsonl", records, at=at + 1)
        put(bucket, f"outcomes/day-{number}.jsonl", outcomes, at=at + delay)

    return write


def test_a_model_that_earns_less_is_rolled_back_though_it_responds_well(
    world: World, worth: Callable[..., None]
) -> None:
    for number in range(3):
        worth(number, green=-0.5, blue=1.0)
        answer = world.bake(polls=1, until=60 + 10 * number)
    assert answer["decision"] == 2
    assert "value: -0." in answer["explanation"]
    assert "a request on the new fleet against 1." in answer["explanation"]


def test_a_model_that_earns_as_much_is_not(world: World, worth: Callable[..., None]) -> None:
    for number in range(3):
        worth(number, green=1.0, blue=1.0)
        answer = world.bake(polls=1, until=60 + 10 * number)
    assert answer["decision"] != 2
    assert world.evidence["value"]["green_count"] == 1200


def test_a_look_that_failed_loses_no_outcome(
    world: World, worth: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "PutMetricData")

    worth(0, green=1.0, blue=1.0, count=10)
    before = world.poll()["checkpoint"]
    worth(1, green=1.0, blue=1.0, count=10)
    with monkeypatch.context() as broken:
        broken.setattr(World, "put_metric_data", staticmethod(throttled))
        with pytest.raises(ClientError, match="Rate exceeded"):
            world.poll()
    assert world.evidence == before
    assert world.poll()["checkpoint"]["value"]["green_count"] == 20


def test_a_look_taken_twice_gives_the_same_and_counts_no_outcome_twice(
    world: World, worth: Callable[..., None]
) -> None:
    """The answer may be lost on its way, or come from a function that went on after it was given up."""
    worth(0, green=1.0, blue=1.0, count=10)
    world.poll()
    before = world.evidence
    worth(1, green=-0.5, blue=1.0, count=10)
    first = world.poll()
    world.evidence = before
    assert world.poll() == first
    worth(2, green=1.0, blue=1.0, count=10)
    given_up = before
    world.evidence, kept = given_up, world.evidence
    world.poll()
    world.evidence = kept
    assert world.poll()["checkpoint"]["value"]["green_count"] == 30


def test_lines_that_are_no_outcome_are_told(
    world: World, worth: Callable[..., None], bucket: Any, caplog: pytest.LogCaptureFixture
) -> None:
    worth(0, green=1.0, blue=1.0, count=10)
    truth = {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "x"}}
    put(bucket, "outcomes/late.jsonl", ["{", "no", json.dumps(truth)], at=world.now)
    assert world.poll()["checkpoint"]["value"]["green_count"] == 10
    assert caplog.messages == ["2 lines of outcomes/late.jsonl are no outcome; 2 in all"]


def test_each_object_is_read_once_and_no_more_than_some_at_a_look(world: World, worth: Callable[..., None]) -> None:
    for number in range(30):  # an object of requests and one of outcomes each
        worth(number, green=1.0, blue=1.0, count=1)
    counts = []
    for _ in range(4):
        world.poll()
        counts.append(world.evidence["value"]["green_count"])
    assert counts[-2:] == [30, 30]
    assert counts[0] < 30


def green_outcomes(world: World) -> int:
    return int(world.evidence["value"]["green_count"])


def test_an_outcome_that_comes_later_than_the_horizon_does_not_count(world: World, worth: Callable[..., None]) -> None:
    worth(0, green=1.0, blue=1.0, count=10, delay=HORIZON + 1)
    worth(1, green=1.0, blue=1.0, count=20, delay=HORIZON)
    world.poll()
    assert green_outcomes(world) == 20


def test_the_horizon_is_of_the_rollouts_own_seconds(world: World, worth: Callable[..., None]) -> None:
    """Ten of them pass in one where waits are compressed so."""
    worth(0, green=1.0, blue=1.0, count=10, age=HORIZON / 10 + 2, delay=HORIZON / 10)
    world.poll()
    assert green_outcomes(world) == 0
    world.poll(seconds=150)
    assert green_outcomes(world) == 10


@pytest.fixture
def listed(world: World, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The keys that S3 listed, a list a request."""
    pages: list[list[str]] = []

    def record(parsed: dict[str, Any], **_: Any) -> None:
        pages.append([each["Key"] for each in parsed.get("Contents", ())])

    def client(service: str) -> Any:
        made = world.client(service)
        if service == "s3":
            made.meta.events.register("after-call.s3.ListObjectsV2", record)
        return made

    monkeypatch.setattr(boto3, "client", client)
    return pages


def test_outcomes_of_months_ago_are_not_listed_and_undated_ones_are_found(
    world: World, worth: Callable[..., None], bucket: Any, listed: list[list[str]]
) -> None:
    worth(0, green=1.0, blue=1.0, count=10)
    old = ("2024/12/31/23", "2025/01/01/11", "2025/12/01/12", "2025/12/31/23", "2026/01/01/00", "2026/01/01/10")
    new = ("2026/01/01/11", "2026/01/01/12", "2026/01/02/00", "2026/02/01/00", "2027/01/01/00")
    undated = ("", "0007/", "10/", "2026-01-01/", "2026/", "2026/01/", "2026/01/01/", "web/2019/01/01/01/", "2024-01/")
    for folder in (*old, *new):
        put(bucket, f"outcomes/{folder}/1.jsonl", [], at=world.now)
    for folder in undated:
        put(bucket, f"outcomes/{folder}1.jsonl", [], at=world.now)
    put(bucket, "outcomes/too-old/1.jsonl", [], at=world.now - 3600)
    world.poll()
    found = {*(f"outcomes/{folder}/1.jsonl" for folder in new), *(f"outcomes/{folder}1.jsonl" for folder in undated)}
    body = bucket.get_object(Bucket=BUCKET, Key=world.evidence["outcomes_key"])["Body"].read()
    assert {key for key in json.loads(body)["read"] if key.endswith("/1.jsonl")} == found
    assert not {key for page in listed for key in page} & {f"outcomes/{folder}/1.jsonl" for folder in old}


@pytest.fixture
def answering(world: World, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes captured responses of servers that are not Slipway's, below a prefix of each package."""
    wide = Tolerances(min_requests=100, error_tolerance=0.05, latency_tolerance=20.0, score_limit=0.18)
    monkeypatch.setenv("CANARY_ANALYSIS", replace(CONFIG, tolerances=wide).to_json())
    world.scores_reported = False
    monkeypatch.setenv("OWN_SERVER", OwnServer(JSON, "$row", JSON, pointer="/score").to_json())

    def write(package: str, count: int, *, number: int = 0, shift: float = 0.0, key: str = "score") -> None:
        records, at = [], world.now - 5
        for each in range(count):
            body = json.dumps({key: world.rng.gauss(shift, 1.0)})
            record = {
                "captureData": {"endpointOutput": {"data": body, "encoding": "JSON"}},
                "eventMetadata": {
                    "eventId": f"{package}-{number}-{each}",
                    "inferenceTime": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}",
                },
            }
            records.append(json.dumps(record))
        hour = f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d/%H}"
        folder = f"capture/shop/{package.rpartition('/')[2]}/shop/primary/{hour}"
        put(bucket, f"{folder}/{number:02}-00-000-x.jsonl", records, at=at + 2)

    world.now = START - 600
    write(OLD, 1000)
    world.now = START
    return write


@pytest.mark.parametrize(
    ("fault", "decision", "named"),
    [
        ({}, 1, "promote: after 300 requests"),
        ({"shift": 1.5}, 2, "scores above the median"),
        ({"key": "result"}, 2, "scores below the 10th or above the 90th percentile"),
    ],
    ids=["equal", "shifted", "without a number"],
)
def test_numbers_of_servers_that_publish_no_scores_are_those_of_captured_responses(
    world: World,
    answering: Callable[..., None],
    fault: dict[str, Any],
    decision: int,
    named: str,
) -> None:
    for number in range(1, 4):
        world.now = START + 180 * number
        answering(NEW, 100, number=number, **fault)
        answering(OLD, 300, number=number)
        answer = world.bake(polls=1, until=180 * number, green=100)
    assert (answer["decision"], answer["settled"]) == (decision, True), answer["explanation"]
    assert named in answer["explanation"]
