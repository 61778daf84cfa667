"""Two fleets, and what is asked of CloudWatch about them."""

from collections.abc import Iterable
from typing import Any

from slipway.canary.observation.counting import Fleets

NEW, OLD = "package/2", "package/1"
FLEETS = Fleets("shop", "primary", "new", "old", NEW, OLD)
NOON = 1_767_268_800  # 2026-01-01T12:00:00Z


def by_id(queries: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    queries = list(queries)
    assert len({query["Id"] for query in queries}) == len(queries)
    return {query["Id"]: query["MetricStat"] for query in queries}


def dimensions(stat: dict[str, Any]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]}
