"""Conditions: what each operator says of a request, and of one that has no such key."""

import pytest

from rehearsal.cloud.iam.policy_conditions import Context, all_match, check_operators
from rehearsal.cloud.iam.policy_document import PolicyError

KEY = "aws:SourceAccount"


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEquals", "a", "a", False),
        ("StringNotEquals", "a", "b", True),
        ("StringLike", "arn:*:role/x-?", "arn:aws:role/x-1", True),
        ("StringLike", "a?", "abc", False),
        ("StringNotLike", "a*", "abc", False),
        ("ArnLike", "arn:aws:s3:::data-*", "arn:aws:s3:::data-1", True),
        ("ArnLike", "arn:aws:iam::*:role/x", "arn:aws:iam::1:root:role/x", False),
        ("ArnLike", "*", "arn:aws:s3:::data", False),
        ("ArnNotEquals", "arn:aws:s3:::data", "arn:aws:s3:::data", False),
        ("Bool", "true", "True", True),
        ("Bool", "true", "false", False),
        ("NumericLessThan", "1.2", "1.1", True),
        ("NumericLessThan", "1.2", "1.2", False),
        ("NumericGreaterThanEquals", "2", "10", True),
        ("Null", "true", "a", False),
        ("Null", "false", "a", True),
    ],
)
def test_an_operator_compares_as_iam_does(operator: str, wanted: str, given: str, expected: bool) -> None:
    assert all_match({operator: {KEY: [wanted]}}, {KEY: given}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringEqualsIfExists", True),
        ("StringNotEquals", True),
        ("Bool", False),
        ("BoolIfExists", True),
        ("ArnLike", False),
        ("ArnNotLike", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
    ],
)
def test_a_key_that_the_request_lacks(operator: str, expected: bool) -> None:
    assert all_match({operator: {KEY: ["arn:aws:s3:::x"]}}, {}) is expected


def test_null_asks_whether_the_key_is_there() -> None:
    assert all_match({"Null": {KEY: ["true"]}}, {})
    assert not all_match({"Null": {KEY: ["false"]}}, {})


def test_one_of_several_values_is_enough_and_every_condition_must_hold() -> None:
    conditions = {"StringEquals": {"a": ["1", "2"], "b": ["3"]}, "Bool": {"c": ["true"]}}
    good: Context = {"a": "2", "b": "3", "c": "true"}
    assert all_match(conditions, good)
    assert not all_match(conditions, {**good, "b": "4"})
    assert not all_match(conditions, {**good, "c": "false"})


def test_keys_have_no_case() -> None:
    assert all_match({"StringEquals": {"AWS:sourceaccount": ["1"]}}, {"aws:SourceAccount": "1"})


def test_several_values_of_a_request_need_an_operator_for_sets() -> None:
    context: Context = {"aws:TagKeys": ["a", "b"]}
    assert all_match({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, context)
    assert not all_match({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, context)
    assert all_match({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}, context)
    with pytest.raises(PolicyError, match="StringEquals takes one value, got 2"):
        all_match({"StringEquals": {"aws:TagKeys": ["a"]}}, context)


@pytest.mark.parametrize(
    "operator", ["DateGreaterThan", "IpAddress", "StringEqual", "stringequals", "ForAnyValue:Date"]
)
def test_an_operator_that_is_not_known_is_refused(operator: str) -> None:
    with pytest.raises(PolicyError, match=f"got {operator}"):
        check_operators({operator: {KEY: ["1"]}})


def test_numbers_are_compared_with_numbers() -> None:
    with pytest.raises(PolicyError, match=r"got TLSv1 and 1\.2"):
        all_match({"NumericLessThan": {"s3:TlsVersion": ["1.2"]}}, {"s3:TlsVersion": "TLSv1"})
