"""The shadow: what a use case may ask for, and on how many instances it runs."""

import pytest

from slipway.errors import InputError
from slipway.settings import parse_settings
from slipway.settings.shadow import Shadow

ANALYSED = {"canary_analysis": {"enabled": True}}


def parsed(document, **sections):
    return parse_settings(document | sections, source="config.toml")


def test_no_use_case_has_a_shadow_unless_it_asks_for_one(shoppers):
    assert not parsed(shoppers).rollout.shadow.enabled


@pytest.mark.parametrize(
    ("endpoint", "rollout", "reported"),
    [
        ({}, {}, "rollout.canary_analysis must be on with rollout.shadow"),
        ({}, ANALYSED | {"type": "rolling"}, "must be canary, linear or all_at_once with rollout.shadow, got rolling"),
        ({"instance_type": "ml.inf1.xlarge"}, ANALYSED, "must not be of Inferentia 1 with rollout.shadow, got ml.inf1"),
        (
            {"kind": "serverless"},
            {},
            "rollout.shadow.enabled must be false with endpoint.kind serverless",
        ),
    ],
)
def test_what_sagemaker_does_not_offer_beside_a_shadow_is_refused(shoppers, endpoint, rollout, reported):
    with pytest.raises(InputError, match=reported):
        parsed(shoppers, endpoint=endpoint, rollout=rollout | {"shadow": {"enabled": True}})


@pytest.mark.parametrize(("percent", "instances"), [(100, 12), (50, 6), (1, 1)])
def test_its_fleet_is_its_share_of_the_largest_that_autoscaling_makes(shoppers, percent, instances):
    scaling = {"min_instance_count": 4, "max_instance_count": 12, "invocations_per_instance": 60}
    endpoint = parsed(shoppers, endpoint={"autoscaling": scaling}).endpoint
    assert Shadow(percent=percent).instances(endpoint.most_instances) == instances
