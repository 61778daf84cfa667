"""[experiment]: what a use case may ask for."""

import pytest

from slipway.errors import InputError
from slipway.settings import parse_settings

GOOD = {"expected": 0.1, "effect": 0.02}


def parsed(document, **sections):
    return parse_settings(document | sections, source="config.toml")


def test_no_use_case_has_experiments_unless_it_asks_for_them(shoppers):
    assert parsed(shoppers).experiment is None
    assert parsed(shoppers, experiment=GOOD).experiment.plan().arms == 2


@pytest.mark.parametrize(
    ("experiment", "reported"),
    [
        ({"effect": 0.02}, "experiment.expected"),
        (GOOD | {"expected": 12.0}, "expected must be in 1e-06..0.999999 with reward yes_no, got 12"),
        (GOOD | {"effect": 0.95}, "effect must leave a share in 0..1"),
        (GOOD | {"effect": 1e-300}, "effect must be at least 1e-06 with reward yes_no, got 1e-300"),
        (
            GOOD | {"reward": "value", "spread": 1e6, "effect": 1e-300},
            "effect must be at least 1, a millionth",
        ),
        (GOOD | {"confidence": 0.9999999999999999}, "experiment.confidence"),
        (GOOD | {"test": "non_inferiority", "effect": 0.1}, "effect must leave a share in 0..1"),
        (GOOD | {"spread": 2.0}, "spread must be left out with reward yes_no"),
        (GOOD | {"reward": "value", "spread": 1e-267}, "experiment.spread: must be at least 1e-12"),
        (GOOD | {"reward": "value"}, "spread must be given with reward value"),
        (
            GOOD | {"reward": "value", "spread": 1.0, "least": 2.0, "greatest": 1.0},
            "least must be below greatest, got 2 and 1",
        ),
        (GOOD | {"challengers": 4, "floor": 0.2}, "floor must leave something of 1 for 5 arms"),
        (GOOD | {"champion_share": 0.5}, "champion_share must be left out with mode thompson"),
        (GOOD | {"max_days": 180, "update_minutes": 10}, "at most 2000 polls, got 25920: write update_minutes 130"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(shoppers, experiment, reported):
    with pytest.raises(InputError, match=reported):
        parsed(shoppers, experiment=experiment)


SCALING = {"min_instance_count": 2, "max_instance_count": 4, "invocations_per_instance": 60}


@pytest.mark.parametrize(
    ("endpoint", "reported"),
    [
        ({"capture_percent": 0}, "experiment must be left out with endpoint.capture_percent 0"),
        ({"autoscaling": SCALING, "instance_count": 2}, "endpoint.autoscaling must be left out with experiment"),
        ({"capture_days": 7}, "experiment.outcome_seconds must be at most 518400, got 600000"),
    ],
)
def test_requests_must_be_captured_and_each_arm_able_to_serve_all_of_them(shoppers, endpoint, reported):
    with pytest.raises(InputError, match=reported):
        parsed(shoppers, experiment=GOOD | {"outcome_seconds": 600_000}, endpoint=endpoint)
