import pytest

from slipway.costs.cost_estimate import second_fleet, serving_month
from slipway.costs.prices import load_prices
from slipway.endpoint_kinds import SERVERLESS
from slipway.errors import InputError
from slipway.guardrails import planned_rollout, refuse_unsafe
from slipway.settings import parse_settings

FITTING = {
    "endpoint": {"serverless": {"memory_mb": 2048}, "capture_percent": 0},
    "rollout": {"type": "all_at_once"},
}


def parsed(document, **sections):
    return parse_settings(document | sections, source="config.toml")


def test_a_serverless_endpoint_is_updated_all_at_once_and_captures_nothing(shoppers):
    settings = parsed(shoppers, **FITTING)
    served = settings.endpoint.serverless
    assert (settings.endpoint.kind, served.memory_mb, served.max_concurrency) == ("serverless", 2048, 5)


def test_a_kind_needs_nothing_beside_its_name(shoppers):
    settings = parsed(shoppers, endpoint={"kind": "serverless"}, rollout={})
    assert (settings.rollout.type, settings.endpoint.capture_percent, settings.endpoint.serverless.memory_mb) == (
        "all_at_once",
        0,
        2048,
    )


def test_the_section_of_another_kind_is_refused(shoppers):
    with pytest.raises(InputError, match="serverless must be left out with kind real-time"):
        parsed(shoppers, endpoint={"kind": "real-time", "serverless": {"memory_mb": 1024}})


@pytest.mark.parametrize(("key", "value"), [("instance_type", "ml.c5.xlarge"), ("instance_count", 2)])
def test_instances_that_it_does_not_have_are_refused(shoppers, key, value):
    reported = f"{key} must be left out with kind serverless, which has no instances, got {value}"
    with pytest.raises(InputError, match=reported):
        parsed(shoppers, endpoint={"kind": "serverless", key: value}, rollout={})


def test_what_aws_leaves_out_of_serverless_endpoints_is_refused_all_at_once(shoppers):
    scaling = {"min_instance_count": 1, "max_instance_count": 4, "invocations_per_instance": 60}
    hours = {"start": "cron(0 7 ? * * *)", "stop": "cron(0 19 ? * * *)"}
    network = {"vpc_id": "vpc-01234567", "subnets": ["subnet-01234567"], "security_groups": ["sg-01234567"]}
    with pytest.raises(InputError) as caught:
        parsed(
            shoppers,
            endpoint={"kind": "serverless", "capture_percent": 100, "autoscaling": scaling, "schedule": hours},
            rollout={"type": "canary", "canary_analysis": {"enabled": True, "value": True}},
            access={"vpc": network},
        )
    lines = str(caught.value).splitlines()
    assert [line.split(" must ")[0].removeprefix("config.toml: ") for line in lines] == [
        "rollout.type",
        "rollout.canary_analysis.enabled",
        "rollout.canary_analysis.value",
        "endpoint.capture_percent",
        "endpoint.autoscaling",
        "endpoint.schedule",
        "access.vpc",
    ]


@pytest.mark.parametrize("type_", ["canary", "linear", "rolling"])
def test_every_way_but_all_at_once_is_refused(shoppers, type_):
    with pytest.raises(InputError, match=f"must be all_at_once with endpoint.kind serverless, got {type_}: a"):
        parsed(shoppers, **FITTING | {"rollout": {"type": type_}})


@pytest.mark.parametrize("memory", [512, 1500, 8192])
def test_memory_comes_in_whole_gigabytes_up_to_six(shoppers, memory):
    endpoint = FITTING["endpoint"] | {"serverless": {"memory_mb": memory}}
    with pytest.raises(InputError, match=r"endpoint\.serverless\.memory_mb"):
        parsed(shoppers, **FITTING | {"endpoint": endpoint})


def test_its_rollout_has_no_guardrails_that_sagemaker_would_ignore(shoppers):
    planned = planned_rollout(parsed(shoppers, **FITTING))
    assert (planned.kind, planned.deployment, planned.alarms) == (SERVERLESS, None, ())
    refuse_unsafe(planned)


def test_it_costs_no_instance_hour(shoppers):
    prices, settings = load_prices(), parsed(shoppers, **FITTING)
    assert not [line for line in serving_month(settings, prices, instances=4, traffic=None) if "hour" in line.unit]
    assert second_fleet(settings, prices) == []
