"""AlarmRule expressions."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.cloudwatch import AlarmState, CompositeRule, composite_rule
from slipway.errors import InputError

OK, ALARM, INSUFFICIENT = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
STATES = {"bad": ALARM, "good": OK, "new": INSUFFICIENT, "new-fleet (errors)": ALARM}


def rule(text: str, **more: Any) -> CompositeRule:
    return composite_rule({"AlarmName": "fleet", "AlarmRule": text, **more})


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("TRUE", True),
        ("FALSE", False),
        ('ALARM("bad")', True),
        ("ALARM(bad)", True),
        ("OK(bad)", False),
        ("INSUFFICIENT_DATA(new)", True),
        ("ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:bad)", True),
        ('ALARM("new-fleet (errors)")', True),
        ('ALARM("none")', False),
        ('NOT ALARM("none")', True),
        ("NOT OK(bad) AND ALARM(bad)", True),
        ("ALARM(good) AND ALARM(bad) OR ALARM(bad)", True),
        ("ALARM(bad) OR ALARM(bad) AND ALARM(good)", True),
        ("(ALARM(bad) OR ALARM(bad)) AND ALARM(good)", False),
        ("NOT (ALARM(good) OR ALARM(new))", True),
        ("NOT NOT ALARM(bad)", True),
        ("AT_LEAST(2, ALARM, (bad, good, new))", False),
        ("AT_LEAST(2, NOT ALARM, (bad, good, new))", True),
        ("AT_LEAST(30%, ALARM, (bad, good, new))", True),
    ],
)
def test_a_rule_means_what_it_says(text: str, holds: bool) -> None:
    assert rule(text).state(STATES.get) is (ALARM if holds else OK)


def test_the_children_are_named_once_and_in_order() -> None:
    text = 'ALARM("b") AND (OK(a) OR NOT ALARM(b)) AND AT_LEAST(1, OK, (c, a))'
    assert rule(text).children == ("b", "a", "c")


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("ALARM(a) AND", "Unsupported token '<EOF>' at char 12"),
        ("ALARM(a) ALARM(b)", "Unsupported token 'ALARM' at char 9, must be: <EOF>, 'AND', 'OR'"),
        ("ALARM()", r"Unsupported token '\)' at char 6"),
        ("ALARM(a", "Unsupported token '<EOF>' at char 7"),
        ("alarm(a)", "Unsupported token 'alarm' at char 0, must be: "),
        ("AT_LEAST(x, ALARM, (a))", "Unsupported token 'x' at char 9"),
        ("AT_LEAST(1, BAD, (a))", "Unsupported token 'BAD' at char 12"),
        ("NOT " * 101 + "TRUE", "Unsupported token 'NOT'"),
        ("", "must have 1..10240 characters, got 0"),
        (" OR ".join(f"ALARM(a{number})" for number in range(101)), "at most 100 alarms, got 101"),
        (" OR ".join(["TRUE"] * 501), "at most 500 elements, got 501"),
    ],
)
def test_what_is_no_rule_is_refused_in_cloudwatchs_words(text: str, reported: str) -> None:
    with pytest.raises(InputError, match=reported):
        rule(text)


def test_an_actions_suppressor_is_refused_clearly() -> None:
    with pytest.raises(InputError, match="ActionsSuppressor is not supported, got maintenance"):
        rule("TRUE", ActionsSuppressor="maintenance")


Truth = Callable[[Mapping[str, AlarmState]], bool]
Drawn = tuple[str, Truth]


def leaf(state: AlarmState, name: str, quoted: bool) -> Drawn:
    shown = f'"{name}"' if quoted else name
    return f"{state}({shown})", lambda states: states[name] is state


def negated(inner: Drawn) -> Drawn:
    return f"NOT {inner[0]}", lambda states: not inner[1](states)


def joined(parts: list[Drawn], word: str) -> Drawn:
    decide = all if word == "AND" else any
    return f"({f' {word} '.join(text for text, _ in parts)})", lambda states: decide(true(states) for _, true in parts)


LEAVES = st.one_of(
    st.builds(leaf, st.sampled_from(list(AlarmState)), st.sampled_from("abc"), st.booleans()),
    st.sampled_from([("TRUE", lambda _: True), ("FALSE", lambda _: False)]),
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(negated, inner),
        st.builds(joined, st.lists(inner, min_size=1, max_size=3), st.sampled_from(["AND", "OR"])),
    ),
    max_leaves=12,
)


@given(RULES)
def test_a_composite_agrees_with_its_truth_table(drawn: Drawn) -> None:
    text, true = drawn
    made = rule(text)
    for states in product(AlarmState, repeat=3):
        named = dict(zip("abc", states, strict=True))
        assert made.state(named.get) is (ALARM if true(named) else OK)
