"""The kinds of endpoint: one object a kind, which answers all that depends on it."""

from collections.abc import Mapping
from typing import Any

from slipway.endpoint_kinds.asynchronous import ASYNCHRONOUS
from slipway.endpoint_kinds.kind import EndpointKind, FixedSetting, KindName
from slipway.endpoint_kinds.real_time import REAL_TIME
from slipway.endpoint_kinds.serverless import SERVERLESS

KINDS: Mapping[str, EndpointKind] = {kind.name: kind for kind in (REAL_TIME, SERVERLESS, ASYNCHRONOUS)}


def kind_of_config(config: Mapping[str, Any]) -> EndpointKind:
    """The kind of an endpoint config, in the API's or in CloudFormation's words."""
    variants = [*(config.get("ProductionVariants") or ()), *(config.get("ShadowProductionVariants") or ())]
    places = {key for place in (config, *variants) if isinstance(place, Mapping) for key in place if place[key]}
    return next((kind for kind in KINDS.values() if kind.config_key in places), REAL_TIME)


__all__ = [
    "ASYNCHRONOUS",
    "KINDS",
    "REAL_TIME",
    "SERVERLESS",
    "EndpointKind",
    "FixedSetting",
    "KindName",
    "kind_of_config",
]
