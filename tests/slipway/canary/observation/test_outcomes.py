"""Captured requests and later outcomes, joined."""

import json
from datetime import UTC, datetime

import pytest

from slipway.canary.observation.outcomes import JoinedOutcomes, clipped
from slipway.canary.observation.waiting_requests import LATE_SECONDS
from tests.slipway.canary.observation.fleets import FLEETS, NEW, NOON, OLD

HORIZON = 60.0
NOW = NOON + 600


def captured(id_, package, at=30.0, event=True):
    when = at if isinstance(at, str) else f"{datetime.fromtimestamp(NOON + at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    metadata = {"eventId": "e", "inferenceTime": when, "customAttributes": ["trace=7", f"model_package={package}"]}
    metadata |= {"inferenceId": id_} if id_ else {}
    metadata |= {} if event else {"eventId": None}
    return json.dumps({"captureData": {}, "eventMetadata": metadata, "eventVersion": "0"})


def outcome(id_, value):
    return json.dumps({"inference_id": id_, "value": value})


def lines(*each):
    return "\n".join(each) + "\n"


def joining(*each, since=NOON):
    """One request of each fleet, and others."""
    joined = JoinedOutcomes(since)
    joined.add_captures(lines(captured("first new", NEW, 0), captured("first old", OLD, 0), *each), FLEETS)
    return joined


def of_age(joined, until=NOW, **limit):
    """What has come of age, by fleet; what has come before is reported no more."""
    again = JoinedOutcomes.from_json(joined.to_json())
    again.count_due(HORIZON, until=until, **limit)
    joined.__dict__.update(again.__dict__)
    return again.green, again.blue


def test_a_value_counts_for_the_fleet_that_answered_whichever_half_comes_first():
    joined = JoinedOutcomes(NOON)
    joined.add_outcomes(outcome("late capture", 2.5), arrived=NOON + 40)
    each = captured("late capture", NEW), captured("a", OLD), captured("b", NEW)
    joined.add_captures(lines(*each), FLEETS)
    joined.add_outcomes(lines(outcome("a", 5), outcome("never captured", 1)), arrived=NOON + 80)
    assert of_age(joined) == ([2.5], [5.0])
    joined.add_outcomes(lines(outcome("b", 3), outcome("a", 1)), arrived=NOON + 85)
    assert of_age(joined) == ([], [])


@pytest.mark.parametrize("package", [NEW, OLD])
def test_an_outcome_counts_that_has_arrived_at_the_horizon_and_none_that_comes_later(package):
    joined = joining(captured("in time", package), captured("late", package))
    joined.add_outcomes(outcome("in time", 1.0), arrived=NOON + 30 + HORIZON)
    joined.add_outcomes(outcome("late", 2.0), arrived=NOON + 31 + HORIZON)
    joined.add_captures(lines(captured("x", NEW, 40), captured("y", OLD, 40)), FLEETS)
    assert sorted(of_age(joined)) == [[], [1.0]]


def test_the_first_outcome_of_a_request_counts():
    joined = joining(captured("a", NEW), captured("end", OLD))
    for value in (1.0, 2.0):
        joined.add_outcomes(outcome("a", value), arrived=NOON + 40 + value)
    assert of_age(joined) == ([1.0], [])


def test_a_request_is_looked_at_when_it_is_of_age_and_not_before():
    joined = joining(captured("a", NEW), captured("b", OLD, 31))
    joined.add_outcomes(lines(outcome("a", 1.0), outcome("b", 2.0)), arrived=NOON + 40)
    assert of_age(joined, NOON + 29 + HORIZON) == ([], [])
    joined.add_captures(captured("c", NEW, 90), FLEETS)
    assert of_age(joined, NOON + 30 + HORIZON) == ([1.0], [])
    assert of_age(joined, NOON + 31 + HORIZON) == ([], [2.0])


def test_values_come_in_the_order_of_the_requests():
    times = {"a": 7, "b": 3, "c": 9, "d": 5}
    joined = joining(*(captured(name, NEW, at) for name, at in times.items()), captured("end", OLD, 20))
    joined.add_outcomes(lines(*(outcome(name, times[name]) for name in "cadb")), arrived=NOON + 12)
    assert of_age(joined) == ([3.0, 5.0, 7.0, 9.0], [])


def test_what_the_old_fleet_answered_before_the_new_one_had_users_does_not_count():
    joined = JoinedOutcomes(NOON)
    joined.add_captures(lines(captured("before", OLD, 10), captured("beside", OLD, 20)), FLEETS)
    joined.add_outcomes(lines(outcome("before", 1.0), outcome("beside", 2.0)), arrived=NOON + 25)
    assert of_age(joined) == ([], [])
    joined.add_captures(lines(captured("new", NEW, 20), captured("end", OLD, 30)), FLEETS)
    assert of_age(joined) == ([], [2.0])
    joined.add_captures(captured("captured late", NEW, 19), FLEETS)
    joined.add_outcomes(outcome("captured late", 7.0), arrived=NOON + 25)
    assert of_age(joined) == ([], [])


def test_the_old_fleet_waits_until_the_new_ones_requests_of_the_time_have_been_captured():
    """Servers write what they capture at times of their own; values are compared of one time."""
    joined = joining(*(captured(f"old {at}", OLD, at) for at in (10, 200)))
    joined.add_outcomes(lines(outcome("old 10", 1.0), outcome("old 200", 2.0)), arrived=NOON + 205)
    assert of_age(joined) == ([], [])
    joined.add_captures(captured("new", NEW, 200), FLEETS)
    assert of_age(joined) == ([], [2.0])


def test_requests_that_are_captured_too_late_count_in_neither_fleet():
    end = NOON + 10 + HORIZON + LATE_SECONDS
    joined = joining(captured("new", NEW, 500), captured("old", OLD, 500))
    assert of_age(joined, end) == ([], [])
    at = {"a": 9, "b": 11}
    for package in (NEW, OLD):
        joined.add_captures(lines(*(captured(f"{name} {package}", package, at[name]) for name in at)), FLEETS)
    reported = [outcome(f"{name} {package}", value) for package in (NEW, OLD) for value, name in enumerate(at)]
    joined.add_outcomes(lines(*reported), arrived=NOON + 12)
    assert of_age(joined, end) == ([1.0], [1.0])


def test_what_waits_is_stored_and_what_has_come_of_age_is_not_reported_again():
    joined = joining(captured("a", OLD), captured("b", NEW), captured("end", NEW, 40), captured("end", OLD, 40))
    joined.add_outcomes(outcome("a", 1.0), arrived=NOON + 35)
    joined.read.append("capture/x.jsonl")
    assert of_age(joined) == ([], [1.0])
    assert of_age(joined) == ([], [])
    assert joined.read == ["capture/x.jsonl"]


def test_requests_of_other_packages_times_and_without_an_id_are_left_out():
    joined = JoinedOutcomes(NOON)
    joined.add_captures(
        lines(
            captured("a", "package/9"),
            captured("b", NEW, at=-1.0),
            captured(None, NEW, event=False),
            captured("c", NEW, at="no time"),
        ),
        FLEETS,
    )
    assert joined == JoinedOutcomes(NOON)


def test_a_request_without_an_id_of_its_callers_goes_by_its_events():
    joined = JoinedOutcomes(NOON)
    joined.add_captures(captured(None, NEW), FLEETS)
    assert joined.answered == {"e": ("green", NOON + 30)}


def test_an_id_that_both_fleets_answered_counts_once():
    joined = joining(captured("a", NEW), captured("end", NEW, 40), captured("end old", OLD, 40))
    joined.add_captures(captured("a", OLD, 32), FLEETS)
    joined.add_outcomes(outcome("a", 1.0), arrived=NOON + 50)
    assert of_age(joined) == ([], [1.0])


def test_lines_that_are_no_outcome_are_counted_from_look_to_look():
    joined = JoinedOutcomes(NOON)
    assert joined.add_outcomes(lines("{", outcome("a", 1.0)), arrived=NOON) == 1
    again = JoinedOutcomes.from_json(joined.to_json())
    assert again.add_outcomes("[]", arrived=NOON) == 1
    assert again.malformed == 2


def test_a_ground_truth_is_worth_its_share_of_positive_rows():
    joined = joining(captured("a", NEW), captured("end", OLD))
    truth = {"groundTruthData": {"data": "yes\nno\n", "encoding": "CSV"}, "eventMetadata": {"eventId": "a"}}
    assert joined.add_outcomes(json.dumps(truth), arrived=NOON + 40, positive_label="yes") == 0
    assert of_age(joined) == ([0.5], [])


def test_lines_that_are_broken_or_foreign_are_passed_over():
    whole = captured("a", NEW)
    joined = joining(whole[:40], "[]", "7", '{"eventMetadata": null}', whole, captured("end", OLD))
    none = '{"value": 1}', outcome("a", True), outcome("a", "1"), outcome("a", float("inf")), "{"
    joined.add_outcomes(lines(*none), arrived=NOON + 40)
    joined.add_outcomes(outcome("a", 0), arrived=NOON + 41)
    assert of_age(joined) == ([0.0], [])


def test_of_too_much_that_waits_every_second_id_is_left_out_and_with_it_its_other_half():
    ids = [f"{package} {number}\ud800" for package in (NEW, OLD) for number in range(500)]
    joined = joining(*(captured(name, name.split()[0], 30) for name in ids))
    assert of_age(joined, NOON + 50, max_waiting=300) == ([], [])
    waiting = set(joined.answered) - {"first new", "first old"}
    assert joined.halved == 2
    assert 200 < len(waiting) <= 300
    assert sum(name.startswith(NEW) for name in waiting) == pytest.approx(125, abs=30)
    joined.add_outcomes(lines(*(outcome(name, 1.0) for name in ids)), arrived=NOON + 40)
    assert set(joined.outcomes) == waiting
    joined.add_captures(lines(captured("end", OLD, 40), *(captured(name, NEW, 40) for name in "abcdefgh")), FLEETS)
    assert sum(map(len, of_age(joined))) == len(waiting)


def test_outcomes_of_requests_that_are_never_captured_are_forgotten():
    joined = joining(captured("new", NEW, 500), captured("old", OLD, 500))
    joined.add_outcomes(outcome("a", 1.0), arrived=NOON + 100)
    joined.add_outcomes(outcome("b", 1.0), arrived=NOON + 500)
    of_age(joined, NOON + 101 + HORIZON + LATE_SECONDS)
    assert list(joined.outcomes) == ["b"]


def test_before_the_new_fleet_answers_no_more_is_kept_than_it_may_need():
    joined = JoinedOutcomes(NOON)
    joined.add_captures(lines(captured("a", OLD, 100), captured("b", OLD, 500)), FLEETS)
    of_age(joined, NOON + 101 + HORIZON + LATE_SECONDS)
    assert list(joined.answered) == ["b"]


def test_values_beyond_the_bounds_count_as_the_bounds():
    assert clipped([-9.0, 0.5, 9.0], -2.0, 5.5) == [-2.0, 0.5, 5.5]
