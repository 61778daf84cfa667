"""What the endpoint's kind fills in where the settings leave it out."""

from collections.abc import Mapping
from typing import Any

from slipway.endpoint_kinds import KINDS


def with_kind(document: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of one stage, with the values that the endpoint's kind leaves no choice of.

    Where the kind is left out, the section of a kind makes it that.
    """
    endpoint = document.get("endpoint", {})
    if not isinstance(endpoint, Mapping):
        return dict(document)
    named = [kind for kind in KINDS.values() if endpoint.get(kind.name) is not None]
    name = endpoint.get("kind", named[0].name if named else None)
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        return dict(document)
    own: dict[str, Any] = {kind.name: {}} if kind.config_key else {}
    filled = {**document, "endpoint": {**own, **endpoint, "kind": name}}
    for fixed in kind.fixed:
        filled = fixed.fill(filled)
    return filled
