"""Requests and outcomes joined: each request counts once, at one age, in its arm and period."""

import json
from datetime import UTC, datetime
from math import isfinite

from slipway.experiment.joined_rewards import JoinedRewards

START = 1_767_268_800.0


def captures(*requests):
    lines = [
        {"eventMetadata": {"eventId": name, "inferenceTime": datetime.fromtimestamp(at, UTC).isoformat()}}
        for name, at in requests
    ]
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def outcomes(*found):
    return "".join(f"{json.dumps({'inference_id': name, 'value': value})}\n" for name, value in found)


def counted(joined):
    return [[(arm.count, arm.total) for arm in period] for period in joined.periods]


def test_a_request_counts_in_its_arm_and_period_once_it_is_old_enough():
    joined = JoinedRewards(START, arms=2)
    joined.begin_period(START + 100)
    joined.add_captures(captures(("a", START + 10), ("b", START + 110)), 0)
    joined.add_captures(captures(("c", START + 20), ("young", START + 190)), 1)
    joined.add_outcomes(outcomes(("a", 1), ("b", 0), ("c", 1), ("young", 1)), arrived=START + 188)
    joined.count_due(180, until=START + 300)
    assert counted(joined) == [[(1, 1), (1, 1)], [(1, 0), (0, 0)]]
    joined.count_due(180, until=START + 400)
    assert counted(joined)[1] == [(1, 0), (1, 1)]


def test_what_arrives_after_the_horizon_counts_in_no_arm():
    joined = JoinedRewards(START, arms=2)
    joined.add_captures(captures(("a", START), ("b", START)), 0)
    joined.add_outcomes(outcomes(("a", 1)), arrived=START + 59)
    joined.add_outcomes(outcomes(("b", 1)), arrived=START + 61)
    joined.count_due(60, until=START + 100)
    assert counted(joined) == [[(1, 1), (0, 0)]]


def test_requests_from_before_the_experiment_count_nowhere_and_values_have_bounds():
    joined = JoinedRewards(START, arms=2)
    joined.add_captures(captures(("before", START - 1), ("rich", START + 1)), 0)
    joined.add_outcomes(outcomes(("before", 1), ("rich", 1e9)), arrived=START + 2)
    joined.count_due(10, until=START + 100, bounds=(0.0, 50.0))
    assert counted(joined) == [[(1, 50.0), (0, 0)]]


def test_a_reward_whose_square_is_no_number_leaves_the_others_theirs():
    joined = JoinedRewards(START, arms=1)
    joined.add_captures(captures(("rich", START + 1), ("poor", START + 1)), 0)
    joined.add_outcomes(outcomes(("rich", 1e200), ("poor", -1e200)), arrived=START + 2)
    joined.count_due(10, until=START + 100)
    assert isfinite(joined.periods[0][0].scatter)


def test_a_request_that_is_captured_late_still_counts_and_one_too_late_does_not():
    joined = JoinedRewards(START, arms=2)
    joined.add_outcomes(outcomes(("late", 1), ("too late", 1)), arrived=START + 2)
    joined.count_due(10, until=START + 100)
    joined.add_captures(captures(("late", START + 1)), 1)
    joined.count_due(10, until=START + 200)
    assert counted(joined) == [[(0, 0), (1, 1)]]
    joined.count_due(10, until=START + 1000)
    joined.add_captures(captures(("too late", START + 1)), 1)
    joined.count_due(10, until=START + 1100)
    assert counted(joined) == [[(0, 0), (1, 1)]]


def test_too_much_that_waits_is_halved_by_chance_and_all_survives_between_polls():
    joined = JoinedRewards(START, arms=2)
    for arm in (0, 1):
        joined.add_captures(captures(*((f"{arm}-{number}", START + 5) for number in range(200))), arm)
    joined.count_due(60, until=START + 10, max_waiting=200)
    again = JoinedRewards.from_json(joined.to_json())
    assert again == joined
    arms = [arm for arm, _ in again.answered.values()]
    assert 0 < len(arms) <= 200
    assert abs(arms.count(0) - arms.count(1)) < 80


def test_lines_that_are_no_outcome_are_counted():
    joined = JoinedRewards(START, arms=2)
    assert joined.add_outcomes('{"inference_id": 3}\n{broken\n', arrived=START) == 2
    assert joined.malformed == 2
