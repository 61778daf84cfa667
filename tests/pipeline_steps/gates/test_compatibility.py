"""The gate against the server's own reader: what passes breaks no request, and what is refused could break one."""

import csv
import io
import json
from dataclasses import replace

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.gates.compatibility import compare
from pipeline_steps.server.messages import HttpError
from pipeline_steps.server.payload import read_payload
from tests.contracts import binary_contract

NAMES = ["age", "month", "spend", "Month"]
TEXTS = ["a", "b", "3", "Nov", "NA"]
OUTPUT = {"name": "score", "meaning": "probability of TRUE", "threshold": 0.5}


@st.composite
def columns(draw, name):
    if draw(st.booleans()):
        low = draw(st.sampled_from([0.0, 5.0]))
        return NumberColumn(name, low, low + 10, missing=draw(st.booleans()))
    categories = tuple(draw(st.lists(st.sampled_from(TEXTS), unique=True, max_size=4)))
    code = draw(st.integers(0, len(categories)))
    return CategoryColumn(name, categories, code, accepts_unknown=draw(st.booleans()), missing=draw(st.booleans()))


@st.composite
def contracts(draw):
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=3))
    found = tuple(draw(columns(name)) for name in names)
    return binary_contract(found, max_payload_rows=draw(st.sampled_from([1, 2, 3])))


@st.composite
def grown(draw, column):
    """The column as later data may show it: wider, or with another category."""
    if isinstance(column, NumberColumn):
        return replace(column, max=column.max + 1, missing=column.missing or draw(st.booleans()))
    spare = [text for text in (*TEXTS, "new") if text not in column.categories]
    at = draw(st.integers(0, len(column.categories)))
    return replace(
        column,
        categories=(*column.categories[:at], draw(st.sampled_from(spare)), *column.categories[at:]),
        other_code=draw(st.integers(0, len(column.categories) + 1)),
        accepts_unknown=column.accepts_unknown or draw(st.booleans()),
    )


@st.composite
def narrowed(draw, column):
    """The column as a careless training may leave it."""
    if isinstance(column, NumberColumn):
        return replace(column, missing=False)
    kept = column.categories[1:]
    changes = draw(st.sampled_from([{"missing": False}, {"accepts_unknown": False}, {"categories": kept}]))
    return replace(column, **changes, other_code=0)


@st.composite
def successors(draw, champion):
    """The champion with one thing changed, and now and then another: grown, narrowed, drawn anew, moved."""
    found, rows = list(champion.columns), champion.max_payload_rows
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        place = draw(st.integers(0, len(found) - 1))
        change = draw(st.sampled_from(["grow", "grow", "narrow", "narrow", "anew", "move", "rows", "add", "drop"]))
        spare = [name for name in NAMES if name not in {column.name for column in found}]
        if change in ("grow", "narrow", "anew"):
            drawn = {"grow": grown, "narrow": narrowed, "anew": lambda column: columns(column.name)}[change]
            found[place] = draw(drawn(found[place]))
        elif change == "move":
            found.append(found.pop(place))
        elif change == "rows":
            rows = draw(st.sampled_from([1, 2, 5]))
        elif change == "add" and spare:
            found.insert(place, draw(columns(spare[0])))
        elif change == "drop" and len(found) > 1:
            found.pop(place)
    return replace(champion, columns=tuple(found), max_payload_rows=rows)


CELLS = ["", "0", "7", "-1.5", "1e40", "NaN", "null", "unheard of", "inf", *TEXTS]
VALUES = [None, 0, 7, 3, -1.5, True, "", "unheard of", [], 10**400, *TEXTS]


def rows_around(contract, pool):
    """Rows of allowed values but for one place, which takes each value of the pool; and a few of these together."""
    usual = []
    for place in range(len(contract.columns)):
        alone = replace(contract, columns=contract.columns[place : place + 1])
        usual.append(next((value for value in pool if accepts(alone, list_of([[value]]))), pool[0]))
    for place in range(len(usual)):
        yield from ([*usual[:place], value, *usual[place + 1 :]] for value in pool)


def list_of(rows):
    return json.dumps({"instances": rows}).encode(), "application/json"


def csv_of(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(), "text/csv"


def requests(champion, repeats):
    """Requests as callers of `champion` send them: cells, lists and objects, some with columns left out."""
    names = [column.name for column in champion.columns]
    for row in rows_around(champion, CELLS):
        yield csv_of([row] * repeats)
    for row in rows_around(champion, VALUES):
        yield list_of([row] * repeats)
        whole = dict(zip(names, row, strict=True))
        yield list_of([whole] * repeats)
        yield from (list_of([{key: whole[key] for key in names if key != left_out}]) for left_out in names)
    yield list_of([{}])


def accepts(contract, request):
    try:
        read_payload(contract, *request)
    except HttpError:
        return False
    return True


def passes(champion, candidate):
    return not compare(champion, candidate, outputs=(OUTPUT, OUTPUT)).reasons


def closes(old, new):
    """A column of which the champion saw one value at most becomes a flag: its callers have two values now."""
    kinds = isinstance(old, CategoryColumn) and isinstance(new, CategoryColumn)
    return kinds and old.accepts_unknown and len(old.categories) < 2 and not new.accepts_unknown


def test_a_column_that_was_constant_may_become_a_flag_with_a_note():
    old = CategoryColumn("coupon", ("no",), 1, accepts_unknown=True, missing=True)
    new = CategoryColumn("coupon", ("no", "yes"), 2, accepts_unknown=False, missing=True)
    champion, candidate = (binary_contract((column,)) for column in (old, new))
    found = compare(champion, candidate, outputs=(OUTPUT, OUTPUT))
    assert found.reasons == ()
    assert found.notes == ("column coupon now takes only 'no', 'yes'; the champion saw fewer and takes any",)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_request_that_the_champion_accepts_is_accepted_by_every_candidate_that_passes(data):
    champion = data.draw(contracts())
    candidate = data.draw(successors(champion))
    if not passes(champion, candidate):
        event("refused by the gate")
        return
    assume(not any(closes(old, new) for old in champion.columns for new in candidate.columns if old.name == new.name))
    accepted = [request for request in requests(champion, champion.max_payload_rows) if accepts(champion, request)]
    event("the champion accepts some" if accepted else "the champion accepts none")
    for request in accepted:
        assert accepts(candidate, request), request


@settings(max_examples=100, deadline=None)
@given(old=columns("age"), new=columns("age"))
def test_a_column_of_the_same_kind_is_refused_only_if_some_request_breaks(old, new):
    champion, candidate = (binary_contract((column,), max_payload_rows=10) for column in (old, new))
    assume(type(old) is type(new))
    if not passes(champion, candidate):
        broken = [r for r in requests(champion, 1) if accepts(champion, r) and not accepts(candidate, r)]
        assert broken, (old, new)


@settings(deadline=None)
@given(contract=contracts())
def test_a_contract_is_compatible_with_itself(contract):
    assert compare(contract, contract, outputs=(OUTPUT, OUTPUT)).reasons == ()
    assert compare(contract, contract, outputs=(OUTPUT, OUTPUT)).notes == ()
