"""The stacks of one use case and stage, connected with each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from infra.endpoint.stack import EndpointStack
from infra.image.stack import ImageStack
from infra.monitoring.fleet_stack import fleet_stacks
from infra.monitoring.monitor import Monitor
from infra.monitoring.stack import MonitoringStack
from infra.network.stack import NetworkStack
from infra.rollout.stack import RolloutStack
from infra.shared.permission_boundary import bound_roles
from infra.storage.stack import StorageStack
from infra.training.stack import TrainingStack
from slipway.settings import Settings
from slipway.settings.names import COST_TAG


@dataclass(frozen=True)
class UseCaseStacks:
    storage: StorageStack
    image: ImageStack
    training: TrainingStack
    endpoint: EndpointStack
    rollout: RolloutStack
    monitoring: MonitoringStack


def use_cases(scope: Construct, cases: Sequence[Settings], *, steps_folder: Path) -> list[UseCaseStacks]:
    """Make the stacks of each use case, and the dashboard over all of them."""
    fleet_stacks(scope, cases)
    return [use_case_stacks(scope, settings, steps_folder=steps_folder) for settings in cases]


def use_case_stacks(scope: Construct, settings: Settings, *, steps_folder: Path) -> UseCaseStacks:
    """Make the stacks; without an account or a region in `settings` they can be deployed to any."""
    env = cdk.Environment(account=settings.account, region=settings.region)
    names = settings.names
    storage = StorageStack(scope, names.stack("storage"), env=env, settings=settings)
    image = ImageStack(
        scope, names.stack("image"), env=env, settings=settings, key=storage.key, steps_folder=steps_folder
    )
    training = TrainingStack(
        scope,
        names.stack("training"),
        env=env,
        settings=settings,
        key=storage.key,
        data_bucket=storage.data_bucket,
        artifacts_bucket=storage.artifacts_bucket,
        image=image.image,
    )
    endpoint = EndpointStack(
        scope,
        names.stack("endpoint"),
        env=env,
        settings=settings,
        key=storage.key,
        artifacts_bucket=storage.artifacts_bucket,
        image=image.image,
    )
    if settings.monitoring.schedule:
        # In the endpoint's stack: a monitoring schedule must be gone before its endpoint goes.
        Monitor(
            endpoint,
            "Monitor",
            settings=settings,
            key=storage.key,
            artifacts_bucket=storage.artifacts_bucket,
            image=image.image,
            endpoint=endpoint.guarded.endpoint,
        )
    rollout = RolloutStack(
        scope,
        names.stack("rollout"),
        env=env,
        settings=settings,
        key=storage.key,
        artifacts_bucket=storage.artifacts_bucket,
        image=image.image,
    )
    # The image must be built before a job or a model can name it, which no reference in the templates expresses.
    training.add_stack_dependency(image)
    endpoint.add_stack_dependency(image)
    rollout.add_stack_dependency(image)
    monitoring = MonitoringStack(scope, names.stack("monitoring"), env=env, settings=settings, key=storage.key)
    made = UseCaseStacks(storage, image, training, endpoint, rollout, monitoring)
    for stack in vars(made).values():
        cdk.Tags.of(stack).add(COST_TAG, names.prefix)
        bound_roles(stack, settings.access.permission_boundary)
    if settings.access.vpc and settings.access.vpc.endpoints:
        network = NetworkStack(scope, names.stack("network"), env=env, vpc=settings.access.vpc)
        cdk.Tags.of(network).add(COST_TAG, names.prefix)
    return made
