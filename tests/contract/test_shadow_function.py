"""A rollout with a shadow on the embedded AWS: real servers, users, metrics and CloudFormation."""

from dataclasses import replace

import pytest

from slipway.settings import Settings
from tests.contract.test_rollout_function import CLOUD_OPTIONS, Launch, deployed, settings, target
from tests.rehearsal.cloud.process import CloudProcess, eventually

__all__ = ["CLOUD_OPTIONS", "settings"]

pytestmark = [pytest.mark.e2e, pytest.mark.thorough]
SHADOW_SECONDS = 1200


@pytest.fixture(scope="module")
def launch(cloud: CloudProcess, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    shadowed = replace(target(settings, cloud.image), shadow_seconds=SHADOW_SECONDS)
    functions = deployed(cloud, settings, shadowed, tmp_path_factory.mktemp("cdk.out"))
    made = Launch(cloud, functions, settings, shadowed=True)
    made.listen()
    assert made.rolled_out(made.package(0.25))["outcome"] == "promoted"
    return made


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
