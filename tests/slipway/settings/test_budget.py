import pytest
from pydantic import ValidationError

from slipway.settings import parse_settings
from slipway.settings.budget import Budget


def reported(**given):
    with pytest.raises(ValidationError) as caught:
        Budget(**{"monthly_usd": 100, **given})
    return str(caught.value)


def test_a_budget_is_reported_of_at_half_most_and_all_of_it_and_by_forecast(shoppers):
    settings = parse_settings(shoppers | {"budget": {"monthly_usd": 250}}, source="config.toml")
    assert settings.budget == Budget(monthly_usd=250, notify_at_percent=(50, 80, 100), forecast=True)


def test_a_budget_without_notices_is_refused():
    assert "must make 1..5 notices, got 0" in reported(notify_at_percent=(), forecast=False)


def test_a_budget_takes_five_notices_and_no_more():
    assert Budget(monthly_usd=1, notify_at_percent=(10, 20, 30, 40)).forecast
    assert "must make 1..5 notices, got 6" in reported(notify_at_percent=(10, 20, 30, 40, 50))


def test_a_share_is_named_once():
    assert "must name each share once, got 50, 50" in reported(notify_at_percent=(50, 50))


@pytest.mark.parametrize("amount", [0, -5, float("nan")])
def test_a_budget_is_an_amount_of_money(amount):
    assert "monthly_usd" in reported(monthly_usd=amount)
