"""Policy documents, read whole: an element that is not known is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rehearsal.cloud.iam.policy_conditions import Conditions, check_operators
from rehearsal.cloud.iam.wildcards import PolicyError, matches

__all__ = ["Policy", "PolicyError", "Principal", "Statement", "parse_policy"]

_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal"}
_ANYBODY = "*"


@dataclass(frozen=True)
class Principal:
    """Who asks: `AWS` and an ARN, `Service` and its name, `Federated` and its provider's ARN."""

    kind: Literal["AWS", "Service", "Federated"]
    id: str

    @property
    def account(self) -> str | None:
        parts = self.id.split(":")
        return parts[4] if self.kind == "AWS" and len(parts) > 4 else None


@dataclass(frozen=True)
class Statement:
    """One statement; of actions and resources either those meant or, where `…_left_out`, all but those."""

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    principals: Mapping[str, tuple[str, ...]] | None = None
    actions_left_out: bool = False
    resources_left_out: bool = False
    sid: str = ""

    def covers(self, action: str, resource: str) -> bool:
        meant = any(matches(each, action, ignore_case=True) for each in self.actions) != self.actions_left_out
        return meant and any(matches(each, resource) for each in self.resources) != self.resources_left_out

    def names(self, principal: Principal) -> bool:
        """Whether the statement is for this principal, by name or for all."""
        named = (self.principals or {}).get(principal.kind, ())
        return _ANYBODY in named or principal.id in named

    def names_account_of(self, principal: Principal) -> bool:
        """Whether its account is meant, which may then decide for itself."""
        account = principal.account
        return any(
            each == account or (each.endswith(":root") and each.split(":")[4] == account)
            for each in (self.principals or {}).get("AWS", ())
        )


Policy = tuple[Statement, ...]


def parse_policy(document: Mapping[str, Any]) -> Policy:
    """The statements of a policy document.

    Raises:
        PolicyError: it contains something that is not evaluated here.
    """
    if document.get("Version") != "2012-10-17":
        raise PolicyError(f"a policy's Version must be 2012-10-17, got {document.get('Version')}")
    statements = document.get("Statement", [])
    return tuple(_statement(each) for each in (statements if isinstance(statements, list) else [statements]))


def _statement(found: Mapping[str, Any]) -> Statement:
    if unknown := sorted(found.keys() - _ELEMENTS):
        raise PolicyError(f"a statement's elements must be among {', '.join(sorted(_ELEMENTS))}, got {unknown[0]}")
    effect = found.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"Effect must be Allow or Deny, got {effect}")
    actions, actions_left_out = _one_of(found, "Action", "NotAction")
    # A trust policy has none: its resource is the role that it stands on.
    has_resources = "Principal" not in found or "Resource" in found or "NotResource" in found
    resources, resources_left_out = _one_of(found, "Resource", "NotResource") if has_resources else ((_ANYBODY,), False)
    conditions = {
        operator: {key: _texts(value) for key, value in keys.items()}
        for operator, keys in found.get("Condition", {}).items()
    }
    check_operators(conditions)
    return Statement(
        effect=effect,
        actions=actions,
        resources=resources,
        conditions=conditions,
        principals=_principals(found["Principal"]) if "Principal" in found else None,
        actions_left_out=actions_left_out,
        resources_left_out=resources_left_out,
        sid=str(found.get("Sid", "")),
    )


def _one_of(found: Mapping[str, Any], name: str, negated: str) -> tuple[tuple[str, ...], bool]:
    if (name in found) == (negated in found):
        raise PolicyError(f"a statement must have either {name} or {negated}, got {sorted(found)}")
    return (_texts(found[name]), False) if name in found else (_texts(found[negated]), True)


def _principals(found: object) -> dict[str, tuple[str, ...]]:
    if found == _ANYBODY:
        return dict.fromkeys(("AWS", "Service", "Federated"), (_ANYBODY,))
    if not isinstance(found, Mapping) or found.keys() - {"AWS", "Service", "Federated"}:
        raise PolicyError(f"Principal must be * or name AWS, Service or Federated, got {found}")
    return {str(kind): _texts(names) for kind, names in found.items()}


def _texts(value: object) -> tuple[str, ...]:
    """A string or several; YAML and CDK write true, false and numbers bare."""
    values: Sequence[object] = value if isinstance(value, list | tuple) else [value]
    texts = tuple(str(each).lower() if isinstance(each, bool) else each for each in values)
    for each in texts:
        if not isinstance(each, str | int | float):
            raise PolicyError(f"policies must contain strings, got {each}")
    return tuple(str(each) for each in texts)
