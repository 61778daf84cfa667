"""Looks at both fleets while the stack updates, and what their verdict means afterwards."""

from typing import Any

from infra.rollout.states import (
    State,
    States,
    absent,
    choose,
    equal,
    more,
    note,
    number,
    present,
    task,
    true,
    when,
)
from slipway.canary.statistics.evidence import Decision
from slipway.metrics import decision_datum, decision_namespace

ROLL_BACK = int(Decision.ROLL_BACK)
"""The verdict against the new fleet."""
NO_FLEET = ""
MOST_FAILED = 5
"""Looks in a row: the one after them may still be in time for the alarm."""
LOOK_SECONDS = 30
"""Of the function, too. A look that takes longer than a few waits is none."""
_NONE = {
    "decision": 0,
    "changed": False,
    "explanation": "",
    "endpoint_config": "",
    "settled": False,
    "checkpoint": None,
}
_NONE_FAILED = {"looks": 0, "sent_back": False}
_KEPT = {**{f"{name}.$": f"$.Payload.{name}" for name in _NONE}, "failed": _NONE_FAILED}
_RETRY = [
    {
        # Lambda's own failures; what the function raises it would raise again, and the next look comes soon.
        "ErrorEquals": [
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
            "Lambda.ClientExecutionTimeoutException",
        ],
        "IntervalSeconds": 1,
        "MaxAttempts": 1,
    }
]


def judgement_states(
    *, endpoint: str, function_arn: str, poll_seconds: int, proceeds: bool, then: str, changed: str
) -> States:
    """From `HasTwoFleets`, entered at each look, to `then`, by way of `changed` where the verdict is a new one.

    A look that fails is left out: the evidence is unchanged, and the next look catches up. After five in a row nobody
    judges the new fleet any more, and it is sent back, unless a rollout `proceeds` without evidence.
    """
    payload = {
        "endpoint": endpoint,
        "package.$": "$.ModelPackageArn",
        "previous_package.$": "$.previous.model_package",
        "previous_config.$": "$.previous.config",
        "checkpoint.$": "$.judgement.checkpoint",
        # Bakes are waits too: how long this one took tells how fast they go by.
        "clock": {"seconds": poll_seconds, "from.$": "$.waiting.since", "to.$": "$$.State.EnteredTime"},
    }
    look = task(
        "lambda:invoke",
        {"FunctionName": function_arn, "Payload": payload},
        result="$.judgement",
        select=_KEPT,
        then="IsVerdictNew",
        caught=then if proceeds else "CountUnjudged",
        timeout_seconds=LOOK_SECONDS,
    )
    look["Retry"] = _RETRY
    look["Catch"][0]["ResultPath"] = "$.unjudged"
    one_fleet = when(equal("$.previous.config", NO_FLEET), then=then)
    verdict_stands = when(true("$.judgement.failed.sent_back"), then="ReadFleets")
    return {
        "HasTwoFleets": choose(one_fleet, *(() if proceeds else (verdict_stands,)), otherwise="Judge"),
        "Judge": look,
        "IsVerdictNew": choose(when(true("$.judgement.changed"), then=changed), otherwise=then),
        **({} if proceeds else _sending_back(endpoint, then=then, changed=changed)),
    }


def _sending_back(endpoint: str, *, then: str, changed: str) -> States:
    """From `CountUnjudged`: after too many looks that failed, the verdict is published here in the judge's place.

    A judge that never answered has named no fleet, so SageMaker is asked for it, and at each later look again: while
    the new fleet is on its way its alarm hears the verdict, and then there is nothing left to send back.
    """
    sentence = (
        "States.Format('roll back: the judge was out of order, {} looks in a row failed, the last by {}', "
        "$.judgement.failed.looks, $.unjudged.Error)"
    )
    noted = {**_NONE, "decision": ROLL_BACK, "settled": True, "explanation.$": sentence}
    del noted["explanation"]
    return {
        "CountUnjudged": note(
            "$.judgement.failed",
            parameters={"looks.$": "States.MathAdd($.judgement.failed.looks, 1)", "sent_back": False},
            then="IsJudgeLost",
        ),
        "IsJudgeLost": choose(
            when(more("$.judgement.failed.looks", MOST_FAILED - 1), then="ReadFleets"), otherwise=then
        ),
        "ReadFleets": _forgiving(
            task(
                "sagemaker:describeEndpoint",
                {"EndpointName": endpoint},
                result="$.fleets",
                then="IsFleetOnItsWay",
                caught=then,
            )
        ),
        "IsFleetOnItsWay": choose(
            when(present("$.fleets.PendingDeploymentSummary.EndpointConfigName"), then="SendBack"), otherwise=then
        ),
        "SendBack": _forgiving(
            task(
                "cloudwatch:putMetricData",
                {"Namespace": decision_namespace(endpoint), "MetricData": [_datum(endpoint)]},
                then="IsSentBack",
                caught=then,
            )
        ),
        "IsSentBack": choose(when(true("$.judgement.failed.sent_back"), then=then), otherwise="NoteSentBack"),
        "NoteSentBack": note(
            "$.judgement",
            parameters={**noted, "failed": {"looks.$": "$.judgement.failed.looks", "sent_back": True}},
            then=changed,
        ),
    }


def _forgiving(state: State) -> State:
    """The next look tries again; `$.error` may hold what later states explain."""
    state["Catch"][0]["ResultPath"] = "$.unsent"
    return state


def _datum(endpoint: str) -> dict[str, Any]:
    datum = decision_datum(Decision.ROLL_BACK, endpoint=endpoint, config="")
    name, config = datum["Dimensions"]
    path = "$.fleets.PendingDeploymentSummary.EndpointConfigName"
    return {**datum, "Dimensions": [name, {"Name": config["Name"], "Value.$": path}]}


def no_judgement(*, then: str) -> States:
    return {"NoJudgementYet": note("$.judgement", {**_NONE, "failed": _NONE_FAILED}, then=then)}


def conclusion(*, then: str) -> States:
    """`IsJudged`: the candidate serves, but may it? An alarm can come too late, and a judge can be out of order."""
    return {
        "IsJudged": choose(
            when(equal("$.previous.config", NO_FLEET), then=then),
            when(absent("$.waiting"), then=then),  # it served before this rollout began anything
            when(number("$.judgement.decision", ROLL_BACK), then="ExplainVerdict"),
            when(true("$.judgement.settled"), then=then),
            otherwise="ExplainUnjudged",
        ),
    }
