"""`rollout.plan = "auto"`: what the settings leave open follows from the recorded traffic, without a call to AWS."""

from collections.abc import Mapping
from typing import Any

from slipway.canary.config import Tolerances
from slipway.canary.proposal import ProposedRollout, propose
from slipway.errors import InputError
from slipway.settings.rollout import AUTO, Endpoint

_WIDEST_SCORES = 0.19


def planned(document: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of one stage, with the keys of the plan where it is automatic and they are not given.

    Raises:
        InputError: the plan is automatic, and there is no figure to make it from.
    """
    rollout = document.get("rollout")
    if not isinstance(rollout, Mapping) or rollout.get("plan") != AUTO:
        return dict(document)
    rate = rollout.get("requests_per_second")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0:
        raise InputError(
            f'rollout.requests_per_second must be given, above 0, with rollout.plan = "{AUTO}", got {rate!r}: '
            "`slipway plan` reads it from CloudWatch"
        )
    found = proposal(rate, instances=_instances(document.get("endpoint")), analysis=rollout.get("canary_analysis"))
    analysis = {**found.analysis(), **(rollout.get("canary_analysis") or {})}
    return {**document, "rollout": {**found.rollout(), **rollout, "canary_analysis": analysis}}


def proposal(
    requests_per_second: float,
    *,
    instances: int,
    analysis: Mapping[str, Any] | None = None,
    error_rate: float | None = None,
) -> ProposedRollout:
    """The plan for such an endpoint.

    Raises:
        InputError: no canary is possible.
    """
    rows = (analysis or {}).get("baseline_rows")
    scores = (analysis or {}).get("scores", True)
    known = rows // 2 if isinstance(rows, int) else Tolerances.baseline_rows // 2
    try:
        tolerances = Tolerances(baseline_rows=known, watches_scores=bool(scores), score_limit=_WIDEST_SCORES)
        return propose(requests_per_second, instances=instances, tolerances=tolerances, error_rate=error_rate)
    except ValueError as exc:
        raise InputError(f"rollout.plan: {exc}") from exc


def _instances(endpoint: object) -> int:
    """The fewest there may be."""
    known = endpoint if isinstance(endpoint, Mapping) else {}
    scaling = known.get("autoscaling")
    fewest = scaling.get("min_instance_count") if isinstance(scaling, Mapping) else None
    count = fewest or known.get("instance_count", Endpoint.model_fields["instance_count"].default)
    return count if isinstance(count, int) else 0
