"""What is usual for the old fleet, and the counts of requests that are held against it."""

import random

import pytest

from slipway.canary.config import Tolerances
from slipway.canary.observation.counting import count_queries, growth, totals
from slipway.canary.observation.latencies import (
    LatencyBaseline,
    has_moved,
    latency_queries,
    latency_totals,
    reference_of,
    reference_queries,
    sources,
)
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Evidence
from slipway.canary.statistics.streams import LATENCY_SHARES, SERVED
from tests.slipway.canary.observation.fleets import FLEETS, by_id, dimensions

PLAN = Tolerances()


def test_latencies_are_counted_above_limits_in_microseconds():
    found = by_id(latency_queries(PLAN, FLEETS, "", (1000.4, 2000.0, 9000.0)))
    statistics = {id_: stat["Stat"] for id_, stat in found.items()}
    assert statistics["both_above_0"] == statistics["green_above_0"] == "TC(1000:)"
    assert statistics["green_noise_1"] == "TC(2200:)"
    assert statistics["green_tolerance"] == "TC(3000:)"
    assert statistics["green_latency"] == "SampleCount"
    assert dimensions(found["green_latency"])["EndpointConfigName"] == "new"
    assert dimensions(found["both_latency"]) == FLEETS.both


def test_the_servers_report_theirs_by_their_package():
    found = by_id(latency_queries(PLAN, FLEETS, SERVED, (1000, 2000, 9000)))
    assert {(stat["Metric"]["Namespace"], stat["Metric"]["MetricName"]) for stat in found.values()} == {
        ("Slipway/Endpoint", "Latency")
    }
    green, blue = ({id_ for id_ in found if id_.startswith(side)} for side in ("green_", "blue_"))
    assert green | blue == found.keys()
    assert {dimensions(found[id_])["ModelPackageArn"] for id_ in green} == {"package/2"}
    assert {dimensions(found[id_])["ModelPackageArn"] for id_ in blue} == {"package/1"}


@pytest.mark.parametrize("source", sources(PLAN))
def test_one_request_to_cloudwatch_may_hold_all_queries(source):
    ids = [*by_id(count_queries(PLAN, FLEETS)), *by_id(latency_queries(PLAN, FLEETS, source, (1, 2, 3)))]
    assert len(ids) < 500
    assert all(id_[0].islower() and id_.replace("_", "").isalnum() for id_ in ids)


def test_usual_latencies_are_the_old_fleets_own_where_they_are_known():
    def reported(name, count, first):
        return {
            f"{name}_samplecount": [10.0, count],
            f"{name}_p50": [1, first],
            f"{name}_p90": [2, first + 1],
            f"{name}_p99": [3, first + 2],
        }

    assert reference_of({**reported("own", 5000, 100), **reported("variant", 9000, 7)}) == (100, 101, 102)
    assert reference_of({**reported("own", 50, 100), **reported("variant", 9000, 7)}) == (7, 8, 9)
    assert reference_of({**reported("own", 50, 100), **reported("variant", 99, 7)}) == ()
    assert reference_of({}) == ()
    assert set(by_id(reference_queries(FLEETS, ""))) == {*reported("own", 1, 1), *reported("variant", 1, 1)}
    served = by_id(reference_queries(FLEETS, SERVED))
    assert served.keys() == reported("own", 1, 1).keys()
    assert {dimensions(stat)["ModelPackageArn"] for stat in served.values()} == {"package/1"}


@pytest.mark.parametrize(("seconds", "period"), [(0, 60), (61, 120), (3600, 3600)])
def test_a_reference_is_asked_for_in_one_piece_of_whole_minutes(seconds, period):
    assert {stat["Period"] for stat in by_id(reference_queries(FLEETS, "", seconds=seconds)).values()} == {period}


RESULTS = {
    "both_latency": [1000],
    "green_latency": [250],
    "blue_latency": [700],
    "both_above_1": [130],
    "green_above_1": [40],
    "blue_above_1": [77],
    "green_noise_1": [33],
    "green_tolerance": [12],
}


def test_what_the_variant_counted_less_what_the_new_fleet_did_is_the_old_fleets():
    found = latency_totals("", FLEETS, RESULTS)
    assert found["slow 0.1"] == Counts(250, 33, 750, 90)
    assert found["slow beyond tolerance"] == Counts(250, 12, 750, 90)
    served = latency_totals(SERVED, FLEETS, RESULTS)
    assert served[f"{SERVED}slow 0.1"] == Counts(250, 33, 700, 77)
    assert {*found, *served, *totals(PLAN, FLEETS, {})} == Evidence.start(PLAN).states.keys()


def test_what_was_there_when_the_limits_were_taken_is_not_counted():
    found = latency_totals("", FLEETS, RESULTS)
    half = {name: Counts(200, 10, 500, 40) for name in found}
    known = LatencyBaseline.from_document(LatencyBaseline((1.0, 2.0, 3.0), 5.0, half).to_document())
    assert known == LatencyBaseline((1.0, 2.0, 3.0), 5.0, half)
    assert known.new(found)["slow 0.1"] == Counts(50, 23, 250, 50)
    assert LatencyBaseline((1.0, 2.0, 3.0), 5.0).new(found) == found


def counts(requests, *shares):
    return {
        f"slow {design:g}": Counts(100, 0, requests, round(share * requests))
        for design, share in zip(LATENCY_SHARES, shares, strict=True)
    }


@pytest.mark.parametrize(
    ("requests", "shares", "moved"),
    [
        (600, (0.5, 0.1, 0.01), False),
        (600, (0.4, 0.07, 0.02), False),
        (583, (0.3, 0.0103, 0.0), True),  # much faster than in the hour before
        (600, (0.9, 0.5, 0.1), True),
        (30, (0.3, 0.0, 0.0), False),
        (0, (0.0, 0.0, 0.0), False),
    ],
)
def test_the_old_fleet_has_moved_where_that_is_clear_and_much(requests, shares, moved):
    assert has_moved("", counts(requests, *shares)) is moved


def test_a_fleet_that_stays_as_it_was_is_hardly_ever_thought_to_have_moved():
    rng = random.Random(3)  # noqa: S311
    moved = 0
    for _ in range(500):
        drawn = [rng.random() for _ in range(400)]
        shares = [sum(each > 1 - design for each in drawn) / 400 for design in LATENCY_SHARES]
        moved += has_moved("", counts(400, *shares))
    assert moved <= 5


def test_counting_anew_keeps_what_has_been_won():
    evidence = Evidence.start(PLAN)
    block = {name: Counts.of(500, 300, 1500, 750) for name in evidence.states}
    evidence = evidence.observe(block)
    again = evidence.with_counts_reset(["slow 0.5"])
    assert again.states["slow 0.5"].log_regression == evidence.states["slow 0.5"].log_regression > 0
    assert again.states["slow 0.5"].seen == Counts(0, 0, 0, 0)
    assert growth({"slow 0.5": Counts(10, 1, 20, 2)}, again.states)["slow 0.5"] == Counts(10, 1, 20, 2)
    assert again.states["slow 0.1"] == evidence.states["slow 0.1"]
