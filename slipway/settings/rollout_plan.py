"""`rollout.plan = "auto"`: what the settings leave open follows from the recorded traffic, without a call to AWS."""

from collections.abc import Mapping
from typing import Any

from slipway.canary.config import Tolerances
from slipway.canary.proposal import LONGEST_UPDATE, PROVISIONING_SECONDS, ProposedRollout, most_waits, propose
from slipway.endpoint_kinds import KINDS, REAL_TIME
from slipway.errors import InputError
from slipway.settings.limits import LEAST_TRAFFIC, MOST_TRAFFIC
from slipway.settings.rollout import AUTO, Endpoint, Rollout

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
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not LEAST_TRAFFIC <= rate <= MOST_TRAFFIC:
        raise InputError(
            f"rollout.requests_per_second must be given, in {LEAST_TRAFFIC:g}..{MOST_TRAFFIC}, with rollout.plan = "
            f'"{AUTO}", got {rate if rate is None else format(rate)[:80]}: `slipway plan` reads it from CloudWatch'
        )
    given, analysis = (rollout.get(name, {}) for name in ("shadow", "canary_analysis"))
    if not (isinstance(given, Mapping) and isinstance(analysis, Mapping)):
        return dict(document)  # which has an error of its own
    endpoint = document.get("endpoint")
    found = proposal(
        rate,
        instances=_instances(endpoint),
        analysis=analysis,
        shadow=given.get("enabled", None if takes_shadow(endpoint, rollout.get("type")) else False),
    )
    planned_rollout = {**found.rollout(), **rollout}
    if "timeout_seconds" not in rollout:
        planned_rollout["timeout_seconds"] = max(found.timeout_seconds, _timeout_seconds(planned_rollout))
    planned_rollout["canary_analysis"] = {**found.analysis(), **analysis}
    if shadow := {**found.shadow_keys(), **given}:
        planned_rollout["shadow"] = shadow
    return {**document, "rollout": planned_rollout}


def proposal(
    requests_per_second: float,
    *,
    instances: int,
    analysis: Mapping[str, Any] | None = None,
    error_rate: float | None = None,
    shadow: bool | None = None,
) -> ProposedRollout:
    """The plan for such an endpoint; `shadow` as `propose` has it.

    Raises:
        InputError: no canary is possible.
    """
    rows = (analysis or {}).get("baseline_rows")
    scores = (analysis or {}).get("scores", True)
    known = rows // 2 if isinstance(rows, int) else Tolerances.baseline_rows // 2
    try:
        tolerances = Tolerances(baseline_rows=known, watches_scores=bool(scores), score_limit=_WIDEST_SCORES)
        return propose(
            requests_per_second, instances=instances, tolerances=tolerances, error_rate=error_rate, shadow=shadow
        )
    except ValueError as exc:
        raise InputError(f"rollout.plan: {exc}") from exc


def _timeout_seconds(rollout: Mapping[str, Any]) -> int:
    """Of the type and the waits that are given in the plan's place; what is no number the settings refuse."""
    default = {name: field.default for name, field in Rollout.model_fields.items()}
    step, bake, final = ({**default, **rollout}[key] for key in ("step_percent", "bake_seconds", "final_bake_seconds"))
    if not (isinstance(step, int) and step > 0 and isinstance(bake, int) and isinstance(final, int)):
        return 0
    return min(LONGEST_UPDATE, most_waits(str(rollout["type"]), step) * bake + final + PROVISIONING_SECONDS)


def takes_shadow(endpoint: object, update: object) -> bool:
    """Whether SageMaker offers it for such an endpoint and type of update; `conflicts.py` refuses it elsewhere."""
    known = endpoint if isinstance(endpoint, Mapping) else {}
    kind = KINDS.get(str(known.get("kind")), REAL_TIME)
    is_inferentia_1 = str(known.get("instance_type", "")).startswith("ml.inf1.")
    return kind.takes_shadow and not is_inferentia_1 and update != "rolling"


def _instances(endpoint: object) -> int:
    """The fewest there may be."""
    known = endpoint if isinstance(endpoint, Mapping) else {}
    scaling = known.get("autoscaling")
    fewest = scaling.get("min_instance_count") if isinstance(scaling, Mapping) else None
    count = fewest or known.get("instance_count", Endpoint.model_fields["instance_count"].default)
    return count if isinstance(count, int) else 0
