"""CloudWatch's numbers → canary analysis's counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.canary.config import Tolerances
from slipway.canary.observation.counting import count_queries, growth, is_empty, totals
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Evidence
from slipway.canary.statistics.streams import SERVED
from tests.slipway.canary.observation.fleets import FLEETS, by_id, dimensions

PLAN = Tolerances()


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


def test_what_is_not_watched_is_not_asked_for():
    def asked(**watched):
        found = by_id(count_queries(Tolerances(**watched), FLEETS))
        return {stat["Metric"]["MetricName"] for stat in found.values()}

    assert asked(watches_scores=False) == {"InvocationModelErrors", "Requests", "Errors"}
    assert asked(watches_scores=False, watches_servers=False) == {"InvocationModelErrors"}


RESULTS = {
    "both_errors_samplecount": [900, 100],
    "both_errors_sum": [8, 1],
    "green_errors_samplecount": [250],
    "green_errors_sum": [4],
    "green_requests": [270],
    "green_errors": [5],
    "blue_requests": [800, 10],
    "blue_errors": [6],
    "green_scoredrows": [240],
    "green_tails": [50],
    "blue_scoredrows": [700],
    "blue_tails": [141],
}


def test_what_the_variant_counted_less_what_the_new_fleet_did_is_the_old_fleets():
    found = totals(PLAN, FLEETS, RESULTS)
    assert found["errors"] == Counts(250, 4, 750, 5)
    assert found[f"{SERVED}errors"] == Counts(270, 5, 810, 6)
    assert found["tails"] == Counts(240, 50, 700, 141)
    assert found["upper half"] == Counts(240, 0, 700, 0)


def test_a_block_is_what_the_counts_have_grown_by_even_if_numbers_arrive_late():
    first = {**RESULTS, "green_errors_sum": [2], "both_errors_sum": [7]}
    evidence = Evidence.start(PLAN).observe(growth(totals(PLAN, FLEETS, first), Evidence.start(PLAN).states))
    block = growth(totals(PLAN, FLEETS, RESULTS), evidence.states)
    assert block["errors"] == Counts(0, 0, 0, 0)  # hits without requests of their own
    more = {**RESULTS, "green_errors_samplecount": [300], "both_errors_samplecount": [1060]}
    block = growth(totals(PLAN, FLEETS, more), evidence.states)
    assert block["errors"] == Counts(50, 2, 10, 0)
    assert block["slow 0.5"] == Counts(0, 0, 0, 0)  # nobody has reported of latencies
    assert not is_empty(block)
    assert is_empty(growth(totals(PLAN, FLEETS, first), evidence.states))


@given(st.dictionaries(st.sampled_from(sorted(RESULTS)), st.lists(st.floats(0, 1e6), max_size=3)))
def test_numbers_that_do_not_fit_together_are_no_reason_to_fail(results):
    evidence = Evidence.start(PLAN).observe(growth(totals(PLAN, FLEETS, results), Evidence.start(PLAN).states))
    assert evidence.green_requests == pytest.approx(sum(results.get("green_errors_samplecount", [])))
