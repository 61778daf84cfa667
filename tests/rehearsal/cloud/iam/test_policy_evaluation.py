"""Decisions: a denial wins, and without a permission there is none."""

from typing import Any

import pytest

from rehearsal.cloud.iam import AccessOutcome, AccessRequest, Policy, Principal, decide, may_assume, parse_policy

ROLE = Principal("AWS", "arn:aws:iam::111111111111:role/job")
STRANGER = Principal("AWS", "arn:aws:iam::222222222222:role/job")
OBJECT = "arn:aws:s3:::data/table.csv"


def policy(*statements: dict[str, Any]) -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str = "s3:*", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str = "s3:*", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def named(arn: str) -> dict[str, Any]:
    return {"Principal": {"AWS": arn}}


READ = AccessRequest("s3:GetObject", OBJECT)


def test_nothing_is_allowed_by_itself() -> None:
    assert decide(READ, principal=ROLE, identity=[]).outcome is AccessOutcome.NOT_ALLOWED


def test_what_a_policy_allows_is_allowed() -> None:
    decision = decide(READ, principal=ROLE, identity=[policy(allow("kms:*")), policy(allow(Sid="Read"))])
    assert decision.allowed
    assert decision.statement is not None
    assert decision.statement.sid == "Read"


@pytest.mark.parametrize("place", ["identity", "resource", "boundary"])
def test_a_denial_wins_wherever_it_stands(place: str) -> None:
    given = {"identity": [policy(allow())], "resource": [], "boundary": [policy(allow())]}
    denial = deny(**named("*")) if place == "resource" else deny()
    given[place] = [*given[place], policy(denial)]
    assert decide(READ, principal=ROLE, **given).outcome is AccessOutcome.DENIED


def test_a_denial_whose_condition_does_not_hold_denies_nothing() -> None:
    plain = deny(Condition={"Bool": {"aws:SecureTransport": "false"}})
    request = AccessRequest("s3:GetObject", OBJECT, {"aws:SecureTransport": "true"})
    assert decide(request, principal=ROLE, identity=[policy(allow(), plain)]).allowed


def test_a_boundary_limits_and_gives_nothing() -> None:
    wide, narrow = [policy(allow())], [policy(allow("s3:Put*"))]
    assert decide(READ, principal=ROLE, identity=wide, boundary=narrow).outcome is AccessOutcome.NOT_ALLOWED
    assert decide(READ, principal=ROLE, identity=narrow, boundary=wide).outcome is AccessOutcome.NOT_ALLOWED
    assert decide(READ, principal=ROLE, identity=wide, boundary=wide).allowed
    assert not decide(READ, principal=ROLE, identity=wide, boundary=[]).allowed


def test_a_resource_lets_in_whom_it_names_and_an_account_decides_for_itself() -> None:
    assert decide(READ, principal=ROLE, identity=[], resource=[policy(allow(**named(ROLE.id)))]).allowed
    account = [policy(allow(**named("111111111111")))]
    assert not decide(READ, principal=ROLE, identity=[], resource=account).allowed


def test_where_both_must_allow_neither_does_alone() -> None:
    own, theirs = [policy(allow())], [policy(allow(**named("222222222222")))]
    assert decide(READ, principal=STRANGER, identity=own, resource=theirs, both=True).allowed
    assert not decide(READ, principal=STRANGER, identity=own, resource=[], both=True).allowed
    assert not decide(READ, principal=STRANGER, identity=[], resource=theirs, both=True).allowed
    assert not decide(READ, principal=ROLE, identity=own, resource=theirs, both=True).allowed


def test_a_role_is_taken_on_by_whom_it_trusts() -> None:
    trust = parse_policy(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
            },
        }
    )
    sagemaker, here = Principal("Service", "sagemaker.amazonaws.com"), {"aws:SourceAccount": "111111111111"}
    assert may_assume(trust, sagemaker, context=here).allowed
    assert not may_assume(trust, sagemaker, context={"aws:SourceAccount": "222222222222"}).allowed
    assert not may_assume(trust, sagemaker).allowed
    assert not may_assume(trust, Principal("Service", "lambda.amazonaws.com"), context=here).allowed
    assert not may_assume(trust, ROLE, context=here).allowed
    assert not may_assume(trust, sagemaker, action="sts:AssumeRoleWithWebIdentity", context=here).allowed


def test_trust_can_be_denied() -> None:
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}
    trust = policy(trusted, {**trusted, "Effect": "Deny", "Principal": {"AWS": ROLE.id}})
    assert may_assume(trust, ROLE).outcome is AccessOutcome.DENIED
    assert may_assume(trust, Principal("AWS", "arn:aws:iam::111111111111:role/other")).allowed
