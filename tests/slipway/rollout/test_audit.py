"""Whatever is done to a log afterwards is found."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from slipway.rollout.audit import NO_ENTRY, AuditError, Entry, append, body, entry, read, verify

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
brief = settings(patient, max_examples=25)
"""Where only places in a chain matter: of one to five entries, of which two may be swapped in twenty ways."""
TIME = "2026-11-22T18:00:00Z"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)
acts = st.fixed_dictionaries(
    {
        "time": st.just(TIME) | st.text(max_size=8),
        "actor": st.text(max_size=8),
        "action": st.sampled_from(["pause", "promote", "abort"]),
        "subject": st.text(max_size=8),
        "detail": st.dictionaries(st.text(max_size=4), json_values, max_size=2),
    }
)


@st.composite
def chains(draw: st.DrawFn, at_least: int = 1) -> list[Entry]:
    made: list[Entry] = []
    for act in draw(st.lists(acts, min_size=at_least, max_size=5)):
        made.append(entry(made[-1] if made else None, **act))
    return [json.loads(body(each)) for each in made]


@patient
@given(chains(at_least=0))
def test_what_was_written_and_read_again_is_intact(chain: list[Entry]) -> None:
    assert verify(chain) is None


@brief
@given(chains())
def test_the_first_entry_follows_nothing_and_numbers_are_without_gaps(chain: list[Entry]) -> None:
    assert chain[0]["previous"] == NO_ENTRY
    assert [each["sequence"] for each in chain] == list(range(1, len(chain) + 1))


@patient
@given(chains(), st.data())
def test_an_edited_entry_is_found_where_it_is(chain: list[Entry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    name = data.draw(st.sampled_from(sorted(chain[at])))
    value = data.draw(json_values)
    assume(body({name: value}) != body({name: chain[at][name]}))
    chain[at][name] = value
    assert verify(chain) == at + 1


@brief
@given(chains(), st.data())
def test_an_entry_edited_with_a_new_hash_is_found_at_the_next(chain: list[Entry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    forged = _forged(chain, at)
    assert verify([*chain[:at], forged, *chain[at + 1 :]], head=chain[-1]["hash"]) == at + 2


def _forged(chain: list[Entry], at: int) -> Entry:
    given = {name: chain[at][name] for name in ("time", "actor", "action", "subject", "detail")}
    return entry(chain[at - 1] if at else None, **{**given, "actor": given["actor"] + "!"})


@brief
@given(chains(), st.data())
def test_newest_entries_that_were_removed_are_found_by_a_head_noted_elsewhere(
    chain: list[Entry], data: st.DataObject
) -> None:
    kept = data.draw(st.integers(0, len(chain) - 1))
    assert verify(chain[:kept]) is None
    assert verify(chain[:kept], head=chain[-1]["hash"]) == kept + 1


@brief
@given(chains(at_least=2), acts, st.data())
def test_an_entry_that_was_removed_swapped_inserted_or_written_twice_is_found(
    chain: list[Entry], act: dict[str, Any], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(chain) - 2))
    before, one, after = chain[:at], chain[at], chain[at + 1 :]
    assert verify([*before, *after]) == at + 1
    assert verify([*before, one, one, *after]) == at + 2
    other = data.draw(st.integers(0, len(after) - 1))
    assert verify([*before, after[other], *after[:other], one, *after[other + 1 :]]) == at + 1
    inserted = entry(before[-1] if before else None, **act)
    assume(inserted["hash"] != one["hash"])
    assert verify([*before, inserted, one, *after]) == at + 2


def test_what_json_cannot_hold_is_not_written() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        entry(None, time=TIME, actor="me", action="pause", subject="e", detail={"share": float("nan")})


@dataclass
class FakeLog:
    """Others write between our reading and our writing, `rivals` times."""

    rivals: int = 0
    entries: list[Entry] = field(default_factory=list)

    def last(self) -> Entry | None:
        seen = self.entries[-1] if self.entries else None
        if self.rivals:
            self.rivals -= 1
            self.entries.append(entry(seen, time=TIME, actor="rival", action="pause", subject="e", detail={}))
        return seen

    def put(self, sequence: int, body: bytes) -> bool:
        if any(each["sequence"] == sequence for each in self.entries):
            return False
        self.entries.append(json.loads(body))
        return True


MINE: Mapping[str, Any] = {"time": TIME, "actor": "me", "action": "abort", "subject": "e", "detail": {"reason": "slow"}}


def test_a_lost_race_is_run_again_behind_the_winner() -> None:
    log = FakeLog(rivals=3)
    mine = append(log, **MINE)
    assert mine["sequence"] == 4
    assert [each["actor"] for each in log.entries] == ["rival", "rival", "rival", "me"]
    assert verify(log.entries) is None


def test_a_race_lost_for_ever_is_told() -> None:
    with pytest.raises(AuditError, match="others were faster"):
        append(FakeLog(rivals=1000), **MINE)


@pytest.mark.parametrize("rubbish", [b"", b"[]", b'{"sequence": 1}', b'{"sequence": 2}', b"\xff"])
def test_the_log_goes_on_behind_an_entry_that_was_destroyed(rubbish: bytes) -> None:
    first = entry(None, **MINE)
    destroyed = read(rubbish, 2)
    third = entry(destroyed, **MINE)
    assert third["sequence"] == 3
    assert verify([first, destroyed, third]) == 2
