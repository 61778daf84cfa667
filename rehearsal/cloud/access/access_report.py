"""What each deployed role did, compared with its policies: permissions it lacked, and permissions it never used."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloud.access.bucket_keys import bucket_keys
from rehearsal.cloud.access.calls import Call, CallLog, call
from rehearsal.cloud.iam import AccessRequest, Policy, Principal, Statement, decide, parse_policy
from rehearsal.cloud.iam.policy_conditions import all_match
from rehearsal.cloud.iam.wildcards import matches

ClientFactory = Callable[[str], Any]

_BOOTSTRAP = "cdk-"
"""What the roles of `cdk bootstrap` are called; they are not the app's."""

_TRANSPORT = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
"""As every SDK calls AWS; the laptop's own port serves plain HTTP."""


class AccessReport:
    """Reads policies through the API, as they are deployed."""

    def __init__(self, client: ClientFactory, ledger: CallLog) -> None:
        self._client, self._ledger = client, ledger
        self._keys = bucket_keys(client("cloudformation"))
        self._policy_of = cache(self._bucket_policy)

    def rows(self) -> dict[str, dict[str, Any]]:
        """By role name: how many calls, those it had no permission for, the permissions it made no use of.

        `unread` are requests whose action is not known here, so it is unknown whether they are allowed.
        """
        pages = self._client("iam").get_paginator("list_roles").paginate()
        roles = sorted((role for page in pages for role in page["Roles"]), key=lambda role: str(role["RoleName"]))
        return {
            role["RoleName"]: self._row(role)
            for role in roles
            if not role["RoleName"].startswith(_BOOTSTRAP) and not role.get("Path", "/").startswith("/aws-")
        }

    def _row(self, role: Mapping[str, Any]) -> dict[str, Any]:
        policies = [parse_policy(document) for document in self._documents(role["RoleName"])]
        boundary = self._boundary(role["RoleName"])
        made = dict(self._ledger.calls_of(role["Arn"]))
        for each, times in list(made.items()):
            for implied in self._implied(each):
                made[implied] = made.get(implied, 0) + times
        principal = Principal("AWS", role["Arn"])
        missing = sorted(
            f"{each.action} on {each.resource}: {outcome}"
            for each in made
            if (outcome := self._outcome(each, principal, policies, boundary)) != "allowed"
        )
        return {
            "calls": sum(made.values()),
            "missing": missing,
            "unused": sorted(_unused(policies, made)),
            "unread": sorted(self._ledger.unread_of(role["Arn"])),
        }

    def _implied(self, each: Call) -> Iterator[Call]:
        """Objects under a key are read and written with the caller's own right to the key."""
        if each.action not in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"):
            return
        if key := self._keys.get(_bucket(each.resource)):
            yield call("kms:GenerateDataKey" if each.action == "s3:PutObject" else "kms:Decrypt", key)

    def _outcome(self, each: Call, principal: Principal, own: list[Policy], boundary: list[Policy] | None) -> str:
        request = AccessRequest(each.action, each.resource, {**_TRANSPORT, **dict(each.context)})
        of_resource = [self._policy_of(_bucket(each.resource))] if each.resource.startswith("arn:aws:s3:::") else []
        return decide(request, principal=principal, identity=own, resource=of_resource, boundary=boundary).outcome

    def _documents(self, role_name: str) -> Iterator[Mapping[str, Any]]:
        iam = self._client("iam")
        for name in iam.list_role_policies(RoleName=role_name)["PolicyNames"]:
            yield _document(iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"])
        for attached in iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]:
            yield self._managed(attached["PolicyArn"])

    def _boundary(self, role_name: str) -> list[Policy] | None:
        found = self._client("iam").get_role(RoleName=role_name)["Role"].get("PermissionsBoundary")
        return [parse_policy(self._managed(found["PermissionsBoundaryArn"]))] if found else None

    def _managed(self, arn: str) -> Mapping[str, Any]:
        iam = self._client("iam")
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return _document(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])

    def _bucket_policy(self, bucket: str) -> Policy:
        try:
            return parse_policy(_document(self._client("s3").get_bucket_policy(Bucket=bucket)["Policy"]))
        except ClientError:  # it has none, or there is no such bucket
            return ()


def _unused(policies: list[Policy], made: Mapping[Call, int]) -> Iterator[str]:
    """Each action that a statement allows and that no call needed there."""
    for statement in (statement for policy in policies for statement in policy if statement.effect == "Allow"):
        for action in statement.actions:
            if not any(_needed(statement, action, each) for each in made):
                yield f"{action} on {', '.join(statement.resources)}"


def _needed(statement: Statement, action: str, each: Call) -> bool:
    return (
        matches(action, each.action, ignore_case=True)
        and statement.covers(each.action, each.resource)
        and all_match(statement.conditions, dict(each.context))
    )


def _bucket(arn: str) -> str:
    return arn.removeprefix("arn:aws:s3:::").partition("/")[0]


def _document(found: Any) -> dict[str, Any]:
    return json.loads(found) if isinstance(found, str) else dict(found)
