"""What the old fleet counted before: what is asked for, and what is made of it."""

import pytest

from slipway.canary.config import Tolerances
from slipway.canary.observation.history import HISTORY_SECONDS, history_dispersions, history_queries
from slipway.canary.observation.latencies import LatencyBaseline
from slipway.canary.statistics.evidence import Evidence
from slipway.canary.statistics.streams import SERVED
from tests.slipway.canary.observation.fleets import FLEETS, NOON, by_id, dimensions

PLAN = Tolerances()
USUAL = {source: LatencyBaseline((1000.4, 2000.0, 9000.0), 0.0) for source in ("", SERVED)}
NAMES = Evidence.start(PLAN).states.keys()


def test_one_request_to_cloudwatch_holds_all_queries_and_all_datapoints():
    found = by_id(history_queries(PLAN, FLEETS, USUAL, NAMES))
    assert len(found) < 500
    assert sum(HISTORY_SECONDS / stat["Period"] for stat in found.values()) < 100_800
    assert all(id_[0].islower() and id_.replace("_", "").isalnum() for id_ in found)


def test_the_servers_are_asked_every_ten_seconds_and_sagemaker_every_minute():
    found = by_id(history_queries(PLAN, FLEETS, USUAL, NAMES))
    periods = {(stat["Metric"]["Namespace"], stat["Period"]) for stat in found.values()}
    assert periods == {("AWS/SageMaker", 60), ("Slipway/Endpoint", 10)}
    assert dimensions(found["errors_own_hits"])["EndpointConfigName"] == "old"
    assert dimensions(found["errors_variant_hits"]) == FLEETS.both
    assert dimensions(found["tails_own_requests"])["ModelPackageArn"] == "package/1"
    assert (found["slow_0_1_own_hits"]["Stat"], found["served_slow_0_5_own_hits"]["Stat"]) == ("TC(2000:)", "TC(1000:)")
    assert found["slow_beyond_tolerance_own_hits"] == found["slow_0_1_own_hits"]
    assert {id_.rsplit("_", 2)[0] for id_ in found} == {name.replace(" ", "_").replace(".", "_") for name in NAMES}


def test_only_what_is_missing_watched_and_known_is_asked_for():
    def names(plan=PLAN, usual=USUAL, missing=NAMES):
        return {id_.rsplit("_", 2)[0] for id_ in by_id(history_queries(plan, FLEETS, usual, missing))}

    assert names(missing={"errors"}) == {"errors"}
    assert names(usual={}) == {"errors", "served_errors", "upper_half", "tails"}
    assert names(Tolerances(watches_scores=False, watches_servers=False), {"": LatencyBaseline()}) == {"errors"}
    assert names(missing=()) == set()


def every(seconds, values, start=NOON):
    return {start + seconds * number: value for number, value in enumerate(values)}


def reported(name, whose, requests, hits, seconds=60):
    return {f"{name}_{whose}_requests": every(seconds, requests), f"{name}_{whose}_hits": every(seconds, hits)}


EVEN, BURSTS = [100.0] * 60, [0.0, 10.0] * 30


def test_the_old_fleets_own_counts_go_before_the_variants():
    variant = reported("errors", "variant", EVEN, [5.0] * 60)
    own = reported("errors", "own", EVEN, BURSTS)
    assert history_dispersions(PLAN, {}, {"errors"}, variant)["errors"] < 1e-9  # as even as no chance is
    found = history_dispersions(PLAN, {}, {"errors"}, {**variant, **own})
    assert found["errors"] == pytest.approx(50 * 0.1**2 / (0.05 * 0.95))
    assert found.keys() == {"errors", "errors at first", "errors within minutes", "errors over minutes"}


def test_minutes_that_nothing_was_reported_of_had_no_requests():
    whole = reported("errors", "own", EVEN, BURSTS)
    gap = {id_: {at: v for at, v in points.items() if not 600 <= at - NOON < 900} for id_, points in whole.items()}
    silent = {**gap, "errors_own_hits": {at: v for at, v in gap["errors_own_hits"].items() if v}}
    known = history_dispersions(PLAN, {}, {"errors"}, gap)
    assert known["errors"] == pytest.approx(history_dispersions(PLAN, {}, {"errors"}, whole)["errors"], rel=0.02)
    assert history_dispersions(PLAN, {}, {"errors"}, silent) == known


def test_hits_that_are_ahead_of_their_requests_are_no_reason_to_fail():
    ahead = reported("errors", "own", [100.0] * 59, [0.0, 10.0] * 29 + [500.0, 3.0])
    assert history_dispersions(PLAN, {}, {"errors"}, ahead)["errors"] > 1


def test_windows_of_the_servers_are_compared_within_their_minute():
    steps = [2.0] * 6 + [20.0] * 6
    series = {
        f"served_errors_own_{what}": every(10, values, NOON + 20)
        for what, values in (("requests", [50.0] * 356), ("hits", (steps * 30)[:356]))
    }
    assert history_dispersions(PLAN, {}, {"served errors"}, series)["served errors"] > 1
    series = {id_: every(10, points.values(), NOON) for id_, points in series.items()}
    assert history_dispersions(PLAN, {}, {"served errors"}, series)["served errors"] < 1e-9


def test_what_is_not_known_is_not_told():
    assert history_dispersions(PLAN, USUAL, NAMES, {}) == {}
