"""How long it is until the new fleet takes all traffic, from what DescribeEndpoint reports of the deployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.canary.config import AnalysisConfig
from slipway.errors import InputError
from slipway.rollout.plan import RolloutPlan, plan_from_deployment_config


@dataclass(frozen=True)
class Deployment:
    """A new fleet on its way in; times are epoch seconds."""

    config: str
    started: float
    baking_since: float | None
    plan: RolloutPlan


def deployment_of(described: Mapping[str, Any], *, previous_config: str, config: AnalysisConfig) -> Deployment | None:
    """The deployment under way on an endpoint as boto3 describes it, or None."""
    pending = described.get("PendingDeploymentSummary")
    if not pending or pending["EndpointConfigName"] == previous_config:
        return None
    (variant, *_) = pending["ProductionVariants"]
    stages = variant.get("VariantStatus", ())
    baking = [stage["StartTime"].timestamp() for stage in stages if stage["Status"] == "Baking"]
    instances = int(variant.get("DesiredInstanceCount") or config.instances)
    return Deployment(
        config=pending["EndpointConfigName"],
        started=pending["StartTime"].timestamp(),
        baking_since=max(baking, default=None),
        plan=_plan(described.get("LastDeploymentConfig"), config, instances),
    )


def _plan(live: Mapping[str, Any] | None, config: AnalysisConfig, instances: int) -> RolloutPlan:
    """The live deployment configuration goes before the deployed settings, which may be newer than it."""
    try:
        return plan_from_deployment_config(live or config.deployment, instances=instances)
    except InputError:
        return plan_from_deployment_config(config.deployment, instances=config.instances)


def clock_rate(clock: Mapping[str, Any]) -> float:
    """How many seconds of waiting pass in one second: 1, but more where waits are compressed.

    `clock` has how long the orchestrator was to wait, and from when to when it did. Bakes are waits of the same kind,
    so this is the clock to count them by. The way to the function takes time too: a rate below the true one errs
    towards a later decision, so the largest rate of all polls is used.
    """
    waited = _seconds(clock["to"]) - _seconds(clock["from"])
    return max(1.0, float(clock["seconds"]) / waited) if waited > 0 else 1.0


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def seconds_left(deployment: Deployment, bakes: tuple[float, ...], *, now: float, rate: float) -> float | None:
    """Seconds until the bake ends that is the last before the new fleet takes all traffic; None before that bake.

    Args:
        deployment: where the deployment stands.
        bakes: the starts of all bakes seen so far.
        now: epoch seconds.
        rate: of the clock.

    All at once has one bake, when the new fleet has all traffic already: then it is that one.
    """
    plan = deployment.plan
    steps = len(plan.steps)
    decisive = max(1, steps - 1)
    if len(bakes) < decisive:
        return None
    if len(bakes) > decisive or deployment.baking_since is None:
        return 0.0
    length = plan.wait_seconds if steps > 1 else plan.final_wait_seconds
    return max(0.0, length - (now - bakes[-1]) * rate)
