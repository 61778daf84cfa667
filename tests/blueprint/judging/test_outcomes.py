"""Captured requests and later outcomes, joined."""

import json

from blueprint.judging.counting import Fleets
from blueprint.judging.outcomes import GREEN, MOST_WAITING, Joined, clipped

FLEETS = Fleets("shop", "primary", "new", "old", "package/2", "package/1")
NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


def captured(id_, package, at="2026-01-01T12:00:30Z", event=True):
    metadata = {"eventId": "e", "inferenceTime": at, "customAttributes": ["trace=7", f"model_package={package}"]}
    metadata |= {"inferenceId": id_} if id_ else {}
    metadata |= {} if event else {"eventId": None}
    return json.dumps({"captureData": {}, "eventMetadata": metadata, "eventVersion": "0"})


def outcome(id_, value):
    return json.dumps({"inference_id": id_, "value": value})


def lines(*each):
    return "\n".join(each) + "\n"


def test_a_value_counts_for_the_fleet_that_answered_whichever_half_comes_first():
    joined = Joined()
    joined.add_outcomes(outcome("late capture", 2.5))
    joined.add_captures(
        lines(captured("late capture", "package/2"), captured("a", "package/1"), captured("b", "package/2")),
        FLEETS,
        since=NOON,
    )
    assert (joined.green, joined.blue) == ([2.5], [])
    joined.add_outcomes(lines(outcome("a", 5), outcome("never captured", 1)))
    assert (joined.green, joined.blue) == ([2.5], [5.0])
    assert joined.fleets == {"b": GREEN}


def test_what_waits_is_remembered_and_what_has_met_is_not_told_again():
    joined = Joined()
    joined.add_captures(lines(captured("a", "package/1"), captured("b", "package/2")), FLEETS, since=NOON)
    joined.add_outcomes(outcome("a", 1.0))
    joined.read.append("capture/x.jsonl")
    again = Joined.from_json(joined.to_json())
    assert (again.green, again.blue, again.read) == ([], [], ["capture/x.jsonl"])
    again.add_outcomes(lines(outcome("a", 1.0), outcome("b", -2.0)))
    assert (again.green, again.blue) == ([-2.0], [])


def test_requests_of_other_packages_times_and_without_an_id_are_left_out():
    joined = Joined()
    joined.add_captures(
        lines(
            captured("a", "package/9"),
            captured("b", "package/2", at="2026-01-01T11:59:59Z"),
            captured(None, "package/2", event=False),
            captured("c", "package/2", at="no time"),
        ),
        FLEETS,
        since=NOON,
    )
    assert not joined.fleets


def test_a_request_without_an_id_of_its_callers_goes_by_its_events():
    joined = Joined()
    joined.add_captures(captured(None, "package/2"), FLEETS, since=NOON)
    assert joined.fleets == {"e": GREEN}


def test_lines_that_are_no_outcome_are_counted_from_look_to_look():
    joined = Joined()
    assert joined.add_outcomes(lines("{", outcome("a", 1.0))) == 1
    again = Joined.from_json(joined.to_json())
    assert again.add_outcomes("[]") == 1
    assert again.malformed == 2


def test_a_ground_truth_is_worth_its_share_of_positive_rows():
    joined = Joined()
    joined.add_captures(captured("a", "package/2"), FLEETS, since=NOON)
    truth = {"groundTruthData": {"data": "yes\nno\n", "encoding": "CSV"}, "eventMetadata": {"eventId": "a"}}
    assert joined.add_outcomes(json.dumps(truth), positive_label="yes") == 0
    assert joined.green == [0.5]


def test_lines_that_are_broken_or_foreign_are_passed_over():
    joined = Joined()
    whole = captured("a", "package/2")
    joined.add_captures(lines(whole[:40], "[]", "7", '{"eventMetadata": null}', whole), FLEETS, since=NOON)
    joined.add_outcomes(lines('{"value": 1}', outcome("a", True), outcome("a", "1"), outcome("a", float("inf")), "{"))
    assert joined.fleets == {"a": GREEN}
    joined.add_outcomes(outcome("a", 0))
    assert joined.green == [0.0]


def test_what_is_remembered_has_an_end():
    joined = Joined(fleets={str(number): GREEN for number in range(MOST_WAITING + 10)})
    again = Joined.from_json(joined.to_json())
    assert len(again.fleets) == MOST_WAITING
    assert "0" not in again.fleets


def test_values_beyond_the_bounds_count_as_the_bounds():
    assert clipped([-9.0, 0.5, 9.0], -2.0, 5.5) == [-2.0, 0.5, 5.5]
