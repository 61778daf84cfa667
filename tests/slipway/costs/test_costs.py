"""What things cost, by hand and by the table."""

import dataclasses
from datetime import date
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.costs.cost_estimate import (
    EndpointTraffic,
    extra_instance_hours,
    instance_lines,
    longest_run,
    planned_run,
    rollout_plan,
    second_fleet,
    serving_month,
    total,
)
from slipway.costs.prices import PRICES, Prices, load_prices
from slipway.errors import InputError
from slipway.settings import Settings, Tuning, load_settings
from slipway.settings.shadow import Shadow
from tests.slipway.settings.test_own_container import own_model

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def prices() -> Prices:
    return load_prices()


def changed(settings: Settings, section: str, **values: object) -> Settings:
    part = getattr(settings, section)
    return settings.model_copy(update={section: part.model_copy(update=values)})


def test_the_table_reports_its_date_region_and_source(prices: Prices) -> None:
    assert prices.region == "us-east-1"
    assert prices.as_of >= date(2026, 9, 28)
    assert prices.source.startswith("https://pricing.us-east-1.amazonaws.com/")


def test_within_a_family_the_price_follows_the_size(prices: Prices) -> None:
    """A slip in the table shows: AWS's on-demand prices of CPU families are proportional to the size."""
    sizes = {"large": 0.5, "xlarge": 1.0}
    by_family: dict[str, list[float]] = {}
    for name, price in prices.instance_hour.items():
        _, family, size = name.split(".")
        if family in ("m5", "c5", "r5"):
            units = sizes[size] if size in sizes else float(size.removesuffix("xlarge"))
            by_family.setdefault(family, []).append(price / units)
    for family, each in by_family.items():
        assert max(each) / min(each) < 1.01, family


def test_the_shipped_settings_can_be_priced(prices: Prices) -> None:
    for stage in ("dev", "prod"):
        shipped = load_settings(PROJECT / "config" / "shoppers.toml", stage)
        assert total(second_fleet(shipped, prices)) > 0
        assert total(instance_lines(planned_run(shipped, job_minutes=5), prices)) > 0


def test_an_unknown_type_is_refused_with_how_to_add_it(prices: Prices, settings: Settings) -> None:
    odd = changed(settings, "endpoint", instance_type="ml.x9.mega")
    with pytest.raises(InputError, match=r"must have ml\.x9\.mega.*add it under \[instance_hour\] in prices\.toml"):
        second_fleet(odd, prices)


def test_a_run_is_every_job_of_the_pipeline(prices: Prices, settings: Settings) -> None:
    # 2 processing jobs of 6 minutes at 0.115, and 1 + 12 training jobs at 0.23.
    lines = instance_lines(planned_run(settings, job_minutes=6), prices)
    assert total(lines) == pytest.approx(0.1 * (2 * 0.115 + 13 * 0.23))


def test_the_page_on_deployment_and_the_readme_say_what_the_example_costs(prices: Prices) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    page = (PROJECT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
    shipped = load_settings(PROJECT / "config" / "shoppers.toml", "dev")
    instances = shipped.endpoint.instance_count
    month = total(serving_month(shipped, prices, instances=instances, traffic=None))
    run = total(instance_lines(planned_run(shipped, job_minutes=5), prices))
    for text in (readme, page):
        assert f"`dev` costs about ${month:.0f} a month" in text
    assert f"asks for {instances} instances of `{shipped.endpoint.instance_type}`" in page
    assert f"A training run is about ${run:.2f}" in page


def test_a_grid_has_a_job_for_each_combination(settings: Settings) -> None:
    values = tuple(map(str, range(1, 7)))
    ranges = {name: {"type": "categorical", "values": values} for name in ("max_depth", "gamma", "reg_alpha")}
    tuning = Tuning.model_validate({"strategy": "Grid", "ranges": ranges})
    (tune,) = [
        u for u in planned_run(settings.model_copy(update={"tuning": tuning}), job_minutes=6) if "Tune" in u.what
    ]
    assert tune.what == "Tune: 216 jobs"
    assert tune.hours == pytest.approx(21.6)


def test_no_job_is_longer_than_it_may_be(settings: Settings) -> None:
    assert planned_run(settings, job_minutes=10_000) == longest_run(settings)
    assert {usage.hours for usage in longest_run(settings) if "Tune" not in usage.what} == {1.0}


def test_a_month_is_paid_for_every_instance(prices: Prices, settings: Settings) -> None:
    four = serving_month(settings, prices, instances=4, traffic=None)
    assert four[0].dollars == pytest.approx(4 * 730 * 0.115)
    assert {line.what for line in four} >= {
        "key",
        "the server's own metrics",
        "rollback alarms by the minute, by metric",
    }
    monitored = settings.model_copy(
        update={"monitoring": settings.monitoring.model_copy(update={"schedule": "cron(0 * ? * * *)"})}
    )
    (alarm,) = set(serving_month(monitored, prices, instances=4, traffic=None)) - set(four)
    assert (alarm.what, alarm.dollars) == ("alarms on schedules, by metric", 2 * prices.month.alarm_metric)


SHOPPERS, TABLE = load_settings(PROJECT / "config" / "shoppers.toml", "dev"), load_prices()


@hypothesis.settings(deadline=None)
@given(st.floats(0.001, 1000), st.floats(0.1, 100))
def test_traffic_only_adds_and_in_proportion(rate: float, kilobytes: float) -> None:
    def of(rate: float) -> float:
        with_traffic = serving_month(SHOPPERS, TABLE, instances=1, traffic=EndpointTraffic(rate, kilobytes))
        return total(with_traffic) - total(serving_month(SHOPPERS, TABLE, instances=1, traffic=None))

    assert of(rate) > 0
    assert of(2 * rate) == pytest.approx(2 * of(rate), abs=1e-6)


def test_a_request_a_second_of_a_kilobyte_is_2_6_gigabytes_a_month() -> None:
    assert EndpointTraffic(1.0).gigabytes_a_month == pytest.approx(2.628)


def test_a_shadow_costs_its_fleet_for_its_longest_time_and_one_more_update(prices: Prices, settings: Settings) -> None:
    rollout = settings.rollout.model_copy(update={"shadow": Shadow(enabled=True, percent=50, max_seconds=7200)})
    found = second_fleet(settings.model_copy(update={"rollout": rollout}), prices)
    assert [line.quantity for line in found] == pytest.approx([4 * 600 / 3600] * 2 + [2 * (7200 + 1200) / 3600])


def test_the_second_fleet_is_paid_while_both_are_there(prices: Prices, settings: Settings) -> None:
    # A canary: 480 s, then 120 s, with all four instances twice.
    assert extra_instance_hours(rollout_plan(settings)) == pytest.approx(4 * 600 / 3600)
    assert total(second_fleet(settings, prices)) == pytest.approx(4 * 600 / 3600 * 0.115)


def test_rolling_pays_for_one_batch_twice(settings: Settings) -> None:
    rolling = changed(settings, "rollout", type="rolling", step_percent=25)
    plan = rollout_plan(rolling)
    assert extra_instance_hours(plan) == pytest.approx(1 * (3 * 480 + plan.final_wait_seconds) / 3600)
    assert dataclasses.replace(plan, type="linear").instances == 4


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"ml.m5.large" = 0.115', '"ml.m5.large" = -1', "instance_hour.ml.m5.large"),
        ('"ml.m5.large" = 0.115', '"m5.large" = 0.1', "instance_hour"),
        ("as_of = 2026-09-28", "", "as_of"),
        ("[month]", "[month", "must be TOML"),
    ],
)
def test_a_table_with_a_mistake_is_reported(tmp_path: Path, old: str, new: str, problem: str) -> None:
    table = tmp_path / "prices.toml"
    text = PRICES.read_text()
    assert old in text
    table.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=problem.replace("[", r"\[")):
        load_prices(table)


def test_a_table_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="prices must be a readable file"):
        load_prices(tmp_path / "none.toml")


def test_own_containers_cost_a_replay_of_two_servers_and_no_evaluation(prices: Prices) -> None:
    jobs = [usage.what for usage in planned_run(own_model(), job_minutes=6)]
    assert jobs == ["Prepare: 1 job", "Tune: 2 jobs"]
    replay = [line for line in second_fleet(own_model(), prices) if line.what.startswith("replay")]
    assert [line.quantity for line in replay] == [0.5]
    month = serving_month(own_model(), prices, instances=1, traffic=None)
    assert "the server's own metrics" not in [line.what for line in month]
