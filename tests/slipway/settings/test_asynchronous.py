import pytest

from slipway.costs.cost_estimate import serving_month
from slipway.costs.prices import load_prices
from slipway.costs.quotas import needs
from slipway.errors import InputError
from slipway.guardrails import planned_rollout, refuse_unsafe
from slipway.guardrails.alarms import metrics_of
from slipway.guardrails.published_metrics import endpoint_metric
from slipway.settings import parse_settings


def parsed(document, endpoint=None, **sections):
    kind = {"kind": "asynchronous", **(endpoint or {})}
    return parse_settings(document | {"endpoint": kind} | sections, source="config.toml")


def test_the_kind_alone_gives_a_queue_that_scales_to_zero(shoppers):
    endpoint = parsed(shoppers).endpoint
    assert (endpoint.asynchronous.notifications, endpoint.asynchronous.keep_days) == (("success", "error"), 30)
    assert (endpoint.scaled_between, endpoint.most_instances, endpoint.capture_percent) == ((0, 4), 4, 0)


def test_its_section_alone_makes_an_endpoint_asynchronous(shoppers):
    settings = parse_settings(shoppers | {"endpoint": {"asynchronous": {"keep_days": 7}}}, source="config.toml")
    assert (settings.endpoint.kind, settings.endpoint.asynchronous.keep_days) == ("asynchronous", 7)


@pytest.mark.parametrize(
    ("endpoint", "rollout", "reported"),
    [
        ({"capture_percent": 10}, {}, "endpoint.capture_percent must be 0 with endpoint.kind asynchronous, got 10"),
        ({}, {"shadow": {"enabled": True}}, "rollout.shadow.enabled must be false with endpoint.kind asynchronous"),
        ({"schedule": {"start": "cron(0 7 ? * * *)", "stop": "cron(0 19 ? * * *)"}}, {}, "it scales to zero"),
        ({"serverless": {"memory_mb": 1024}}, {}, "serverless must be left out with kind asynchronous"),
        ({"instance_count": 6, "asynchronous": {"scaling": {"max_instance_count": 5}}}, {}, "must be in 0..5"),
        ({"instance_type": "ml.t2.medium"}, {}, "must not be burstable to be autoscaled"),
    ],
)
def test_what_it_cannot_have_is_refused(shoppers, endpoint, rollout, reported):
    with pytest.raises(InputError, match=reported):
        parsed(shoppers, endpoint, rollout=rollout)


@pytest.mark.parametrize("type_", ["canary", "linear", "rolling", "all_at_once"])
def test_its_rollout_is_guarded_by_alarms_on_what_it_publishes(shoppers, type_):
    planned = planned_rollout(parsed(shoppers, rollout={"type": type_}))
    refuse_unsafe(planned)
    names = {alarm["AlarmName"].rpartition("-")[2] for alarm in planned.alarms}
    assert names >= {"ServerErrors", "ModelErrors", "Latency"}
    for alarm in planned.alarms:
        for watched in metrics_of(alarm):
            assert planned.kind in endpoint_metric(watched["Namespace"], watched["MetricName"]).kinds


def test_it_costs_and_needs_instances_as_any_fleet_does(shoppers):
    settings, prices = parsed(shoppers), load_prices()
    assert serving_month(settings, prices, instances=4, traffic=None)[0].what == "endpoint: 4 instances, ml.m5.large"
    assert needs(settings)[0].value == 8
