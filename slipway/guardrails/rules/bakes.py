"""SG1xx: steps and bakes that SageMaker accepts and that protect nothing."""

from collections.abc import Iterator

from slipway.guardrails.finding import Found, rule
from slipway.guardrails.planned import PlannedRollout
from slipway.guardrails.waits import first_share, first_size, waits


@rule("SG101", "error", because="an alarm can only roll back a fleet that is still watched")
def no_bake(planned: PlannedRollout) -> Iterator[Found]:
    """A bake of zero before the new fleet takes all traffic."""
    found = waits(planned)
    # Without guardrails there is no other way: the gates check before its rollout, and a smoke test after.
    if found.watched != 0 or not (planned.kind.is_guarded or planned.deployment):
        return
    if found.way == "ALL_AT_ONCE":
        given = "ALL_AT_ONCE has" if planned.deployment else "no DeploymentConfig means ALL_AT_ONCE with"
        yield Found(f"{given} a TerminationWaitInSeconds of 0", "write CANARY with a bake, or a wait of 300 s")
    else:
        yield Found(f"{found.way} has a WaitIntervalInSeconds of 0", "write a wait as long as the alarms' windows")


@rule("SG102", "warning", because="what only breaks under the whole traffic is seen after the old fleet is gone")
def no_final_bake(planned: PlannedRollout) -> Iterator[Found]:
    """A final bake of zero."""
    found = waits(planned)
    if found.way in ("CANARY", "LINEAR") and found.final == 0:
        yield Found("TerminationWaitInSeconds is 0", "write a wait as long as the alarms' windows, as 120 s")


@rule("SG103", "error", because="there is no smaller part of it, so the first step exposes every user at once")
def first_step_is_all(planned: PlannedRollout) -> Iterator[Found]:
    """A step that rounds to the whole fleet."""
    found = first_size(planned)
    if found and first_share(planned) == 1:
        count = _instances(planned.instances or 1)
        fix = "give the variant two instances or more, or write ALL_AT_ONCE with a bake"
        yield Found(f"{found[0]} is all of a fleet of {count}", fix)


@rule("SG104", "warning", because="SageMaker does not document how it rounds, and one instance is more than requested")
def first_step_is_none(planned: PlannedRollout) -> Iterator[Found]:
    """A percentage that rounds to no instance."""
    found, count = first_size(planned), planned.instances
    if not found or not count or count == 1 or found[1]["Type"] != "CAPACITY_PERCENT":
        return
    percent = found[1]["Value"]
    if 0 < percent * count < 100:
        what = f"{found[0]} of {percent} % is {percent * count / 100:g} of {_instances(count)}"
        yield Found(what, f"write INSTANCE_COUNT 1, which is {100 / count:g} %, or at least {-(-100 // count)} %")


def _instances(count: int) -> str:
    return f"{count} instance{'s' if count != 1 else ''}"


RULES = (no_bake, no_final_bake, first_step_is_all, first_step_is_none)
