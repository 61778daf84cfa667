"""An experiment whose processes are killed at each call that changes much: one fleet serves, no request is lost."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any, Self

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from infra.rollout.durable_function import DurableFunction
from infra.rollout.experiment import ExperimentAnalysis
from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX, OUTCOME_PREFIX
from slipway.rollout.audit import verify
from slipway.rollout.steps import ALIAS, Kind, Outcome, RolloutStep
from slipway.settings import Settings
from slipway.settings.experiment import Experiment
from tests.contract.killing import Side, Wire
from tests.contract.test_rollout_function import (
    BUCKET,
    CLOUD_OPTIONS,
    Launch,
    deployed,
    settings,
    target,
    uploaded,
)
from tests.rehearsal.cloud.process import CloudProcess, eventually

__all__ = ["CLOUD_OPTIONS", "settings"]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
SPEED = float(CLOUD_OPTIONS[1])
UPDATE_SECONDS = 60
FLOOR = 0.1
MODES = {
    "split": Experiment(mode="split", expected=0.2, effect=0.15, outcome_seconds=60),
    "thompson": Experiment(mode="thompson", expected=0.2, effect=0.15, outcome_seconds=60, floor=FLOOR),
}
WINS = {"primary": 0.2, "challenger-1": 0.8}
LOSES = {"primary": 0.4, "challenger-1": 0.4}
STATES = frozenset(
    {
        RolloutStep.JOIN_QUEUE,
        RolloutStep.LOCK,
        RolloutStep.READ_PAUSE,
        RolloutStep.READ_ARMS,
        RolloutStep.READ_ENDPOINT,
        RolloutStep.READ_VARIANTS,
        RolloutStep.WAIT_FOR_EXPERIMENT,
        RolloutStep.DELETE_CHALLENGERS,
        RolloutStep.SMOKE_TEST,
        RolloutStep.EXPERIMENT,
        RolloutStep.LEAVE_EXPERIMENT,
        RolloutStep.WAIT_FOR_CHAMPION,
    }
)
"""Lambda gives up an execution that ends again and again; `tests/infra/rollout` kills in the other states."""


class Users:
    """Each does something after a response, or does not, with a probability by the variant that responded."""

    def __init__(self, launch: Launch, means: dict[str, float]) -> None:
        self._s3, self._means, self._random = launch.cloud("s3"), means, Random(7)  # noqa: S311 -- made-up users
        self._lock, self._ending, self._written = threading.Lock(), threading.Event(), 0
        self._waiting: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._run)

    def respond(self, inference_id: str, variant: str) -> None:
        with self._lock:
            value = float(self._random.random() < self._means[variant])
            self._waiting.append({"inference_id": inference_id, "value": value})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(0.2):
            with self._lock:
                found, self._waiting = self._waiting, []
            if found:
                self._written += 1
                body = "".join(f"{json.dumps(each)}\n" for each in found).encode()
                key = f"{OUTCOME_PREFIX}/{id(self)}-{self._written}.jsonl"
                self._s3.put_object(Bucket=BUCKET, Key=key, Body=body)


@pytest.fixture(scope="module")
def wire(cloud: CloudProcess) -> Iterator[Wire]:
    with Wire(cloud) as made:
        yield made


@pytest.fixture(scope="module")
def launch(cloud: CloudProcess, settings: Settings, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """Approvals start nothing by themselves: challengers are approved packages."""
    able = replace(target(settings, cloud.image), most_challengers=1, experiment_seconds=UPDATE_SECONDS)
    able = replace(able, experiment_polls=1000)
    functions = deployed(cloud, settings, able, tmp_path_factory.mktemp("cdk.out"))
    functions |= _experiment_functions(cloud, settings, able, wire, tmp_path_factory.mktemp("cdk.out"))
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/{CAPTURE_PREFIX}",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    made = Launch(cloud, functions, settings, challenged=True, capture=capture)
    first = approved(made, 0.25)
    rollout = started(made, made.function, {"ModelPackageArn": first, "Kind": Kind.APPROVAL})
    assert made.ended(rollout)["outcome"] == Outcome.PROMOTED
    return made


def _experiment_functions(cloud: CloudProcess, settings: Settings, able: Any, wire: Wire, outdir: Any) -> Any:
    """One that follows experiments of each kind, and calls AWS through the wire; ARNs by name."""
    app = cdk.App(outdir=str(outdir), analytics_reporting=False, builtin_cloud_formation_validation=False)
    stack, calls = cdk.Stack(app, "Experiments"), "arn:aws:lambda:us-east-1:000000000000:function:"
    bucket = s3.Bucket.from_bucket_name(stack, "Artifacts", BUCKET)
    analyses = {
        f"rewards-{mode}": ExperimentAnalysis(
            stack, f"Analysis-{mode}", settings=settings, experiment=experiment, artifacts_bucket=bucket
        )
        for mode, experiment in MODES.items()
    }
    following = {
        f"experiment-{mode}": DurableFunction(
            stack,
            f"Experiment-{mode}",
            name=f"experiment-{mode}",
            handler="experiment",
            description="Follows experiments",
            target=replace(able, experiment_analysis=f"{calls}rewards-{mode}:1"),
            longest_days=366,
            statements=[],
        )
        for mode in MODES
    }
    found = uploaded(cloud, stack, analyses, outdir)
    return found | uploaded(cloud, stack, following, outdir, variables=wire.variables)


def approved(launch: Launch, x: float, *, image: str = "") -> str:
    package = launch.package(x, image=image)
    launch.decide(package, "Approved")
    return package


def started(launch: Launch, function: str, given: dict[str, Any]) -> str:
    arn: str = launch.cloud("lambda").invoke(
        FunctionName=function, Qualifier=ALIAS, InvocationType="Event", Payload=json.dumps(given).encode()
    )["DurableExecutionArn"]
    return arn


@contextmanager
def killed(wire: Wire, mode: str, side: Side) -> Iterator[str]:
    """The function that follows experiments of this kind, whose processes are killed meanwhile."""
    wire.function, wire.side, wire.most = f"experiment-{mode}", side, {RolloutStep.EXPERIMENT: 3}
    wire.killed.clear()
    wire.weights.clear()
    try:
        yield wire.function
    finally:
        wire.side = None


@contextmanager
def served(launch: Launch, means: dict[str, float]) -> Iterator[None]:
    """Users meanwhile, each of whom gets a response."""
    with launch.users(60) as traffic, Users(launch, means) as users:
        traffic.report_responses(users.respond)
        yield
        seen = traffic.snapshot()
    assert (seen.dropped, seen.failed) == (0, 0)
    assert seen.answered > 0


def assert_one_model(launch: Launch, package: str) -> None:
    """Serves, and nothing of an experiment is left."""
    now = launch.endpoint()
    assert (launch.serves(), [each["VariantName"] for each in now["ProductionVariants"]]) == (package, ["primary"])
    named = {name: value for name, value in launch.parameters().items() if value and name != "Unguarded"}
    assert named == {"ModelPackageArn": package}
    assert (now["EndpointStatus"], launch.configs()) == ("InService", {now["EndpointConfigName"]})
    assert launch.models() == 1


def recorded(launch: Launch, execution: str) -> list[dict[str, Any]]:
    """What the execution has written to the audit log, which is whole and has nothing twice."""
    entries = launch.recorded()
    assert verify(entries) is None
    own = [each for each in entries if each["actor"] == execution]
    counts = Counter(json.dumps([each["action"], each["detail"]], sort_keys=True) for each in own)
    assert set(counts.values()) <= {1}
    return own


def assert_weights(wire: Wire, entries: list[dict[str, Any]]) -> None:
    """Each change of the weights is recorded, leaves each arm its floor, and comes no sooner than it may."""
    moved = [list(weights.values()) for _, weights in wire.weights]
    assert moved == [list(each["detail"]["weights"].values()) for each in entries if each["action"] == "weights"]
    assert all(min(weights) >= FLOOR and sum(weights) == pytest.approx(1) for weights in moved)
    assert all(later - earlier > UPDATE_SECONDS / SPEED - 0.1 for (earlier, _), (later, _) in pairwise(wire.weights))


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("mode", MODES)
def test_an_experiment_survives_a_kill_at_each_call_in_every_state(
    launch: Launch, wire: Wire, mode: str, side: Side
) -> None:
    challenger = approved(launch, round(Random(mode + side).random(), 6))  # noqa: S311 -- a number of its own
    with served(launch, WINS):
        with killed(wire, mode, side) as function:
            execution = started(launch, function, {"action": "start", "packages": [challenger]})
            ended = launch.ended(execution, seconds=110)
        assert ended["outcome"] == Outcome.WINNER_STARTED, ended
        rollout = launch.found({"ModelPackageArn": challenger, "Kind": Kind.APPROVAL})
        assert launch.ended(rollout)["outcome"] == Outcome.PROMOTED
    assert_one_model(launch, challenger)
    entries = recorded(launch, execution)
    assert [each["action"] for each in entries if each["action"] != "weights"] == [
        "experiment begun",
        "experiment ended",
    ]
    assert_weights(wire, entries)
    assert wire.states >= STATES


@pytest.mark.parametrize("mode", MODES)
def test_an_experiment_whose_challenger_is_rejected_while_it_is_paused_ends_with_the_champion_through_all_kills(
    launch: Launch, wire: Wire, mode: str
) -> None:
    before, challenger = launch.serves(), approved(launch, 0.31)
    pause = launch.settings.names.pause_parameter
    ssm = launch.cloud("ssm")
    with served(launch, LOSES), killed(wire, mode, "before") as function:
        execution = started(launch, function, {"action": "start", "packages": [challenger]})
        eventually(lambda: wire.weights)
        ssm.put_parameter(Name=pause, Value="paused", Type="String", Overwrite=True)
        launch.decide(challenger, "Rejected")
        ended = launch.ended(execution, seconds=60)
        ssm.put_parameter(Name=pause, Value="go", Type="String", Overwrite=True)
    assert (ended["outcome"], ended["reason"]) == (
        Outcome.CHAMPION_STAYS,
        f"{challenger} is not approved any more",
    )
    assert_one_model(launch, before)
    assert_weights(wire, recorded(launch, execution))
