"""What AWS was short of is not the model's fault: the package stays approved, and its rollout can be started again."""

from infra.rollout.put_back import REJECT_PACKAGE
from infra.rollout.refusal import REFUSED
from infra.rollout.states import State, States, absent, choose, equal, matching, note, present, when
from infra.rollout.turn import IS_REJECTION
from infra.rollout.update import publish
from slipway.rollout.shortages import SHORTAGES

REFUSED_FOR = "IsShortageRefused"
"""Takes `$.failure` {reason, by} of a rollout that has changed nothing."""
FAILED_FOR = "IsShortage"
"""Takes `$.failure.reason` of a rollout that AWS did not carry out."""
KEPT = "$.kept"

_JUDGED = ("contract", "replay")
_AGAIN = (
    "the package stays approved; `slipway rollout approve --package {} --reason TEXT` starts its rollout again, once "
    "there is room (`slipway quotas` shows what is missing)"
)


def shortage_states(*, endpoint: str, topic_arn: str, put_back: str, recorded: str, restored: str) -> States:
    """From `REFUSED_FOR` and `FAILED_FOR` to the failure `NotStarted`, to `put_back` with `KEPT`, or to a rejection.

    After putting back, `IsKept` goes to the failure `Stopped` instead of to `restored`. `recorded` names the suffix of
    the two states that record an end, `NotStarted` and `Stopped`, on the way to `Tell…`.
    """
    short: State = {"Or": [matching("$.failure.reason", pattern) for pattern in SHORTAGES]}
    return {
        REFUSED_FOR: choose(
            *(when(equal("$.failure.by", gate), then=REFUSED) for gate in _JUDGED),
            when(short, then="NoteNotStarted"),
            otherwise=REFUSED,
        ),
        FAILED_FOR: choose(
            when(*IS_REJECTION, then=REJECT_PACKAGE),
            when(absent("$.waiting"), short, then="NoteNotStarted"),
            when(short, then="NoteKept"),
            otherwise=REJECT_PACKAGE,
        ),
        "NoteNotStarted": _note("not started", then=f"{recorded}NotStarted"),
        "NoteKept": note(KEPT, value=True, then="NoteStopped"),
        "NoteStopped": _note("stopped", then=put_back),
        "IsKept": choose(when(present(KEPT), then=f"{recorded}Stopped"), otherwise=restored),
        **_end("NotStarted", f"{endpoint}: rollout not started", endpoint, topic_arn),
        **_end("Stopped", f"{endpoint}: rollout stopped", endpoint, topic_arn),
    }


def _note(word: str, *, then: str) -> State:
    reason = f"States.Format('{word}: {{}}; {_AGAIN}', $.failure.reason, $.ModelPackageArn)"
    return note("$.failure", parameters={"reason.$": reason, "by": "AWS"}, then=then)


def _end(name: str, subject: str, endpoint: str, topic_arn: str) -> States:
    text = f"States.Format('The rollout of {{}} to endpoint {endpoint}: {{}}', $.ModelPackageArn, $.failure.reason)"
    return {
        f"Tell{name}": publish(topic_arn, subject, text, then=name),
        name: {"Type": "Fail", "Error": name, "CausePath": "$.failure.reason"},
    }
