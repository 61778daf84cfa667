"""Policies of buckets, keys and topics."""

import pytest

from rehearsal.cloud.iam import AccessOutcome, AccessRequest, Policy, Principal, decide
from tests.infra.access.account import ACCOUNT, ALLOWS_EVERYTHING, TLS, Accounts, Resource
from tests.infra.access.world import World

ADMINISTRATOR = Principal("AWS", f"arn:aws:iam::{ACCOUNT}:role/administrator")
STRANGER = Principal("AWS", "arn:aws:iam::999999999999:role/administrator")


def decision(
    policy: Policy, request: AccessRequest, principal: Principal = ADMINISTRATOR, *, both: bool = False
) -> AccessOutcome:
    return decide(request, principal=principal, identity=[ALLOWS_EVERYTHING], resource=[policy], both=both).outcome


def buckets(accounts: Accounts) -> list[Resource]:
    return accounts.of_type("AWS::S3::Bucket")


@pytest.mark.parametrize("transport", [{"aws:SecureTransport": "false"}, {**TLS, "s3:TlsVersion": "1.1"}])
def test_no_bucket_accepts_requests_without_tls_1_2(accounts: Accounts, transport: dict[str, str]) -> None:
    requests = {
        bucket.label: AccessRequest("s3:GetObject", f"{bucket.arn}/x", transport) for bucket in buckets(accounts)
    }
    assert len(requests) == 3
    for bucket in buckets(accounts):
        policy = accounts.policy_of(bucket)
        assert decision(policy, requests[bucket.label]) is AccessOutcome.DENIED
        assert decision(policy, AccessRequest("s3:GetObject", f"{bucket.arn}/x", TLS)) is AccessOutcome.ALLOWED


def test_no_bucket_allows_another_account(accounts: Accounts) -> None:
    for bucket in buckets(accounts):
        for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket"):
            request = AccessRequest(action, f"{bucket.arn}/pipeline/x", TLS)
            assert decision(accounts.policy_of(bucket), request, STRANGER, both=True) is AccessOutcome.NOT_ALLOWED


def test_no_role_replaces_an_audit_entry_whatever_its_policy_allows(accounts: Accounts, world: World) -> None:
    policy = accounts.policy_of(accounts.one("storage/Artifacts"))
    entry = f"{world.names['artifacts']}/audit/shoppers-dev/00000001.json"
    creation = {**TLS, "s3:ObjectCreationOperation": "true"}
    assert decision(policy, AccessRequest("s3:PutObject", entry, creation)) is AccessOutcome.DENIED
    assert (
        decision(policy, AccessRequest("s3:PutObject", entry, {**creation, "s3:if-none-match": "*"}))
        is AccessOutcome.ALLOWED
    )


def test_the_key_is_the_accounts_own(accounts: Accounts) -> None:
    key = accounts.one("storage/Key")
    policy = accounts.policy_of(key)
    assert decision(policy, AccessRequest("kms:Decrypt", key.arn), both=True) is AccessOutcome.ALLOWED
    assert decision(policy, AccessRequest("kms:Decrypt", key.arn), STRANGER, both=True) is AccessOutcome.NOT_ALLOWED


def test_services_may_use_the_key_for_notifications_and_do_nothing_else_with_it(accounts: Accounts) -> None:
    key = accounts.one("storage/Key")
    policy = accounts.policy_of(key)

    def allowed(action: str, service: str, context: dict[str, str]) -> bool:
        principal = Principal("Service", f"{service}.amazonaws.com")
        return decide(
            AccessRequest(action, key.arn, context), principal=principal, identity=[], resource=[policy]
        ).allowed

    here, elsewhere = {"aws:SourceAccount": ACCOUNT}, {"aws:SourceAccount": "999999999999"}
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        assert allowed(action, "events", {}), "EventBridge names no account when it encrypts for a topic"
        assert allowed(action, "cloudwatch", here)
        assert not allowed(action, "cloudwatch", elsewhere)
        assert not allowed(action, "s3", here)
    for action in ("kms:ScheduleKeyDeletion", "kms:CreateGrant", "kms:PutKeyPolicy", "kms:ReEncryptFrom"):
        assert not allowed(action, "events", here)
        assert not allowed(action, "cloudwatch", here)


def test_one_statement_of_the_key_allows_a_service(accounts: Accounts) -> None:
    statements = accounts.one("storage/Key").properties["KeyPolicy"]["Statement"]
    services = [s["Principal"]["Service"] for s in statements if "Service" in s["Principal"]]
    assert sorted(services, key=str) == ["cloudwatch.amazonaws.com", "events.amazonaws.com"]


def test_topics_refuse_messages_without_tls(accounts: Accounts) -> None:
    for topic in accounts.of_type("AWS::SNS::Topic"):
        plain = AccessRequest("sns:Publish", topic.arn, {"aws:SecureTransport": "false"})
        assert decision(accounts.policy_of(topic), plain) is AccessOutcome.DENIED
