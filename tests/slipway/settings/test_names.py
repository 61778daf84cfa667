import pytest

from slipway.settings.names import STACK_KINDS, Names


def test_two_stages_share_no_name():
    def all_names(stage):
        names = Names("shoppers", stage)
        return {names.pipeline, names.image_repository, names.rollout_function, *map(names.stack, STACK_KINDS)}

    assert not all_names("dev") & all_names("prod")


def test_the_longest_names_stay_within_what_sagemaker_takes():
    names = Names("a" * 24, "b" * 24)
    assert max(map(len, (names.endpoint, names.package_group, names.image_repository))) <= 63
    functions = (names.rollout_function, names.schedule_function, names.smoke_test)
    assert max(map(len, (*functions, names.starter_role))) <= 64  # Lambda's limit, and IAM's


def test_a_stack_kind_must_be_known():
    with pytest.raises(
        ValueError,
        match="kind must be one of storage, image, training, endpoint, rollout, monitoring, network, batch, got queue",
    ):
        Names("shoppers", "dev").stack("queue")
