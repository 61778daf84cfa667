"""The deployed query of a batch, on demand: what becomes of its state machine."""

import json
from typing import Any

import pytest

from slipway.errors import LaunchError
from slipway.operations.polling import Polling
from slipway.operations.scheduled_query import ScheduledQuery, StartedScoring

MACHINE, EXECUTION = "arn:aws:states:::stateMachine:q", "arn:aws:states:::execution:q:1"
OUTPUT = json.dumps({"PipelineExecutionArn": "arn:p", "QueryExecutionId": "q-1"})


class StateMachine:
    """Step Functions, whose one execution takes on these states."""

    def __init__(self, *found: dict[str, str]) -> None:
        self.found, self.calls = iter(found), list[str]()

    def start_execution(self, **given: str) -> dict[str, str]:
        assert given == {"stateMachineArn": MACHINE, "input": "{}"}
        return {"executionArn": EXECUTION}

    def describe_execution(self, **given: str) -> dict[str, str]:
        assert given == {"executionArn": EXECUTION}
        return next(self.found)

    def stop_execution(self, **given: str) -> None:
        self.calls.append(f"stop {given['executionArn']}")


def run(machine: StateMachine, sleep: Any = lambda _: None) -> StartedScoring:
    return ScheduledQuery(lambda _: machine, MACHINE, Polling(sleep=sleep)).run(lambda _: None)


def test_the_query_runs_as_on_its_schedule_and_says_what_it_has_started() -> None:
    assert run(StateMachine({"status": "RUNNING"}, {"status": "SUCCEEDED", "output": OUTPUT})) == StartedScoring(
        "arn:p", "q-1"
    )


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"status": "FAILED", "error": "NoRows", "cause": "query q-1 has no rows"}, "FAILED: query q-1 has no rows"),
        ({"status": "FAILED", "error": "States.Runtime"}, "FAILED: States.Runtime"),
        ({"status": "TIMED_OUT"}, "TIMED_OUT: Step Functions gives no reason"),
    ],
)
def test_a_query_that_starts_no_scoring_is_reported_with_its_reason(found: dict[str, str], reason: str) -> None:
    with pytest.raises(LaunchError, match=reason):
        run(StateMachine(found))


@pytest.mark.parametrize(
    ("found", "is_whole"),
    [
        ({"status": "SUCCEEDED"}, True),
        ({"status": "FAILED", "error": "SageMaker.ResourceLimitExceededException"}, True),
        ({"status": "FAILED", "error": "QueryFailed", "cause": "out of resources"}, False),
        ({"status": "RUNNING"}, False),
        ({"status": "ABORTED"}, False),
    ],
)
def test_only_a_query_that_has_written_all_rows_can_be_scored_again(found: dict[str, str], is_whole: bool) -> None:
    query = ScheduledQuery(lambda _: StateMachine(found), MACHINE)
    if is_whole:
        query.require_rows("1")
    else:
        with pytest.raises(LaunchError, match=f"must have all rows of its query, it is {found['status']}"):
            query.require_rows("1")


def test_an_interrupted_query_is_stopped() -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    machine = StateMachine({"status": "RUNNING"})
    with pytest.raises(KeyboardInterrupt):
        run(machine, interrupted)
    assert machine.calls == [f"stop {EXECUTION}"]
