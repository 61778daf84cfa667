"""`rollout.plan = "auto"`: the plan of the recorded traffic, taken when the settings are read."""

import pytest

from slipway.errors import InputError
from slipway.settings import parse_settings
from slipway.settings.rollout_plan import planned, proposal

AUTO = {"plan": "auto", "requests_per_second": 5}


def test_the_plan_of_the_recorded_traffic_fills_what_is_not_given():
    found = planned(
        {"name": "shop", "rollout": {**AUTO, "final_bake_seconds": 60, "canary_analysis": {"scores": False}}}
    )
    expected = proposal(5, instances=4, analysis={"scores": False})
    assert found["rollout"] == {
        **expected.rollout(),
        **AUTO,
        "final_bake_seconds": 60,
        "canary_analysis": {**expected.analysis(), "scores": False},
    }
    assert found["name"] == "shop"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"type": "rolling", "final_bake_seconds": 300}, 4 * 3600 + 300 + 2700),
        ({"type": "linear", "step_percent": 10, "bake_seconds": 600, "final_bake_seconds": 300}, 10 * 600 + 300 + 2700),
        ({"type": "linear", "step_percent": 10}, 28_800),
        ({"final_bake_seconds": 3600}, 3600 + 3600 + 2700),
        ({"type": "rolling", "timeout_seconds": 20_000}, 20_000),
    ],
)
def test_the_time_of_an_update_has_the_waits_that_are_given_in_it(given, seconds):
    assert planned({"rollout": {**AUTO, **given}})["rollout"]["timeout_seconds"] == seconds


@pytest.mark.parametrize(
    ("endpoint", "instances"),
    [({"instance_count": 2}, 2), ({"instance_count": 8, "autoscaling": {"min_instance_count": 2}}, 2), ({}, 4)],
)
def test_the_fewest_instances_decide_what_a_canary_can_be(endpoint, instances):
    found = planned({"endpoint": endpoint, "rollout": AUTO})
    assert found["rollout"]["canary_percent"] == proposal(5, instances=instances).route.percent


LITTLE = {"plan": "auto", "requests_per_second": 0.2}


def test_where_there_is_little_traffic_the_plan_has_a_shadow_and_what_is_given_of_it_holds():
    found = planned({"rollout": {**LITTLE, "shadow": {"max_seconds": 3600}}})["rollout"]
    assert found["shadow"] == {"enabled": True, "max_seconds": 3600, "error_tolerance": 0.005}
    assert found["canary_analysis"]["error_tolerance"] == 0.03


@pytest.mark.parametrize(
    "given",
    [
        {"rollout": {**LITTLE, "shadow": {"enabled": False}}},
        {"rollout": LITTLE, "endpoint": {"instance_type": "ml.inf1.xlarge"}},
        {"rollout": LITTLE, "endpoint": {"kind": "asynchronous"}},
        {"rollout": {**LITTLE, "type": "rolling"}},
    ],
    ids=["switched off", "not offered for the instances", "not offered for the kind", "not offered for the update"],
)
def test_a_shadow_that_cannot_be_leaves_the_proof_to_the_canary(given):
    found = planned(given)["rollout"]
    assert not found.get("shadow", {}).get("enabled", False)
    assert found["canary_analysis"]["error_tolerance"] == 0.05


def test_settings_without_a_plan_stay_as_they_are():
    document = {"rollout": {"requests_per_second": 5}}
    assert planned(document) == document


@pytest.mark.parametrize("rate", [None, 0, "5", True, 9e-5, float("inf"), float("nan"), 10**400])
def test_a_plan_without_a_figure_is_refused(rate):
    with pytest.raises(
        InputError, match=r"requests_per_second must be given, in 0\.0001\.\.1000000, with rollout\.plan"
    ):
        planned({"rollout": {"plan": "auto", "requests_per_second": rate}})


@pytest.mark.parametrize(
    ("sections", "reported"),
    [
        ({"rollout": {**AUTO, "shadow": "on"}}, "rollout.shadow: must be a table"),
        ({"rollout": {**AUTO, "canary_analysis": True}}, "rollout.canary_analysis: must be a table"),
        ({"rollout": AUTO, "endpoint": {"kind": ["serverless"]}}, "endpoint.kind: must be 'real-time'"),
    ],
)
def test_a_section_of_the_wrong_type_is_reported_with_an_automatic_plan_too(shoppers, sections, reported):
    with pytest.raises(InputError, match=reported):
        parse_settings(shoppers | sections, source="config.toml")


def test_a_plan_for_one_instance_is_refused():
    with pytest.raises(InputError, match=r"rollout\.plan: a plan needs 2 instances at least"):
        planned({"rollout": AUTO, "endpoint": {"instance_count": 1}})
