"""Choices by weight."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.endpoints.round_robin import SmoothRoundRobin


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any))
def test_over_a_whole_turn_every_item_gets_exactly_its_share(weights: list[int]) -> None:
    choice = SmoothRoundRobin(list(enumerate(map(float, weights))))
    counts = Counter(choice.choose() for _ in range(sum(weights)))
    assert [counts[i] for i in range(len(weights))] == weights


@given(st.integers(1, 50), st.integers(1, 400))
def test_at_no_moment_an_item_is_a_whole_choice_ahead_of_its_share(percent: int, requests: int) -> None:
    choice = SmoothRoundRobin([("blue", 1 - percent / 100), ("green", percent / 100)])
    green = 0
    for number in range(1, requests + 1):
        green += choice.choose() == "green"
        assert abs(green - number * percent / 100) <= 1 + 1e-9


def test_an_item_without_weight_is_never_chosen() -> None:
    choice = SmoothRoundRobin([("blue", 0.0), ("green", 1.0)])
    assert {choice.choose() for _ in range(10)} == {"green"}


def test_without_any_weight_there_is_nothing_to_choose() -> None:
    with pytest.raises(LookupError):
        SmoothRoundRobin([("blue", 0.0)]).choose()
