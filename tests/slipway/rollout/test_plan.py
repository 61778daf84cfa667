"""The plan and the state machine of a rollout."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import InputError
from slipway.rollout.plan import (
    Phase,
    RolloutPlan,
    RolloutState,
    advance,
    deployment_config,
    green_share,
    plan_from_deployment_config,
    wait_seconds,
)
from slipway.settings import Rollout

TYPES = ("all_at_once", "canary", "linear", "rolling")
ALARMS = ["new-fleet-errors", "new-fleet-latency"]


def settings(**values: Any) -> Rollout:
    return Rollout(**{"timeout_seconds": 28800, **values})


@st.composite
def plans(draw: st.DrawFn) -> RolloutPlan:
    rollout = settings(
        type=draw(st.sampled_from(TYPES)),
        canary_percent=draw(st.integers(1, 50)),
        step_percent=draw(st.integers(10, 50)),
        bake_seconds=draw(st.integers(60, 1200)),
        final_bake_seconds=draw(st.integers(0, 1200)),
    )
    return plan_from_deployment_config(deployment_config(rollout, ALARMS), instances=draw(st.integers(1, 12)))


events = st.lists(
    st.tuples(
        st.booleans(), st.sampled_from([None] * 9 + ["new-fleet-errors"]), st.sampled_from([None] * 9 + ["late"])
    ),
    max_size=60,
)


def follow(plan: RolloutPlan, given_events: list[tuple[bool, str | None, str | None]]) -> list[RolloutState]:
    states = [RolloutState()]
    for baked, alarm, failure in given_events:
        states.append(advance(states[-1], plan=plan, baked=baked, alarm=alarm, failure=failure))
    return states


@given(plans(), events)
def test_an_alarm_is_never_followed_by_promotion(
    plan: RolloutPlan, happened: list[tuple[bool, str | None, str | None]]
) -> None:
    state, warned = RolloutState(), False
    for baked, alarm, failure in happened:
        warned = warned or ((alarm or failure) is not None and not state.ended)
        state = advance(state, plan=plan, baked=baked, alarm=alarm, failure=failure)
        assert not (warned and state.phase is Phase.PROMOTED)


@given(plans(), events)
def test_the_new_fleet_serves_more_only_after_the_bake_before_has_ended(
    plan: RolloutPlan, happened: list[tuple[bool, str | None, str | None]]
) -> None:
    bakes_ended = 0
    states = follow(plan, happened)
    for before, after in itertools.pairwise(states):
        bakes_ended += before.phase is Phase.BAKING and after.phase is Phase.SHIFTING
        allowed = plan.steps[min(bakes_ended, len(plan.steps) - 1)]
        assert after.green_instances <= allowed
        if after.green_instances > before.green_instances:
            assert before.phase in (Phase.PROVISIONING, Phase.BAKING)


@given(plans(), events)
def test_every_path_ends_promoted_or_rolled_back_or_with_a_failed_rollback(
    plan: RolloutPlan, happened: list[tuple[bool, str | None, str | None]]
) -> None:
    state = follow(plan, happened)[-1]
    for _ in range(2 * len(plan.steps) + plan.instances + 4):
        state = advance(state, plan=plan, baked=True)
    assert state.ended
    assert (green_share(state, plan) == 1.0) == (state.phase is Phase.PROMOTED)
    assert (state.phase is not Phase.PROMOTED) == (state.alarm is not None or state.failure is not None)
    assert (state.phase is Phase.ROLLBACK_FAILED) == (state.rollback_failure is not None)


def test_a_rollback_that_fails_keeps_both_reasons() -> None:
    plan = plan_from_deployment_config(None, instances=4)
    turned = advance(RolloutState(Phase.FINAL_BAKING, 0, 4), plan=plan, baked=False, alarm="errors")
    failed = advance(turned, plan=plan, baked=True, failure="the old fleet does not answer")
    assert (failed.phase, failed.alarm) == (Phase.ROLLBACK_FAILED, "errors")
    assert failed.rollback_failure == "the old fleet does not answer"


@given(plans(), st.sampled_from([None, "new-fleet-errors"]))
def test_an_ended_rollout_stays_as_it_is(plan: RolloutPlan, alarm: str | None) -> None:
    for phase in (Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ROLLBACK_FAILED):
        ended = RolloutState(phase=phase)
        assert advance(ended, plan=plan, baked=True, alarm=alarm) is ended


@given(plans())
def test_nothing_moves_before_its_time(plan: RolloutPlan) -> None:
    state = RolloutState()
    while not state.ended:
        assert advance(state, plan=plan, baked=False) == state
        state = advance(state, plan=plan, baked=True)


@given(plans())
def test_the_waits_stay_below_the_timeout(plan: RolloutPlan) -> None:
    state, waited = RolloutState(), 0
    while not state.ended:
        waited += wait_seconds(state, plan)
        state = advance(state, plan=plan, baked=True)
    assert waited < plan.timeout_seconds


def phases(plan: RolloutPlan, alarm_in: Phase | None = None) -> list[tuple[str, float]]:
    state, seen = RolloutState(), [("Provisioning", 0.0)]
    while not state.ended:
        alarm = "new-fleet-errors" if state.phase is alarm_in else None
        state = advance(state, plan=plan, baked=True, alarm=alarm)
        seen.append((state.phase.value, green_share(state, plan)))
    return seen


def plan_of(type_: str, **values: Any) -> RolloutPlan:
    return plan_from_deployment_config(deployment_config(settings(type=type_, **values), ALARMS), instances=4)


def test_a_canary_bakes_serves_everybody_bakes_again_and_is_promoted() -> None:
    assert phases(plan_of("canary", canary_percent=25)) == [
        ("Provisioning", 0.0),
        ("Shifting", 0.25),
        ("Baking", 0.25),
        ("Shifting", 1.0),
        ("FinalBaking", 1.0),
        ("Terminating", 1.0),
        ("Promoted", 1.0),
    ]


def test_all_at_once_has_only_the_final_bake() -> None:
    assert [name for name, _ in phases(plan_of("all_at_once"))] == [
        "Provisioning",
        "Shifting",
        "FinalBaking",
        "Terminating",
        "Promoted",
    ]


@pytest.mark.parametrize("type_", ["linear", "rolling"])
def test_linear_and_rolling_go_step_by_step(type_: str) -> None:
    shares = [share for name, share in phases(plan_of(type_, step_percent=25)) if name == "Shifting"]
    assert shares == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("phase", [Phase.PROVISIONING, Phase.SHIFTING, Phase.FINAL_BAKING, Phase.TERMINATING])
def test_an_alarm_sends_everybody_back_from_any_phase(type_: str, phase: Phase) -> None:
    seen = phases(plan_of(type_), alarm_in=phase)
    assert seen[-2:] == [("RollingBack", 0.0), ("RolledBack", 0.0)]


def test_a_rolling_update_can_roll_back_in_batches() -> None:
    config = deployment_config(settings(type="rolling", step_percent=50), ALARMS)
    config["RollingUpdatePolicy"]["RollbackMaximumBatchSize"] = {"Type": "INSTANCE_COUNT", "Value": 1}
    plan = plan_from_deployment_config(config, instances=4)
    assert phases(plan, alarm_in=Phase.BAKING)[-3:] == [
        ("RollingBack", 0.25),
        ("RollingBack", 0.0),
        ("RolledBack", 0.0),
    ]


@pytest.mark.parametrize(
    ("percent", "instances", "steps"),
    [(25, 4, (1, 4)), (50, 3, (1, 3)), (10, 4, (1, 4)), (49, 10, (4, 10)), (50, 1, (1, 1))],
)
def test_a_percentage_becomes_whole_instances(percent: int, instances: int, steps: tuple[int, ...]) -> None:
    config = deployment_config(settings(type="canary", canary_percent=percent), ALARMS)
    assert plan_from_deployment_config(config, instances=instances).steps == steps


def test_a_canary_may_be_a_count_of_instances() -> None:
    config = deployment_config(settings(type="canary"), ALARMS)
    config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["CanarySize"] = {
        "Type": "INSTANCE_COUNT",
        "Value": 2,
    }
    assert plan_from_deployment_config(config, instances=5).steps == (2, 5)


def test_without_a_config_the_update_is_all_at_once_and_unwatched() -> None:
    plan = plan_from_deployment_config(None, instances=4)
    assert (plan.type, plan.steps, plan.final_wait_seconds, plan.alarms) == ("all_at_once", (4,), 0, ())


def test_the_settings_become_the_shape_cloudformation_takes() -> None:
    assert deployment_config(settings(type="canary", bake_seconds=300, final_bake_seconds=120), ALARMS) == {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 300,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            },
            "TerminationWaitInSeconds": 120,
            "MaximumExecutionTimeoutInSeconds": 28800,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in ALARMS]},
    }


def test_all_at_once_is_watched_even_without_a_final_bake() -> None:
    config = deployment_config(settings(type="all_at_once", bake_seconds=300, final_bake_seconds=0), ALARMS)
    assert config["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 300


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def canary_with(**routing: Any) -> dict[str, Any]:
    base = {"Type": "CANARY", "WaitIntervalInSeconds": 60, "CanarySize": percent(25)}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {**base, **routing}}}


def rolling_with(**policy: Any) -> dict[str, Any]:
    return {"RollingUpdatePolicy": policy}


@pytest.mark.parametrize(
    ("config", "reported"),
    [
        (canary_with(Type="SLOWLY"), "Type must be one of ALL_AT_ONCE, CANARY, LINEAR, got SLOWLY"),
        (canary_with(CanarySize=percent(90)), "CanarySize.Value must be in 1..50, got 90"),
        (canary_with(CanarySize={"Type": "INSTANCE_COUNT", "Value": 3}), "CanarySize.Value must be in 1..2, got 3"),
        (canary_with(CanarySize=None), "CanarySize must be given, got none"),
        (canary_with(CanarySize={"Type": "PERCENT", "Value": 5}), "CanarySize.Type must be one of"),
        (canary_with(Type="LINEAR", LinearStepSize=percent(5)), "LinearStepSize.Value must be in 10..50, got 5"),
        (canary_with(WaitIntervalInSeconds=3601), "WaitIntervalInSeconds must be in 0..3600, got 3601"),
        (canary_with(WaitIntervalInSeconds="60"), "WaitIntervalInSeconds must be in 0..3600, got 60"),
        ({**canary_with(), "RollingUpdatePolicy": {"x": 1}}, "must have one update policy"),
        ({"AutoRollbackConfiguration": {"Alarms": []}}, "must have 1..10 alarms, got 0"),
        ({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}] * 2}}, "must be unique, got a, a"),
        ({"Canary": {}}, "keys must be among"),
        ({"BlueGreenUpdatePolicy": {"TerminationWaitInSeconds": 0}}, "must have TrafficRoutingConfiguration"),
        (rolling_with(MaximumBatchSize=percent(4)), "MaximumBatchSize.Value must be in 5..50, got 4"),
        (rolling_with(MaximumBatchSize=percent(50)), "must have WaitInter"),
        (rolling_with(WaitIntervalInSeconds=1), "MaximumBatchSize must be given"),
    ],
)
def test_what_sagemaker_refuses_is_refused_with_the_value_and_what_is_allowed(
    config: dict[str, Any], reported: str
) -> None:
    with pytest.raises(InputError, match=reported.replace("..", r"\.\.")):
        plan_from_deployment_config(config, instances=4)


def test_a_timeout_below_the_waits_is_refused() -> None:
    config = canary_with(WaitIntervalInSeconds=3000)
    config["BlueGreenUpdatePolicy"] |= {"TerminationWaitInSeconds": 600, "MaximumExecutionTimeoutInSeconds": 3600}
    with pytest.raises(InputError, match=r"must exceed the waits \(3600\), got 3600"):
        plan_from_deployment_config(config, instances=4)


def test_all_mistakes_are_reported_together() -> None:
    config = canary_with(WaitIntervalInSeconds=9999, CanarySize=percent(99))
    with pytest.raises(InputError) as reported:
        plan_from_deployment_config(config, instances=4)
    assert len(str(reported.value).splitlines()) == 2


def test_a_fleet_has_at_least_one_instance() -> None:
    with pytest.raises(InputError, match="instances must be at least 1, got 0"):
        plan_from_deployment_config(None, instances=0)


def test_without_alarms_the_config_names_none() -> None:
    assert "AutoRollbackConfiguration" not in deployment_config(settings(), [])
