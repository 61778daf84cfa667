"""Policy documents: read whole, or refused."""

from typing import Any

import pytest

from rehearsal.cloud.iam import PolicyError, Principal, parse_policy

READ = {"Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::data/*"]}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_actions_have_no_case_and_resources_have_one() -> None:
    (statement,) = parse_policy(document(READ))
    assert statement.covers("S3:getobject", "arn:aws:s3:::data/table.csv")
    assert not statement.covers("s3:GetObject", "arn:aws:s3:::DATA/table.csv")
    assert not statement.covers("s3:PutObject", "arn:aws:s3:::data/table.csv")


def test_a_wildcard_of_a_resource_reaches_over_slashes_and_colons() -> None:
    (statement,) = parse_policy(document({**READ, "Resource": "arn:aws:logs:*:log-group:/aws/sagemaker/*"}))
    assert statement.covers("s3:Get", "arn:aws:logs:r:1:log-group:/aws/sagemaker/Jobs:log-stream:a/b")


def test_what_is_left_out_is_what_is_not_meant() -> None:
    rest = {"Effect": "Allow", "NotAction": ["iam:*", "kms:*"], "NotResource": "arn:aws:s3:::secret/*"}
    (statement,) = parse_policy(document(rest))
    assert statement.covers("s3:GetObject", "arn:aws:s3:::data/1")
    assert not statement.covers("kms:Decrypt", "arn:aws:s3:::data/1")
    assert not statement.covers("s3:GetObject", "arn:aws:s3:::secret/1")


def test_bare_booleans_are_strings() -> None:
    (statement,) = parse_policy(document({**READ, "Condition": {"Bool": {"aws:SecureTransport": False}}}))
    assert statement.conditions == {"Bool": {"aws:SecureTransport": ("false",)}}


def test_a_trust_policy_needs_no_resource() -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}
    (statement,) = parse_policy(document(trust))
    assert statement.names(Principal("Service", "sagemaker.amazonaws.com"))
    assert not statement.names(Principal("Service", "lambda.amazonaws.com"))


def test_an_account_is_named_by_its_number_or_its_root() -> None:
    role = Principal("AWS", "arn:aws:iam::111111111111:role/x")
    for name in ("111111111111", "arn:aws:iam::111111111111:root"):
        (statement,) = parse_policy(document({**READ, "Principal": {"AWS": name}}))
        assert statement.names_account_of(role)
        assert not statement.names(role)
    (other,) = parse_policy(document({**READ, "Principal": {"AWS": "arn:aws:iam::222222222222:root"}}))
    assert not other.names_account_of(role)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ({**READ, "Effect": "allow"}, "Effect must be Allow or Deny, got allow"),
        ({**READ, "NotAction": "s3:*"}, "either Action or NotAction"),
        ({"Effect": "Allow", "Action": "s3:*"}, "either Resource or NotResource"),
        ({**READ, "Actions": "s3:*"}, "got Actions"),
        ({**READ, "NotPrincipal": {"AWS": "*"}}, "got NotPrincipal"),
        ({**READ, "Principal": {"CanonicalUser": "1"}}, "CanonicalUser"),
        ({**READ, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, "got IpAddress"),
        ({**READ, "Resource": [{"Ref": "Data"}]}, "must contain strings"),
    ],
)
def test_what_is_not_understood_is_refused(statement: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        parse_policy(document(statement))


def test_a_policy_variable_is_refused_when_it_would_matter() -> None:
    (statement,) = parse_policy(document({**READ, "Resource": "arn:aws:s3:::data/${aws:username}/*"}))
    with pytest.raises(PolicyError, match="no variables"):
        statement.covers("s3:GetObject", "arn:aws:s3:::data/1")


def test_an_old_version_is_refused() -> None:
    with pytest.raises(PolicyError, match="got 2008-10-17"):
        parse_policy({"Version": "2008-10-17", "Statement": []})
