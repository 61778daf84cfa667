"""Amazon States Language in small pieces: the states the rollout is written with."""

from collections.abc import Mapping
from typing import Any

State = dict[str, Any]
States = dict[str, State]

_RETRY = [
    # Step Functions names throttling by the service's general error, so every failure is tried again.
    {
        "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
        "IntervalSeconds": 2,
        "MaxAttempts": 3,
        "BackoffRate": 2,
        "MaxDelaySeconds": 30,
        "JitterStrategy": "FULL",
    }
]


def task(
    resource: str,
    parameters: Mapping[str, Any],
    *,
    then: str,
    caught: str,
    result: str | None = None,
    select: Mapping[str, Any] | None = None,
    retry: bool = True,
    timeout_seconds: int = 60,
) -> State:
    """Call an API by its SDK integration, `service:action`, or an optimized one such as `lambda:invoke`.

    A failure that retrying does not heal goes to `caught`, with `$.error` set.
    """
    prefix = "" if resource in ("lambda:invoke", "sns:publish") else "aws-sdk:"
    state: State = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{prefix}{resource}",
        "Parameters": dict(parameters),
        "ResultPath": result,
        "TimeoutSeconds": timeout_seconds,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": caught}],
        "Next": then,
    }
    if select:
        state["ResultSelector"] = dict(select)
    if retry:
        state["Retry"] = _RETRY
    return state


def ask(resource: str, arguments: Mapping[str, Any], found: str, *, then: str, caught: str) -> State:
    """Call an API and put what the expression `found` finds in `$states.result`, an object, beside the rest."""
    state = task(resource, {}, then=then, caught=caught)
    del state["Parameters"], state["ResultPath"]
    catch = {"ErrorEquals": ["States.ALL"], "Next": caught, "Output": _with("{'error': $states.errorOutput}")}
    return {**state, "QueryLanguage": "JSONata", "Arguments": dict(arguments), "Output": _with(found), "Catch": [catch]}


def wait(seconds: int, *, then: str) -> State:
    return {"Type": "Wait", "Seconds": seconds, "Next": then}


def wait_counting(seconds: int, counted: str, *, then: str) -> State:
    """Wait; `counted` is an expression of what is then put beside the rest, and costs no event of its own."""
    return {"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": seconds, "Output": _with(counted), "Next": then}


def reckon(found: str, *, then: str) -> State:
    """Put what an expression finds, an object, beside the rest: JSONata reckons what paths cannot."""
    return {"Type": "Pass", "QueryLanguage": "JSONata", "Output": _with(found), "Next": then}


def _with(found: str) -> str:
    return f"{{% $merge([$states.input, {found}]) %}}"


def note(path: str, value: Any = None, *, then: str, parameters: Mapping[str, Any] | None = None) -> State:
    """Put a constant, or what `parameters` select, at `path`."""
    given = {"Parameters": dict(parameters)} if parameters else {"Result": value}
    return {"Type": "Pass", **given, "ResultPath": path, "Next": then}


def choose(*choices: State, otherwise: str) -> State:
    return {"Type": "Choice", "Choices": list(choices), "Default": otherwise}


def when(*rules: State, then: str) -> State:
    """One choice: go to `then` if every rule holds."""
    return {**rules[0], "Next": then} if len(rules) == 1 else {"And": list(rules), "Next": then}


def present(path: str) -> State:
    return {"Variable": path, "IsPresent": True}


def absent(path: str) -> State:
    return {"Variable": path, "IsPresent": False}


def true(path: str) -> State:
    return {"Variable": path, "BooleanEquals": True}


def equal(path: str, text: str) -> State:
    return {"Variable": path, "StringEquals": text}


def number(path: str, value: float) -> State:
    return {"Variable": path, "NumericEquals": value}


def unlike(path: str, text: str) -> State:
    return {"Not": equal(path, text)}


def same(path: str, other_path: str) -> State:
    return {"Variable": path, "StringEqualsPath": other_path}


def different(path: str, other_path: str) -> State:
    return {"Not": same(path, other_path)}


def more(path: str, number: int) -> State:
    return {"Variable": path, "NumericGreaterThan": number}


def matching(path: str, pattern: str) -> State:
    """`*` in the pattern stands for anything."""
    return {"Variable": path, "StringMatches": pattern}
