"""Policy statements as IAM writes them, and roles whose policy is passed to CDK in one piece.

Every call into CDK crosses to another process. A statement made as an object and added takes two, and a use case has
a hundred of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

Statement = dict[str, Any]
"""One statement of a policy; its strings may be CDK tokens."""

Conditions = Mapping[str, Mapping[str, object]]


def allow(*actions: str, on: Sequence[str], conditions: Conditions | None = None) -> Statement:
    return _statement("Allow", actions, on, conditions)


def deny(*actions: str, on: Sequence[str], conditions: Conditions | None = None) -> Statement:
    return _statement("Deny", actions, on, conditions)


def _statement(effect: str, actions: Sequence[str], on: Sequence[str], conditions: Conditions | None) -> Statement:
    narrowed = {"Condition": conditions} if conditions else {}
    return {"Effect": effect, "Action": list(actions), "Resource": list(on), **narrowed}


class PolicyRole(iam.Role):
    """A role that may do what `statements` allow; nothing is added later, also not by CDK's grants."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        assumed_by: iam.IPrincipal,
        statements: Sequence[Statement],
        description: str | None = None,
        role_name: str | None = None,
    ) -> None:
        super().__init__(scope, id_, assumed_by=assumed_by, description=description, role_name=role_name)
        document = iam.PolicyDocument.from_json({"Version": "2012-10-17", "Statement": list(statements)})
        # A child of the role, so that a dependency on the role includes the policy.
        iam.Policy(self, "DefaultPolicy", document=document, roles=[self])
