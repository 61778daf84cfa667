"""The challengers of an experiment: production variants beside the live one, added and removed by CloudFormation.

Guardrails need the same variants before and after, so both updates are without them; each names the model that serves
already, and challengers come with the weight 0, so that no user gets another model by either.
"""

from collections.abc import Sequence
from typing import Any

from slipway.rollout.steps import RolloutStep

from . import live, stack
from .live import Live
from .restore import NotRestored, delete, restore_seconds
from .run import Rejection, Run, State

STACK_SECONDS = 60
_Variant = dict[str, Any]


class NotRemovedError(NotRestored):
    """The endpoint was not seen without its challengers."""


class LiveChallengers:
    """Those of one endpoint, as one execution sees them; they are changed only under the lock."""

    def __init__(self, run: Run) -> None:
        self._run, self._attempts = run, 0
        self._seconds = restore_seconds(run.target.timeout_seconds)

    def enter(self, champion: Live, packages: Sequence[str]) -> None:
        """Add `packages` beside what serves, without traffic.

        Raises:
            Rejection: the stack or the endpoint did not take them.
            CallError: AWS refused a call.
        """
        run = self._run
        while True:
            before = stack.read_settled(run, RolloutStep.READ_CHALLENGERS, self._seconds)
            begun = stack.update(
                run,
                RolloutStep.ENTER_EXPERIMENT,
                champion.package,
                challengers=packages,
                token=before["token"],
                has_served=True,
                attempt=self._attempts,
            )
            if begun is not stack.Begun.BUSY:
                break
            run.steps.wait(RolloutStep.ENTER_EXPERIMENT, STACK_SECONDS)
        settled = stack.read_settled(run, RolloutStep.WAIT_FOR_EXPERIMENT, self._seconds)
        found = live.read_settled(run)
        now = variants(run)
        if [each["package"] for each in now] != [champion.package, *packages]:
            reason = found.failure or stack.failed_resource(run) or settled["reason"] or settled["status"]
            raise Rejection(f"the challengers did not start: {reason}", by="experiment", is_candidates=False)
        self._delete([champion], now, found.live.config)

    def leave(self) -> bool:
        """Remove the challengers, also an earlier execution's, and delete what they leave; whether there were any.

        Raises:
            NotRemovedError: the endpoint was not seen without them.
            CallError: AWS refused a call.
        """
        run = self._run
        if not run.target.most_challengers:
            return False
        had, unused = False, [Live()]
        while (now := stack.read_settled(run, RolloutStep.READ_CHALLENGERS, self._seconds))["challengers"]:
            if not had:
                unused, had = self._of_the_experiment(), True
            begun = stack.update(
                run,
                RolloutStep.LEAVE_EXPERIMENT,
                now["package"],
                token=now["token"],
                has_served=True,
                attempt=self._attempts,
            )
            if begun is stack.Begun.BUSY:
                run.steps.wait(RolloutStep.LEAVE_EXPERIMENT, STACK_SECONDS)
                continue
            self._attempts += 1  # a rollout that was paused may meet the next experiment's
            now = stack.read_settled(run, RolloutStep.WAIT_FOR_CHAMPION, self._seconds)
            if now["challengers"]:
                raise NotRemovedError(
                    f"its stack ended {now['status']} and still names {', '.join(now['challengers'])}"
                )
        if had:
            serving, left = live.read_settled(run).live, variants(run)
            if len(left) > 1:
                raise NotRemovedError(f"the endpoint still has the variants {', '.join(each['name'] for each in left)}")
            self._delete(unused, left, serving.config)
        return had

    def _of_the_experiment(self) -> list[Live]:
        """The config and models that serve while there are challengers."""
        serving = live.read_settled(self._run).live
        return [Live(config=serving.config), *(Live(model=each["model"]) for each in variants(self._run))]

    def _delete(self, unused: Sequence[Live], serving: Sequence[_Variant], config: str) -> None:
        """What is in use stays."""
        models = {each["model"] for each in serving}
        for each in unused:
            kept = Live(
                config="" if each.config == config else each.config, model="" if each.model in models else each.model
            )
            if kept != Live():
                self._delete_one(kept)

    def _delete_one(self, unused: Live) -> None:
        self._run.steps.do(RolloutStep.DELETE_CHALLENGERS, lambda: delete(self._run, unused))


def variants(run: Run) -> list[_Variant]:
    """Name, package, model and weight of the endpoint's production variants, the live one first."""
    found: State = run.steps.do(RolloutStep.READ_VARIANTS, lambda: observe(run))
    return list(found["variants"])


def observe(run: Run) -> State:
    """The endpoint's status and variants; to be called within a step."""
    sagemaker = run.client("sagemaker")
    endpoint = live.describe(run)
    if endpoint["EndpointStatus"] != "InService":
        return {"status": endpoint["EndpointStatus"], "variants": []}
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    weights = {each["VariantName"]: each["CurrentWeight"] for each in endpoint.get("ProductionVariants", ())}
    return {
        "status": "InService",
        "variants": [
            {
                "name": each["VariantName"],
                "model": each["ModelName"],
                "package": live.package_of(sagemaker, each["ModelName"]),
                "weight": weights.get(each["VariantName"], 0.0),
            }
            for each in config["ProductionVariants"]
        ],
    }
