"""Steps in memory: what they gave is kept as JSON, so that a run can be killed and resumed; waits take no time."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from infra.rollout.runtime.orchestrator.rollout import End, roll_out
from infra.rollout.runtime.orchestrator.run import CallError, RolloutRequest, RolloutTarget, Run
from slipway.rollout.steps import Kind, RolloutStep
from tests.infra.rollout.account import EXECUTION, FUNCTION, NEW, World

MINE = EXECUTION.format("mine")
BEGAN = 1_796_000_000.0


class Killed(BaseException):
    """The process has ended in the middle; nothing of it runs any more."""


@dataclass
class Journal:
    """`operations` counts as Lambda does: a step one, a poll one and one for each attempt.

    Attributes:
        kill_at: end the process before the result of this operation, or of this attempt of a poll, is kept.
        attempts: what the last attempt of each poll gave, by its place.
        results: the name of each result that was kept.
        waiting: called at each wait with the step's name.
    """

    execution: str = MINE
    kept: list[tuple[str, str]] = field(default_factory=list)
    kill_at: int | None = None
    waiting: Callable[[RolloutStep], None] = lambda _: None
    operations: int = 0
    seconds: float = 0.0
    names: list[str] = field(default_factory=list)
    attempts: dict[int, Any] = field(default_factory=dict)
    results: list[str] = field(default_factory=list)
    _place: int = 0
    _killed: bool = False

    @property
    def operation(self) -> int:
        return self._place

    def do(self, name: RolloutStep, act: Callable[[], Any]) -> Any:
        return self._once(name, lambda: self._attempt(act))

    def poll(
        self, name: RolloutStep, check: Callable[[Any], Any], start: Any, pause: Callable[[Any], float | None]
    ) -> Any:
        def until_over() -> Any:
            state = self.attempts.get(self._place, {"result": start})
            while True:
                before = state["result"]
                state = json.loads(json.dumps(self._attempt(lambda before=before: check(before))))
                self.operations += 1
                seconds = None if "code" in state else pause(state["result"])
                if seconds is None:
                    return state
                assert seconds >= 1, "Lambda waits for whole seconds"
                self._keep(name)
                self.attempts[self._place] = state
                self.seconds += seconds
                self.waiting(name)

        return self._once(name, until_over)

    def wait(self, name: RolloutStep, seconds: float) -> None:
        self._once(name, lambda: {"result": self._pass(name, seconds)})

    def now(self) -> float:
        return BEGAN + self.seconds

    def resumed(self) -> "Journal":
        return replace(self, kill_at=None, names=[], _place=0, _killed=False)

    def _keep(self, name: RolloutStep) -> None:
        if self.kill_at == len(self.results):
            self._killed = True
            raise Killed
        self.results.append(name)

    def _pass(self, name: RolloutStep, seconds: float) -> None:
        self.seconds += seconds
        self.waiting(name)

    def _once(self, name: RolloutStep, act: Callable[[], Any]) -> Any:
        if self._place < len(self.kept):
            known, kept = self.kept[self._place]
            assert known == name, f"replayed {name} where {known} was"
        else:
            # As where Lambda suspends an execution: that is an exception too, and what catches it must begin no step.
            assert not self._killed, f"{name} was begun after the process had ended"
            self.operations += 1
            kept = json.dumps(act())
            self._keep(name)
            self.kept.append((name, kept))
        self._place += 1
        self.names.append(name)
        found = json.loads(kept)
        if "code" in found:
            raise CallError(found["code"], found["message"])
        return found["result"]

    @staticmethod
    def _attempt(act: Callable[[], Any]) -> Any:
        try:
            return {"result": act()}
        except ClientError as exc:
            return {"code": exc.response["Error"]["Code"], "message": exc.response["Error"]["Message"]}
        except CallError as exc:
            return {"code": exc.code, "message": exc.message}


def target(**changes: Any) -> RolloutTarget:
    given: dict[str, Any] = {
        "endpoint": "shoppers-dev",
        "stack": "shoppers-dev-endpoint",
        "package_group": "shoppers-dev",
        "function": FUNCTION.format("shoppers-dev-rollout:live"),
        "bucket": "artifacts",
        "queue_key": "rollouts/shoppers-dev/queue.json",
        "pause_parameter": "/pause",
        "smoke_test": FUNCTION.format("smoke"),
        "audit": FUNCTION.format("audit"),
        "topic": "arn:aws:sns:us-east-1:000000000000:rollouts",
        "canary_analysis": FUNCTION.format("analysis"),
        "gate_job": {
            "name_prefix": "shoppers-dev-gates",
            "properties": ["model_sha256"],
            "output_uri": "s3://artifacts/replay",
            "kms_key_arn": "arn:key",
            "cluster": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
            "max_runtime_seconds": 3600,
            "image_uri": "image",
            "arguments": ["--max-requests=100"],
            "role_arn": "arn:role",
            "tags": [],
            "vpc_config": None,
        },
    }
    return RolloutTarget(**{**given, **changes})


def run(
    world: World,
    *,
    package: str = NEW,
    kind: Kind = Kind.APPROVAL,
    journal: Journal | None = None,
    requested_at: float | None = None,
    **changes: Any,
) -> End:
    """Roll out to the end."""
    steps = journal or Journal()
    world.executions[steps.execution] = "RUNNING"
    end = roll_out(Run(target(**changes), RolloutRequest(package, kind, requested_at), steps, world.client, steps.now))
    world.executions[steps.execution] = "SUCCEEDED"
    return end


def killed_everywhere(world: Callable[[], World], **given: Any) -> Iterator[tuple[End, World]]:
    """The same rollout as often as it has operations: killed at each of them once, and resumed."""
    place = 0
    while True:
        journal, here = Journal(kill_at=place), world()
        try:
            run(here, journal=journal, **given)
        except Killed:
            yield run(here, journal=journal.resumed(), **given), here
        else:
            return
        place += 1
