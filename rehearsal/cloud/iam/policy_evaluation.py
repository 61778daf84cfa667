"""From policies and a request to a decision: a denial wins, and without a permission there is none."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rehearsal.cloud.iam.policy_conditions import Context, all_match
from rehearsal.cloud.iam.policy_document import Policy, Principal, Statement


class AccessOutcome(StrEnum):
    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed"


@dataclass(frozen=True)
class AccessRequest:
    """One action on one resource, and what AWS would know of it besides."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class PolicyDecision:
    outcome: AccessOutcome
    statement: Statement | None = None
    """The one that decided; None where nothing allows it."""

    @property
    def allowed(self) -> bool:
        return self.outcome is AccessOutcome.ALLOWED


_NOT_ALLOWED = PolicyDecision(AccessOutcome.NOT_ALLOWED)
Meant = Callable[[Statement], bool]


def decide(
    request: AccessRequest,
    *,
    principal: Principal,
    identity: Sequence[Policy],
    resource: Sequence[Policy] = (),
    boundary: Sequence[Policy] | None = None,
    both: bool = False,
) -> PolicyDecision:
    """Whether `principal` may do it.

    Args:
        request: the action and its context.
        principal: who asks.
        identity: its own policies.
        resource: those of the resource.
        boundary: the permission boundary; None where there is none.
        both: the resource's own policy must let the principal or its account in, as a key's must always, and
            everything in another account.
    """
    own = _relevant(request, identity, lambda _: True)
    named = _relevant(request, resource, lambda each: each.names(principal))
    let_in = [*named, *_relevant(request, resource, lambda each: each.names_account_of(principal))]
    within = None if boundary is None else _relevant(request, boundary, lambda _: True)
    for statement in (*own, *let_in, *(within or ())):
        if statement.effect == "Deny":
            return PolicyDecision(AccessOutcome.DENIED, statement)
    if both and not let_in:
        return _NOT_ALLOWED
    if within is not None and not within:
        return _NOT_ALLOWED
    deciding = own or ([] if both else named)
    return PolicyDecision(AccessOutcome.ALLOWED, deciding[0]) if deciding else _NOT_ALLOWED


def may_assume(
    trust: Policy, principal: Principal, *, action: str = "sts:AssumeRole", context: Context | None = None
) -> PolicyDecision:
    """Whether a role's trust policy lets `principal` become it; one of the same account needs a permission as well."""
    request = AccessRequest(action, "*", context or {})
    found = _relevant(request, [trust], lambda each: each.names(principal) or each.names_account_of(principal))
    for statement in sorted(found, key=lambda each: each.effect == "Allow"):
        return PolicyDecision(AccessOutcome.ALLOWED if statement.effect == "Allow" else AccessOutcome.DENIED, statement)
    return _NOT_ALLOWED


def _relevant(request: AccessRequest, policies: Iterable[Policy], meant: Meant) -> list[Statement]:
    return [
        statement
        for policy in policies
        for statement in policy
        if meant(statement)
        and statement.covers(request.action, request.resource)
        and all_match(statement.conditions, request.context)
    ]
