"""The rollout's states, put together."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from infra.rollout.audit import record
from infra.rollout.hold import HOLD, HOLD_AGAIN, hold_states
from infra.rollout.judgement import conclusion, judgement_states, no_judgement
from infra.rollout.look import look_states
from infra.rollout.put_back import READ_STACK, put_back_states
from infra.rollout.refusal import refusal_states
from infra.rollout.shortage import FAILED_FOR, REFUSED_FOR, shortage_states
from infra.rollout.states import State, States
from infra.rollout.turn import TURN, turn_states
from infra.rollout.update import Way, publish, update_states
from infra.rollout.withdrawal import LOOK_REJECTED, WAS_REJECTED, withdrawal_states

TIMEOUT_SECONDS = 14 * 24 * 3600
"""Above the longest path, so that each wait ends in a refusal that tells why, and none in a timeout.

Three days for its turn, three days held, and as long as a way back takes that passes it; three hours of gates, eight
of the update and eight of the way back: under eight days. The way back to an earlier model is neither held nor refused
its turn: those before it have theirs within three days or are refused, and take five more; then it needs one day.
"""

_POLL_SECONDS, _LOOKS = 10, 330
_SETTLING_SECONDS, _SETTLING_LOOKS = 15, 180
"""How often the stack is read in the longest update, and in the longest wait for what happens without users.

With a judge out of order, 27 and 9 events a look: about 10,600 of the 25,000 that an execution may have.
"""

MakeGates = Callable[[str, str], States]
"""Takes the state to go on to, and the one for what is refused."""


@dataclass(frozen=True)
class Gates:
    """What a candidate must pass before any user meets it.

    Attributes:
        start: the first state.
        states: makes the states.
    """

    start: str
    states: MakeGates


@dataclass(frozen=True)
class RolloutTarget:
    """What the state machine acts on; the ARNs may be CDK tokens.

    Attributes:
        judge_arn: compares the fleets; None where nobody does.
        judge_proceeds: whether a rollout goes on that nobody could judge.
        gates: None where there are none.
        plan: how traffic moves, in words that people are told.
        timeout_seconds: the longest that an update of the endpoint may take.
    """

    endpoint: str
    stack: str
    package_group: str
    state_machine_arn: str
    smoke_test_arn: str
    audit_arn: str
    topic_arn: str
    hold_parameter: str
    judge_arn: str | None = None
    judge_proceeds: bool = False
    gates: Gates | None = None
    plan: str = "canary"
    timeout_seconds: int = 3600

    @property
    def poll_seconds(self) -> int:
        return max(_POLL_SECONDS, self.timeout_seconds // _LOOKS)

    @property
    def settling_seconds(self) -> int:
        return max(_SETTLING_SECONDS, self.timeout_seconds // _SETTLING_LOOKS)


def rollout_definition(target: RolloutTarget) -> dict[str, Any]:
    """The state machine; its input is `{"ModelPackageArn": …, "ModelApprovalStatus": …}`, approved by default.

    Its promises: one rollout at a time, in order of approval; success only if the endpoint really serves the
    package; otherwise the package is rejected with the reason, or stays approved where AWS was short of something, the
    stack is told what is really live, and the execution fails. It holds whether CloudFormation reports a rolled back
    endpoint as success or as failure.
    """
    return {
        "Comment": "Brings an approved model package live through its endpoint stack, or puts everything back",
        "StartAt": TURN,
        "TimeoutSeconds": TIMEOUT_SECONDS,
        "States": {
            **turn_states(
                target.state_machine_arn,
                then=WAS_REJECTED,
                refused=REFUSED_FOR,
                rejected=LOOK_REJECTED,
                timeout_seconds=target.timeout_seconds,
            ),
            **withdrawal_states(
                endpoint=target.endpoint,
                package_group=target.package_group,
                state_machine_arn=target.state_machine_arn,
                topic_arn=target.topic_arn,
            ),
            **look_states(target.endpoint),
            **_entrance(target),
            **_forward(target),
            **_back(target),
        },
    }


def _entrance(target: RolloutTarget) -> States:
    """Held, judged by the gates, and asked once more whether it is held."""
    hold, gates = target.hold_parameter, target.gates
    update = "UpdateStack" if target.judge_arn is None else "NoJudgementYet"
    if gates is None:
        return hold_states(parameter_name=hold, then=update, refused=REFUSED_FOR, again=TURN)
    return {
        **hold_states(parameter_name=hold, then=gates.start, refused=REFUSED_FOR, again=TURN),
        **gates.states(HOLD_AGAIN, REFUSED_FOR),
        **hold_states(parameter_name=hold, then=update, refused=REFUSED_FOR, start=HOLD_AGAIN, again=TURN),
    }


def _forward(target: RolloutTarget) -> States:
    judged = target.judge_arn is not None
    way = Way(before=HOLD, begun="RecordBegun", promoted="RecordPromoted")
    between: States = {}
    if target.judge_arn is not None:
        way = replace(way, look="HasTwoFleets", live="IsJudged")
        between = {
            **no_judgement(then="UpdateStack"),
            **judgement_states(
                endpoint=target.endpoint,
                function_arn=target.judge_arn,
                poll_seconds=target.poll_seconds,
                proceeds=target.judge_proceeds,
                then="IsUpdated",
                changed="RecordVerdict",
            ),
            **_record(target, "RecordVerdict", "verdict", then="IsUpdated", verdict=True),
            **conclusion(then="SmokeTest"),
        }
    return {
        **between,
        **_record(target, "RecordBegun", "begun", then="TellBegun"),
        "TellBegun": _tell_begun(target, then="MarkWait"),
        **_record(target, "RecordPromoted", "promoted", then="TellPromoted", verdict=judged),
        **update_states(
            endpoint=target.endpoint,
            stack=target.stack,
            smoke_test_arn=target.smoke_test_arn,
            topic_arn=target.topic_arn,
            way=way,
            failed=FAILED_FOR,
            poll_seconds=target.poll_seconds,
            judged=judged,
        ),
    }


def _tell_begun(target: RolloutTarget, *, then: str) -> State:
    message = f"Endpoint {target.endpoint} begins a rollout of {{}}, {target.plan}; execution {{}}"
    return publish(
        target.topic_arn,
        f"{target.endpoint}: rollout begun",
        f"States.Format('{message}', $.ModelPackageArn, $$.Execution.Id)",
        then=then,
    )


def _back(target: RolloutTarget) -> States:
    endpoint, topic = target.endpoint, target.topic_arn
    return {
        **refusal_states(endpoint=endpoint, topic_arn=topic, recorded="RecordRefused"),
        **put_back_states(
            endpoint=endpoint,
            stack=target.stack,
            topic_arn=topic,
            poll_seconds=target.settling_seconds,
            restored="IsKept",
            failed="RecordNotRestored",
        ),
        **shortage_states(
            endpoint=endpoint, topic_arn=topic, put_back=READ_STACK, recorded="Record", restored="RecordRolledBack"
        ),
        **_record(target, "RecordNotStarted", "not started", then="TellNotStarted", failed=True),
        **_record(target, "RecordStopped", "stopped", then="TellStopped", failed=True),
        **_record(target, "RecordRefused", "refused", then="TellRefused", failed=True),
        **_record(target, "RecordRolledBack", "rolled back", then="TellRolledBack", failed=True),
        **_record(target, "RecordNotRestored", "not restored", then="TellNotRestored", failed=True),
    }


def _record(
    target: RolloutTarget, name: str, action: str, *, then: str, verdict: bool = False, failed: bool = False
) -> States:
    detail = {"previous.$": "$.previous.model_package"} if not failed else {"reason.$": "$.failure.reason"}
    if verdict:
        detail = {**detail, "verdict.$": "$.judgement.decision", "sentence.$": "$.judgement.explanation"}
    return record(
        name,
        function_arn=target.audit_arn,
        topic_arn=target.topic_arn,
        endpoint=target.endpoint,
        action=action,
        detail=detail,
        then=then,
    )
