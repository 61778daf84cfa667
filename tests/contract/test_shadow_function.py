"""A rollout with a shadow whose processes are killed in every state: one fleet serves, no request of a user is lost."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from slipway.metrics import ENDPOINT_NAMESPACE
from slipway.rollout.steps import RolloutStep
from slipway.settings import Settings
from tests.contract.killing import kill
from tests.contract.test_rollout_function import CLOUD_OPTIONS, Launch, deployed, settings, target
from tests.endpoint_template import PARAMETER
from tests.rehearsal.cloud.process import CloudProcess, eventually

__all__ = ["CLOUD_OPTIONS", "settings"]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
SHADOW_SECONDS = 1200
ENTERED = {RolloutStep.ENTER_SHADOW, RolloutStep.WAIT_FOR_SHADOW, RolloutStep.BEGIN_SHADOW, RolloutStep.SHADOW}
LEFT = {RolloutStep.READ_SHADOW, RolloutStep.LEAVE_SHADOW, RolloutStep.WAIT_FOR_LEAVE, RolloutStep.DELETE_SHADOW}
LASTING = {RolloutStep.WAIT_FOR_SHADOW, RolloutStep.SHADOW, RolloutStep.WAIT_FOR_LEAVE}
"""The others may have passed before this process sees them; `tests/infra/rollout` kills in each of them."""
_KILLS_A_STATE = 3
DRIFT = {
    "AlarmName": "InputDrift",
    "Namespace": ENDPOINT_NAMESPACE,
    "MetricName": "InputDrift",
    "Dimensions": [{"Name": "ModelPackageArn", "Value": {"Ref": PARAMETER}}],
    "Statistic": "Maximum",
    "Threshold": 0.25,
    "ComparisonOperator": "GreaterThanThreshold",
}


class Killer:
    """Kills the function's process and the endpoint's controller whenever an execution enters a state, some times."""

    def __init__(self, launch: Launch, execution: str, states: set[RolloutStep]) -> None:
        self._launch, self._execution, self._states = launch, execution, states
        self._over = threading.Event()
        self.killed: dict[str, int] = {}
        self.controllers = 0

    def run(self) -> None:
        client = self._launch.cloud("lambda")
        while not self._over.is_set():
            history = client.get_durable_execution_history(DurableExecutionArn=self._execution, ReverseOrder=True)
            newest = next((event["Name"] for event in history["Events"] if event.get("Name")), "")
            if newest in self._states and self.killed.get(newest, 0) < _KILLS_A_STATE:
                self._kill(newest)
            time.sleep(0.02)

    def _kill(self, state: str) -> None:
        killed, controllers = kill(self._launch.cloud, self._launch.function)
        if killed:
            self.killed[state] = self.killed.get(state, 0) + killed
            self.controllers += controllers

    def stop(self) -> None:
        self._over.set()


@contextmanager
def killing(launch: Launch, execution: str, states: set[RolloutStep]) -> Iterator[Killer]:
    killer = Killer(launch, execution, states)
    thread = threading.Thread(target=killer.run)
    thread.start()
    try:
        yield killer
    finally:
        killer.stop()
        thread.join()


@pytest.fixture(scope="module")
def launch(cloud: CloudProcess, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    shadowed = replace(target(settings, cloud.image), shadow_seconds=SHADOW_SECONDS)
    functions = deployed(cloud, settings, shadowed, tmp_path_factory.mktemp("cdk.out"))
    made = Launch(cloud, functions, settings, shadowed=True, drift=DRIFT)
    made.listen()
    assert made.rolled_out(made.package(0.25))["outcome"] == "promoted"
    return made


@pytest.mark.parametrize(
    ("x", "fault", "outcome", "states"),
    [(0.5, "", "promoted", ENTERED), (0.75, "errors", "rejected", ENTERED | LEFT)],
    ids=["proven", "worse"],
)
def test_a_shadow_survives_kills_in_every_state(
    launch: Launch, x: float, fault: str, outcome: str, states: set[RolloutStep]
) -> None:
    before = launch.serves()
    image = f"{launch.image.rpartition(':')[0]}:fault-{fault}" if fault else ""
    package = launch.package(x, image=image)
    with launch.users(30) as users:
        launch.decide(package, "Approved")
        execution = eventually(lambda: launch.executions(package, "Approved"))[0]
        with killing(launch, execution, states) as killer:
            ended = launch.ended(execution, seconds=240)
        seen = users.snapshot()
    assert ended["outcome"] == outcome, ended
    assert killer.killed.keys() >= states & LASTING
    assert killer.controllers, "an update's controller was among them"
    assert (seen.dropped, seen.failed) == (0, 0)
    assert launch.serves() == (package if outcome == "promoted" else before)
    assert launch.parameters() == {
        "ModelPackageArn": launch.serves(),
        "ShadowModelPackageArn": "",
        "ServedModelPackageArn": "" if outcome == "promoted" else before,
    }
    now = launch.endpoint()
    assert (now["EndpointStatus"], launch.configs()) == ("InService", {now["EndpointConfigName"]})
    assert (now.get("ShadowProductionVariants"), launch.models()) == (None, 1)


def test_an_abort_while_the_shadow_is_compared_leaves_the_live_model_alone(launch: Launch) -> None:
    before, package = launch.serves(), launch.package(0.9)
    parameters = launch.cloud("ssm")
    with launch.users(5) as users:  # too few to prove anything
        launch.decide(package, "Approved")
        execution = eventually(lambda: launch.executions(package, "Approved"))[0]
        eventually(lambda: launch.endpoint().get("ShadowProductionVariants"))
        name = launch.settings.names.pause_parameter
        parameters.put_parameter(Name=name, Value=f"abort {package}", Type="String", Overwrite=True)
        ended = launch.ended(execution)
        parameters.put_parameter(Name=name, Value="go", Type="String", Overwrite=True)
        seen = users.snapshot()
    assert (ended["outcome"], ended["by"]) == ("rejected", "operator"), ended
    assert (seen.dropped, seen.failed) == (0, 0)
    assert launch.serves() == before
    assert (launch.endpoint().get("ShadowProductionVariants"), launch.models()) == (None, 1)


def drifts(launch: Launch) -> str:
    """Have the live model's inputs drift, by its server's metric; gives the package, once its alarm is in ALARM."""
    package, config = launch.serves(), launch.endpoint()["EndpointConfigName"]
    datum = {"MetricName": "InputDrift", "Dimensions": [{"Name": "ModelPackageArn", "Value": package}], "Value": 1.0}
    launch.cloud("cloudwatch").put_metric_data(Namespace=ENDPOINT_NAMESPACE, MetricData=[datum])
    given = {"AlarmNames": [f"{config}-InputDrift"], "StateValue": "ALARM"}
    eventually(lambda: launch.cloud("cloudwatch").describe_alarms(**given)["MetricAlarms"])
    return package


def test_a_live_model_that_drifts_gets_a_shadow_and_a_successor_and_is_restored(launch: Launch) -> None:
    drifts(launch)
    with launch.users(30) as users:
        successor = launch.package(0.375)
        promoted = launch.rolled_out(successor, seconds=240)
        assert (promoted["outcome"], launch.serves()) == ("promoted", successor), promoted

        assert drifts(launch) == successor
        functions = launch.cloud("lambda")
        functions.put_function_concurrency(FunctionName="smoke", ReservedConcurrentExecutions=0)
        stopped = launch.rolled_out(launch.package(0.625), seconds=240)
        functions.delete_function_concurrency(FunctionName="smoke")
        seen = users.snapshot()
    assert (stopped["outcome"], "smoke" in stopped["reason"]) == ("stopped", True), stopped
    assert (launch.serves(), launch.parameters()["ServedModelPackageArn"]) == (successor, successor)
    assert (launch.models(), seen.dropped, seen.failed) == (1, 0, 0)


def test_a_candidate_whose_own_inputs_drift_is_rolled_back_by_its_alarm_alone(launch: Launch) -> None:
    before, package = launch.serves(), launch.package(0.875)
    datum = {"MetricName": "InputDrift", "Dimensions": [{"Name": "ModelPackageArn", "Value": package}], "Value": 1.0}
    launch.cloud("cloudwatch").put_metric_data(Namespace=ENDPOINT_NAMESPACE, MetricData=[datum])
    with launch.users(30):
        ended = launch.rolled_out(package, seconds=240)
    assert (ended["outcome"], launch.serves()) == ("rolled back", before), ended
    assert "-InputDrift" in ended["reason"]
