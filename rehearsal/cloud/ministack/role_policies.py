"""IAM's limit on the inline policies of a role: without it a stack would fail on AWS alone."""

from typing import Any

from ministack.services import iam as _iam

MOST_CHARACTERS = 10_240
"""Of all inline policies of a role together; blanks do not count."""


def limit_role_policies() -> None:
    """Refuse a policy with which its role would have more, in calls of the API and in stacks."""
    known = _iam._put_role_policy

    def put_role_policy(request: dict[str, Any]) -> Any:
        name, policy = (_iam._p(request, key) for key in ("RoleName", "PolicyName"))
        role = _iam._roles.get(name) or {"InlinePolicies": {}}
        policies = {**role["InlinePolicies"], policy: _iam._p(request, "PolicyDocument")}
        if sum(len("".join(str(document).split())) for document in policies.values()) > MOST_CHARACTERS:
            message = f"Maximum policy size of {MOST_CHARACTERS} bytes exceeded for role {name}"
            return _iam._error(409, "LimitExceeded", message, ns="iam")
        return known(request)

    _iam._put_role_policy = _iam._IAM_HANDLERS["PutRolePolicy"] = put_role_policy
