"""Limits of the replay, as a use case writes them and as the job gets them."""

import pytest

from slipway.errors import InputError
from slipway.settings import parse_settings
from slipway.training.replay_job import replay_arguments

CAPTURES = "s3://bucket/capture/shoppers-dev/primary/"


@pytest.fixture
def with_replay(shoppers):
    def parse(**replay):
        rollout = shoppers["rollout"] | {"replay": replay}
        return parse_settings(shoppers | {"rollout": rollout}, source="config.toml")

    return parse


def test_a_use_case_need_not_say_anything_about_the_replay(with_replay):
    assert with_replay().rollout.replay.max_requests == 2000


@pytest.mark.parametrize(
    ("replay", "reported"),
    [
        ({"min_requests": 2001}, "min_requests must be at most max_requests 2000, got 2001"),
        ({"segments": ["Month", "Month"]}, "segments must name each column once, got Month, Month"),
        ({"max_score": 1}, "rollout.replay.max_score is not a known key"),
        ({"max_error_percent": 100}, "rollout.replay.max_error_percent: must be below 100.0, got 100"),
        ({"max_score_psi": 6}, "rollout.replay.max_score_psi: must be at most 5.0, got 6"),
    ],
)
def test_a_wrong_limit_is_reported(replay, reported, with_replay):
    with pytest.raises(InputError, match=reported):
        with_replay(**replay)


def test_a_segment_must_be_a_category_column(with_replay):
    with pytest.raises(InputError, match=r"must name category or boolean columns, Month, .*, got PageValues"):
        replay_arguments(with_replay(segments=["Month", "PageValues"]), captures=CAPTURES)


def test_more_segments_than_a_job_takes_arguments_are_refused(with_replay):
    settings = with_replay(segments=[f"c{number}" for number in range(100)])
    columns = {f"c{number}": "category" for number in range(100)}
    wide = settings.model_copy(update={"data": settings.data.model_copy(update={"columns": columns})})
    with pytest.raises(InputError, match="must be at most 93 columns, got 100"):
        replay_arguments(wide, captures=CAPTURES)
