"""When a decision is due, on a clock that may run faster than ours."""

from datetime import UTC, datetime

import pytest

from slipway.canary.config import AnalysisConfig, Tolerances, ValueBounds
from slipway.rollout.deployment import clock_rate, deployment_of, seconds_left
from slipway.rollout.plan import deployment_config
from slipway.settings import Rollout

START = 1_700_000_000.0
CONFIG = AnalysisConfig(Tolerances(), "roll_back", 60.0, "primary", deployment_config(Rollout(), ()), 4)


def endpoint(*, status="Baking", since=START, instances=4, rollout=None):
    at = datetime.fromtimestamp(since, UTC)
    variant = {"VariantName": "primary", "VariantStatus": [{"Status": status, "StartTime": at}]}
    variant |= {"DesiredInstanceCount": instances} if instances else {}
    described = {
        "EndpointConfigName": "old",
        "PendingDeploymentSummary": {
            "EndpointConfigName": "new",
            "StartTime": datetime.fromtimestamp(START - 60, UTC),
            "ProductionVariants": [variant],
        },
    }
    return described | ({"LastDeploymentConfig": deployment_config(rollout, ())} if rollout else {})


def left(rollout, *, bakes, now, rate=1.0, status="Baking", instances=4):
    described = endpoint(status=status, since=bakes[-1] if bakes else START, instances=instances, rollout=rollout)
    found = deployment_of(described, previous_config="old", config=CONFIG)
    return seconds_left(found, tuple(bakes), now=now, rate=rate)


def test_a_new_fleet_on_its_way_in_is_reported_from_the_one_that_serves():
    found = deployment_of(endpoint(), previous_config="old", config=CONFIG)
    assert (found.config, found.started, found.baking_since) == ("new", START - 60, START)
    assert deployment_of(endpoint(), previous_config="new", config=CONFIG) is None
    assert deployment_of({"EndpointConfigName": "old"}, previous_config="old", config=CONFIG) is None


def test_the_live_deployment_configuration_goes_before_the_deployed_settings():
    assert left(Rollout(bake_seconds=600), bakes=[START], now=START + 100) == 500
    assert left(None, bakes=[START], now=START + 100) == Rollout().bake_seconds - 100


def test_a_canary_is_analysed_in_its_one_bake():
    canary = Rollout(bake_seconds=300)
    assert left(canary, bakes=[], now=START, status="ActivatingTraffic") is None
    assert left(canary, bakes=[START], now=START + 250) == 50
    assert left(canary, bakes=[START], now=START + 400) == 0
    assert left(canary, bakes=[START], now=START + 301, status="ActivatingTraffic") == 0
    assert left(canary, bakes=[START, START + 320], now=START + 321) == 0


@pytest.mark.parametrize(("type_", "step"), [("linear", 25), ("rolling", 25)])
def test_steps_are_analysed_in_the_last_bake_before_everybody_is_served_by_the_new_fleet(type_, step):
    rollout = Rollout(type=type_, step_percent=step, bake_seconds=300)
    starts = [START, START + 310, START + 620]
    assert left(rollout, bakes=starts[:1], now=START + 299) is None
    assert left(rollout, bakes=starts[:2], now=START + 600) is None
    assert left(rollout, bakes=starts, now=START + 820) == 100


def test_fewer_instances_make_fewer_steps():
    rollout = Rollout(type="linear", step_percent=25, bake_seconds=300)
    assert left(rollout, bakes=[START], now=START + 100, instances=2) == 200


def test_all_at_once_is_analysed_in_its_final_bake():
    assert left(Rollout(type="all_at_once", bake_seconds=300), bakes=[START], now=START + 100) == 200


def test_bakes_are_counted_by_the_clock_of_the_state_machines_waits():
    reported = {"seconds": 15, "from": "2026-01-01T00:00:00.000Z", "to": "2026-01-01T00:00:00.600Z"}
    assert clock_rate(reported) == pytest.approx(25)
    assert left(Rollout(bake_seconds=300), bakes=[START], now=START + 8, rate=25) == pytest.approx(100)


@pytest.mark.parametrize("end", ["2026-01-01T00:00:15.400Z", "2026-01-01T00:01:00.000Z", "2026-01-01T00:00:00.000Z"])
def test_on_aws_a_second_is_a_second_however_late_the_function_is_called(end):
    assert clock_rate({"seconds": 15, "from": "2026-01-01T00:00:00.000Z", "to": end}) == 1


def test_a_config_travels_as_text():
    whole = AnalysisConfig(
        Tolerances(min_requests=7), "proceed", 30, "primary", {"a": 1}, 3, ValueBounds(-1.0, 2.0, 0.5)
    )
    assert AnalysisConfig.from_json(whole.to_json()) == whole
    assert AnalysisConfig.from_json(CONFIG.to_json()) == CONFIG
