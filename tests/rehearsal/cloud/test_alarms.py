"""The alarm clock over ministack's store, and alarms as boto3 shows them."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from rehearsal.cloud.ministack.alarm_clock import ARRIVAL_SECONDS, AlarmClock, state_of
from rehearsal.cloud.ministack.alarm_events import AlarmEvents
from rehearsal.cloud.ministack.metric_store import file_by_the_minute, filed_at
from slipway.cloudwatch import assess
from tests.slipway.cloudwatch.virtual_clock import VirtualClock

REPLACED = (
    "_composite_rule_state",
    "_evaluate_alarm",
    "_get_metric_data",
    "_get_metric_statistics",
    "_put_composite_alarm",
    "_put_metric_alarm",
    "_put_metric_data",
    "_record_history",
    "_set_alarm_state",
)
SPEED = 30.0
PERIOD = 60 / SPEED
DIMENSIONS = [{"Name": "EndpointName", "Value": "shop"}, {"Name": "EndpointConfigName", "Value": "green"}]
REQUEST = {
    "AlarmName": "errors",
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocation5XXErrors",
    "Dimensions": DIMENSIONS,
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.05,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


class Bus:
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, Any], list[str]]] = []

    def emit(self, source: str, detail_type: str, detail: dict[str, Any], *, resources: list[str]) -> None:
        self.sent.append((source, detail_type, detail, resources))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in REPLACED:  # by the clock; put back afterwards
        monkeypatch.setattr(cloudwatch, name, getattr(cloudwatch, name))
    monkeypatch.setattr(provisioners, "_cw_metric_alarm_record", provisioners._cw_metric_alarm_record)
    yield cloudwatch
    cloudwatch.reset()


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def clock(store: Any, bus: Bus) -> AlarmClock:
    made = AlarmClock(speed=SPEED, events=AlarmEvents(bus))  # type: ignore[arg-type]
    made.install()
    return made


def put_alarm(store: Any, **more: Any) -> None:
    assert store._put_metric_alarm({}, {**REQUEST, **more}, is_cbor=False, is_json=True)[0] == 200


def put_samples(store: Any, at: float, *values: float, dimensions: Any = DIMENSIONS) -> None:
    named = {each["Name"]: each["Value"] for each in dimensions}
    store._store_datum("AWS/SageMaker", "Invocation5XXErrors", named, at, "None", None, list(values), None, None)


def test_a_period_lasts_its_time_divided_by_the_speed(store: Any, clock: AlarmClock) -> None:
    put_alarm(store)
    start = 1_000_000 * PERIOD
    put_samples(store, start + 0.1, 1.0)
    put_samples(store, start + PERIOD - 0.1, 0.0)
    clock.evaluate_due(start + PERIOD - 0.01)
    assert state_of("errors") == "OK"
    clock.evaluate_due(start + PERIOD + ARRIVAL_SECONDS)
    assert state_of("errors") == "ALARM"
    clock.evaluate_due(start + 4 * PERIOD + ARRIVAL_SECONDS)
    assert state_of("errors") == "OK"


def test_an_alarm_that_stays_in_alarm_is_reported_every_period(store: Any, bus: Bus) -> None:
    values: list[list[float]] = []
    made = AlarmClock(
        speed=SPEED,
        events=AlarmEvents(bus),  # type: ignore[arg-type]
        repeat=lambda alarm: values.append(json.loads(alarm["StateReasonData"])["recentDatapoints"]),
    )
    made.install()
    put_alarm(store)
    for minute, sample in enumerate((1.0, 3.0, 5.0, 0.0)):
        put_samples(store, (1_000_000 + minute) * PERIOD + 0.1, sample)
        made.evaluate_due((1_000_001 + minute) * PERIOD + ARRIVAL_SECONDS)
    assert values == [[3.0], [5.0]]


def test_dimensions_are_matched_exactly(store: Any, clock: AlarmClock) -> None:
    put_alarm(store)
    start = 1_000_000 * PERIOD
    put_samples(store, start + 0.1, 1.0, dimensions=DIMENSIONS[:1])
    put_samples(store, start + 0.1, 1.0, dimensions=[*DIMENSIONS, {"Name": "VariantName", "Value": "v"}])
    clock.evaluate_due(start + PERIOD + ARRIVAL_SECONDS)
    assert state_of("errors") == "OK"


def test_arriving_data_alone_changes_no_state(store: Any, clock: AlarmClock) -> None:
    put_alarm(store)
    put_at(store, time.time())
    assert state_of("errors") == "INSUFFICIENT_DATA"
    assert clock is not None


def put_at(store: Any, at: float, **more: Any) -> None:
    """As boto3 puts it."""
    datum = {"MetricName": "Invocation5XXErrors", "Dimensions": DIMENSIONS, "Value": 1.0, "Timestamp": at, **more}
    store._put_metric_data({}, {"Namespace": "AWS/SageMaker", "MetricData": [datum]}, is_cbor=True)


@pytest.mark.parametrize(("resolution", "found"), [({}, "OK"), ({"StorageResolution": 1}, "ALARM")])
def test_an_alarm_of_ten_seconds_misses_what_is_kept_by_the_minute(
    store: Any, clock: AlarmClock, resolution: dict[str, int], found: str
) -> None:
    file_by_the_minute(speed=SPEED)
    put_alarm(store, Period=10)
    put_alarm(store, AlarmName="minutely")
    start, ten = 1_000_000 * PERIOD, PERIOD / 6
    clock.evaluate_due(start + 4 * ten + ARRIVAL_SECONDS)
    put_at(store, start + 4.5 * ten, **resolution)
    clock.evaluate_due(start + 5 * ten + ARRIVAL_SECONDS)
    assert state_of("errors") == found
    clock.evaluate_due(start + 6 * ten + ARRIVAL_SECONDS)
    assert state_of("errors") == found
    assert state_of("minutely") == "ALARM"


@pytest.mark.parametrize("speed", [1.0, 7.0, 30.0, 33.3, 60.0, 1000.0])
def test_a_minute_keeps_its_own_data_at_any_speed(store: Any, bus: Bus, speed: float) -> None:
    made = AlarmClock(speed=speed, events=AlarmEvents(bus))  # type: ignore[arg-type]
    made.install()
    file_by_the_minute(speed=speed)
    minute = 60 / speed
    for number in range(1_800_000_000, 1_800_000_050):
        put_alarm(store, AlarmName=f"{number}")
        put_at(store, (number + 0.5) * minute, StorageResolution=60)
        made.evaluate_due((number + 1) * minute + ARRIVAL_SECONDS + minute / 100)
        assert state_of(f"{number}") == "ALARM"
        store._metrics.clear()


def test_what_bears_no_time_is_of_now() -> None:
    assert filed_at({"StorageResolution": 1}, now=125.5, speed=1.0) == 125.5
    assert filed_at({}, now=125.5, speed=1.0) == pytest.approx(120.0, abs=0.01)
    assert filed_at({"Timestamp": "1970-01-01T00:03:05Z"}, now=125.5, speed=1.0) == pytest.approx(180.0, abs=0.01)


def test_a_percentile_alarm_is_evaluated_from_the_samples(store: Any, clock: AlarmClock) -> None:
    put_alarm(store, Statistic=None, ExtendedStatistic="p90", Threshold=500.0)
    start = 1_000_000 * PERIOD
    put_samples(store, start + 0.1, *[100.0] * 8, 900.0, 900.0)
    clock.evaluate_due(start + PERIOD + ARRIVAL_SECONDS)
    assert state_of("errors") == "ALARM"


@pytest.mark.parametrize("treatment", ["missing", "ignore", "breaching", "notBreaching"])
@pytest.mark.parametrize("drawn", ["0 X X X - - - 0 X", "- - X - - - - X X", "X 0 X 0 - X - X 0"])
def test_it_finds_what_the_virtual_clock_finds(store: Any, clock: AlarmClock, drawn: str, treatment: str) -> None:
    rules = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": treatment}
    put_alarm(store, **rules)
    virtual = VirtualClock([{**REQUEST, **rules}], start=60_000_000.0)
    start = 1_000_000 * PERIOD
    for number, sign in enumerate(drawn.split()):
        if sign != "-":
            value = float(sign == "X")
            put_samples(store, start + number * PERIOD, value)
            virtual.put(
                "AWS/SageMaker", {"MetricName": "Invocation5XXErrors", "Dimensions": DIMENSIONS, "Value": value}
            )
        virtual.advance(60)
        clock.evaluate_due(start + (number + 1) * PERIOD + ARRIVAL_SECONDS)
        assert state_of("errors") == virtual.state("errors")


def test_a_change_is_sent_as_cloudwatch_sends_it(store: Any, clock: AlarmClock, bus: Bus) -> None:
    put_alarm(store)
    start = 1_000_000 * PERIOD
    put_samples(store, start + 0.1, 1.0)
    clock.evaluate_due(start + PERIOD + ARRIVAL_SECONDS)
    clock.evaluate_due(start + PERIOD + ARRIVAL_SECONDS + 0.1)
    assert len(bus.sent) == 1
    source, kind, detail, resources = bus.sent[0]
    assert (source, kind) == ("aws.cloudwatch", "CloudWatch Alarm State Change")
    assert resources == ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors"]
    assert (detail["previousState"]["value"], detail["state"]["value"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert detail["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"]["EndpointConfigName"] == "green"
    assert json.loads(detail["state"]["reasonData"])["recentDatapoints"] == [1.0]


def test_an_alarm_that_cloudwatch_would_refuse_is_left_alone(store: Any, clock: AlarmClock) -> None:
    put_alarm(store)
    store._alarms["errors"]["Period"] = 7
    clock.evaluate_due(1_000_000.0)
    assert state_of("errors") == "INSUFFICIENT_DATA"
    assert state_of("none") is None


def test_an_alarm_that_cannot_be_evaluated_ends_no_other(
    store: Any, bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    def evaluated(*given: Any, **named: Any) -> Any:
        if given[0].name == "broken":
            raise ZeroDivisionError("a defect")
        return assess(*given, **named)

    clock = AlarmClock(speed=SPEED, events=AlarmEvents(bus), assess=evaluated)  # type: ignore[arg-type]
    clock.install()
    put_alarm(store, AlarmName="broken")
    put_alarm(store)
    start = 1_000_000 * PERIOD
    put_samples(store, start + 0.1, 1.0)
    clock.evaluate_due(start + PERIOD + ARRIVAL_SECONDS)
    assert (state_of("broken"), state_of("errors")) == ("INSUFFICIENT_DATA", "ALARM")
    assert "alarm broken could not be evaluated" in caplog.text
    assert "a defect" in caplog.text
