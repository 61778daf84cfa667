"""Our reading of IAM policies and ministack's, written by different people, decide alike."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from rehearsal.cloud.iam import AccessOutcome, AccessRequest, Principal, decide, parse_policy

ROLE = "arn:aws:iam::111111111111:role/job"
OUTCOMES = {"Allow": AccessOutcome.ALLOWED, "Deny": AccessOutcome.DENIED, "ImplicitDeny": AccessOutcome.NOT_ALLOWED}

words = st.sampled_from(["a", "b", "ab", "a*", "?b", "*"])
actions = st.builds("s3:{}".format, words)
resources = st.builds("arn:aws:s3:::{}/{}".format, words, words) | st.just("*")
keys = st.sampled_from(["aws:SourceAccount", "s3:prefix", "aws:PrincipalTag/x"])
operators = st.sampled_from(
    [
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIfExists",
        "StringEqualsIgnoreCase",
        "Bool",
        "Null",
    ]
)
values = st.sampled_from(["a", "ab", "A", "true", "false"])
patterns = st.lists(st.sampled_from(["a", "a*", "?b", "true", "false"]), min_size=1, max_size=2, unique=True)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    found[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(st.lists(actions, min_size=1, max_size=2))
    found[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(
        st.lists(resources, min_size=1, max_size=2)
    )
    if draw(st.booleans()):
        operator = draw(operators)
        one_of = st.sampled_from([["true"], ["false"]])
        found["Condition"] = {operator: {draw(keys): draw(one_of if operator == "Null" else patterns)}}
    return found


documents = st.lists(statements(), max_size=3).map(lambda found: {"Version": "2012-10-17", "Statement": found})


@given(
    policies=st.lists(documents, max_size=3),
    boundary=st.none() | documents,
    action=st.sampled_from(["s3:a", "s3:b", "s3:ab", "S3:A"]),
    resource=st.sampled_from(["arn:aws:s3:::a/b", "arn:aws:s3:::ab/ab", "*"]),
    context=st.dictionaries(keys, values),
)
def test_both_decide_alike(
    policies: list[Any], boundary: Any, action: str, resource: str, context: dict[str, str]
) -> None:
    ours = decide(
        AccessRequest(action, resource, context),
        principal=Principal("AWS", ROLE),
        identity=[parse_policy(each) for each in policies],
        boundary=None if boundary is None else [parse_policy(boundary)],
    )
    asked = EvalContext(
        principal_arn=ROLE,
        principal_type="AssumedRole",
        principal_account="111111111111",
        action=action,
        resource_arn=resource,
        region="us-east-1",
        service_context={key.lower(): value for key, value in context.items()},
    )
    limits = [] if boundary is None else [[parse_policy_document(boundary)]]
    theirs = evaluate(asked, [parse_policy_document(each) for each in policies], *limits)
    assert ours.outcome is OUTCOMES[theirs.decision]
