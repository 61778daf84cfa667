"""Run one experiment: users whose outcomes depend on the variant that responded, until the better arm serves alone.

The challenger is the version before the live one, and its users' outcomes are drawn to be better: what an experiment
is for is to find what no offline metric shows.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable
from random import Random
from types import TracebackType
from typing import Any, Self

from rehearsal.journey.phases import PhaseLog
from rehearsal.journey.rollout_following import POLL_SECONDS
from rehearsal.journey.rollout_result import LaunchTarget
from rehearsal.journey.starvation import starvation
from slipway.canary.observation.object_prefixes import OUTCOME_PREFIX
from slipway.errors import LaunchError
from slipway.metrics import CHALLENGER_VARIANT
from slipway.operations.executions import listed_executions
from slipway.operations.experiments import read_report
from slipway.rollout.steps import ALIAS, Outcome
from slipway.settings import Settings
from slipway.settings.experiment import Experiment
from slipway.settings.names import VARIANT

BETTER_BY = 2.0
"""Effects by which the first challenger's mean is above the champion's."""
_WRITE_SECONDS = 0.5
_SEED = 11
_START_SECONDS = 30.0
_SHOW_SECONDS = 2.0
"""Between two looks at the report, which lies in S3."""


class Respondents:
    """Users of whom each does something after a response, or does not; written as a team would report it."""

    def __init__(self, target: LaunchTarget, experiment: Experiment) -> None:
        self._target, self._experiment = target, experiment
        self._random, self._lock = Random(_SEED), threading.Lock()  # noqa: S311 -- made-up users
        self._waiting: list[dict[str, Any]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outcomes", daemon=True)
        self._counts: dict[str, int] = {}

    @property
    def requests(self) -> dict[str, int]:
        """How many requests each variant answered since a challenger answered its first."""
        with self._lock:
            return dict(self._counts)

    @property
    def means(self) -> dict[str, float]:
        """The true mean reward of each variant."""
        names = [CHALLENGER_VARIANT.format(number) for number in range(1, self._experiment.challengers + 1)]
        means = dict.fromkeys([VARIANT, *names], self._experiment.expected)
        means[names[0]] += BETTER_BY * self._experiment.effect
        return means

    def __enter__(self) -> Self:
        self._thread.start()
        self._target.traffic.report_responses(self._respond)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._target.traffic.report_responses(None)
        self._ending.set()
        self._thread.join()

    def _respond(self, inference_id: str, variant: str) -> None:
        mean = self.means[variant]
        with self._lock:
            value = (
                float(self._random.random() < mean)
                if self._experiment.reward == "yes_no"
                else self._random.gauss(mean, self._experiment.spread or 0.0)
            )
            self._waiting.append({"inference_id": inference_id, "value": value})
            if self._counts or variant != VARIANT:
                self._counts[variant] = self._counts.get(variant, 0) + 1

    def _run(self) -> None:
        while not self._ending.wait(_WRITE_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        with self._lock:
            outcomes, self._waiting = self._waiting, []
        if outcomes:
            body = "".join(f"{json.dumps(each)}\n" for each in outcomes).encode()
            key = f"{OUTCOME_PREFIX}/rehearsal/{uuid.uuid4()}.jsonl"
            self._target.aws.client("s3").put_object(Bucket=self._target.artifacts_bucket, Key=key, Body=body)


def run_experiment(target: LaunchTarget, settings: Settings, found: dict[str, Any], phase: PhaseLog) -> None:
    """Start it and follow it to its end, and a winner's rollout to its own; `found` is filled meanwhile.

    Raises:
        LaunchError: an execution ended without an outcome.
    """
    experiment = settings.experiment
    if experiment is None:
        raise LaunchError("there are no settings of an experiment")
    before, began, functions = target.traffic.snapshot(), time.time(), target.aws.client("lambda")
    known = set(_executions(target, target.rollout_function))
    execution = functions.invoke(
        FunctionName=target.experiment_function,
        Qualifier=ALIAS,
        InvocationType="Event",
        Payload=json.dumps({"action": "start"}).encode(),
    )["DurableExecutionArn"]
    with Respondents(target, experiment) as users:
        result = _followed(target, execution, lambda: phase.show(_progress(target, settings)))
        requests = users.requests  # the champion's variant is the winner's after its rollout
        found |= {"outcome": result["outcome"], "reason": result["reason"], "true_means": users.means}
        phase.log(f"{result['outcome']}: {result['reason']}")
        if result["outcome"] == Outcome.WINNER_STARTED:
            rollout = _new_execution(target, known)
            found["rollout"] = _followed(target, rollout, lambda: phase.show("the winner is rolled out"))
            phase.log(f"the winner's rollout ended {found['rollout']['outcome']}")
    counts = target.traffic.snapshot().since(before)
    means = users.means
    found |= {
        **(_report(target, settings) or {}),
        "requests_by_variant": requests,
        "true_regret": sum(count * (max(means.values()) - means[name]) for name, count in requests.items()),
        "seconds": round(time.time() - began, 3),
        "requests": counts.sent,
        "failed": counts.failed,
        "dropped": counts.dropped,
        "serves": _serves(target),
        "inconclusive": starvation(target.traffic.promptness(before)),
    }
    # What a busy machine does to a rollout is no fault of the experiment.
    found["shortcomings"] = [] if found["inconclusive"] else _shortcomings(found)


def _shortcomings(found: dict[str, Any]) -> list[str]:
    """What did not go as it should with a challenger that is better by more than the effect."""
    wrong = []
    if found["outcome"] != Outcome.WINNER_STARTED:
        wrong.append(f"the better challenger should win the experiment, got {found['outcome']}: {found['reason']}")
    elif found["rollout"]["outcome"] != Outcome.PROMOTED:
        wrong.append(f"the experiment's winner should be promoted, got {found['rollout']['outcome']}")
    if len(found["serves"]) != 1:
        wrong.append(f"one model should serve after the experiment, got {len(found['serves'])}")
    unanswered = [f"{found[name]} {name}" for name in ("failed", "dropped") if found[name]]
    return wrong + [f"every request of the experiment must be answered, got {each}" for each in unanswered]


def _followed(target: LaunchTarget, execution: str, show: Callable[[], None]) -> dict[str, Any]:
    functions, shown = target.aws.client("lambda"), 0.0
    while (described := functions.get_durable_execution(DurableExecutionArn=execution))["Status"] == "RUNNING":
        if time.monotonic() > shown + _SHOW_SECONDS:
            show()
            shown = time.monotonic()
        time.sleep(POLL_SECONDS)
    if described["Status"] != "SUCCEEDED":
        raise LaunchError(f"execution {execution} must end with an outcome, got {described['Status']}")
    ended: dict[str, Any] = json.loads(described["Result"])
    return ended


def _executions(target: LaunchTarget, function: str) -> list[str]:
    return [each["DurableExecutionArn"] for each in listed_executions(target.aws.client("lambda"), function)]


def _new_execution(target: LaunchTarget, known: set[str]) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        for execution in _executions(target, target.rollout_function):
            if execution not in known:
                return execution
        time.sleep(POLL_SECONDS)
    raise LaunchError(f"the winner's rollout must start within {_START_SECONDS:.0f} s, got none")


def _progress(target: LaunchTarget, settings: Settings) -> str:
    report = _report(target, settings)
    if report is None:
        return "challengers are added"
    weights = ", ".join(f"{weight:.0%}" for weight in report["weights"])
    return f"{report['outcomes']:,} of {report['planned_size']:,} outcomes; weights {weights or 'not set yet'}"


def _report(target: LaunchTarget, settings: Settings) -> dict[str, Any] | None:
    return read_report(target.aws.client("s3"), target.artifacts_bucket, settings.names)


def _serves(target: LaunchTarget) -> list[str]:
    described = target.aws.client("sagemaker").describe_endpoint(EndpointName=target.endpoint)
    return [each["VariantName"] for each in described["ProductionVariants"]]
