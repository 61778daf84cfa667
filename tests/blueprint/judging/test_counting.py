"""CloudWatch's numbers → the judge's counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.judging.counting import (
    Fleets,
    count_queries,
    growth,
    is_empty,
    latency_queries,
    reference_of,
    reference_queries,
    totals,
)
from blueprint.verdicts import Counts, Evidence, JudgePlan

PLAN = JudgePlan()
FLEETS = Fleets("shop", "primary", "new", "old", "package/2", "package/1")


def by_id(queries):
    assert len({query["Id"] for query in queries}) == len(queries)
    return {query["Id"]: query["MetricStat"] for query in queries}


def dimensions(stat):
    return {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]}


def test_the_new_fleet_is_selected_by_its_config_and_its_package():
    found = by_id(count_queries(PLAN, FLEETS))
    assert dimensions(found["green_errors_sum"]) == {
        "EndpointName": "shop",
        "VariantName": "primary",
        "EndpointConfigName": "new",
    }
    assert dimensions(found["both_errors_sum"]) == {"EndpointName": "shop", "VariantName": "primary"}
    assert dimensions(found["green_tails"])["ModelPackageArn"] == "package/2"
    assert dimensions(found["blue_tails"])["ModelPackageArn"] == "package/1"


def test_scores_that_are_not_watched_are_not_asked_for():
    found = by_id(count_queries(JudgePlan(watches_scores=False), FLEETS))
    assert {stat["Metric"]["MetricName"] for stat in found.values()} == {"InvocationModelErrors"}


def test_latencies_are_counted_above_limits_in_microseconds():
    found = by_id(latency_queries(PLAN, FLEETS, (1000.4, 2000.0, 9000.0)))
    statistics = {id_: stat["Stat"] for id_, stat in found.items()}
    assert statistics["both_above_0"] == "TC(1000:)"
    assert statistics["green_noise_1"] == "TC(2200:)"
    assert statistics["green_tolerance"] == "TC(3000:)"
    assert statistics["green_latency"] == "SampleCount"


def test_one_request_to_cloudwatch_may_hold_all_queries():
    ids = [*by_id(count_queries(PLAN, FLEETS)), *by_id(latency_queries(PLAN, FLEETS, (1, 2, 3)))]
    assert len(ids) < 500
    assert all(id_[0].islower() and id_.replace("_", "").isalnum() for id_ in ids)


def test_usual_latencies_are_the_old_fleets_own_where_they_are_known():
    def told(name, count, first):
        return {
            f"{name}_samplecount": [10.0, count],
            f"{name}_p50": [1, first],
            f"{name}_p90": [2, first + 1],
            f"{name}_p99": [3, first + 2],
        }

    assert reference_of({**told("own", 5000, 100), **told("variant", 9000, 7)}) == (100, 101, 102)
    assert reference_of({**told("own", 50, 100), **told("variant", 9000, 7)}) == (7, 8, 9)
    assert reference_of({**told("own", 50, 100), **told("variant", 99, 7)}) == ()
    assert reference_of({}) == ()
    assert set(by_id(reference_queries(FLEETS))) == {*told("own", 1, 1), *told("variant", 1, 1)}


RESULTS = {
    "both_errors_samplecount": [900, 100],
    "both_errors_sum": [8, 1],
    "green_errors_samplecount": [250],
    "green_errors_sum": [4],
    "both_latency": [1000],
    "green_latency": [250],
    "both_above_1": [130],
    "green_above_1": [40],
    "green_noise_1": [33],
    "green_tolerance": [12],
    "green_scoredrows": [240],
    "green_tails": [50],
    "blue_scoredrows": [700],
    "blue_tails": [141],
}


def test_what_the_variant_counted_less_what_the_new_fleet_did_is_the_old_fleets():
    found = totals(PLAN, RESULTS)
    assert found["errors"] == Counts(250, 4, 750, 5)
    assert found["slow 0.1"] == Counts(250, 33, 750, 90)
    assert found["slow beyond tolerance"] == Counts(250, 12, 750, 90)
    assert found["tails"] == Counts(240, 50, 700, 141)
    assert found["upper half"] == Counts(240, 0, 700, 0)
    assert found.keys() == Evidence.start(PLAN).states.keys()


def test_a_block_is_what_the_counts_have_grown_by_even_if_numbers_arrive_late():
    first = {**RESULTS, "green_errors_sum": [2], "both_errors_sum": [7]}
    evidence = Evidence.start(PLAN).observe(growth(totals(PLAN, first), Evidence.start(PLAN).states))
    block = growth(totals(PLAN, RESULTS), evidence.states)
    assert block["errors"] == Counts(0, 0, 0, 0)  # hits without requests of their own
    more = {**RESULTS, "green_errors_samplecount": [300], "both_errors_samplecount": [1060]}
    block = growth(totals(PLAN, more), evidence.states)
    assert block["errors"] == Counts(50, 2, 10, 0)
    assert not is_empty(block)
    assert is_empty(growth(totals(PLAN, first), evidence.states))


@given(st.dictionaries(st.sampled_from(sorted(RESULTS)), st.lists(st.floats(0, 1e6), max_size=3)))
def test_numbers_that_do_not_fit_together_are_no_reason_to_fail(results):
    evidence = Evidence.start(PLAN).observe(growth(totals(PLAN, results), Evidence.start(PLAN).states))
    assert evidence.green_requests == pytest.approx(sum(results.get("green_errors_samplecount", [])))
