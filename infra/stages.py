"""The stacks of one use case and stage, connected with each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.batch.stack import BatchStack
from infra.endpoint.stack import EndpointStack
from infra.image.stack import ImageStack
from infra.monitoring.fleet_stack import fleet_stacks
from infra.monitoring.monitor import Monitor
from infra.monitoring.stack import MonitoringStack
from infra.network.stack import NetworkStack
from infra.rollout.stack import RolloutStack
from infra.shared.container_image import ContainerImage
from infra.shared.permission_boundary import bound_roles
from infra.storage.stack import StorageStack
from infra.training.stack import TrainingStack
from slipway.settings import Settings
from slipway.settings.names import COST_TAG


class _Needed(TypedDict):
    """What the jobs and models of several stacks need of storage and image."""

    settings: Settings
    key: kms.IKey
    artifacts_bucket: s3.IBucket
    image: ContainerImage


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
    env, name = cdk.Environment(account=settings.account, region=settings.region), settings.names.stack
    storage = StorageStack(scope, name("storage"), env=env, settings=settings)
    image = ImageStack(scope, name("image"), env=env, settings=settings, key=storage.key, steps_folder=steps_folder)
    needed: _Needed = {
        "settings": settings,
        "key": storage.key,
        "artifacts_bucket": storage.artifacts_bucket,
        "image": image.image,
    }
    training = TrainingStack(scope, name("training"), env=env, data_bucket=storage.data_bucket, **needed)
    endpoint = EndpointStack(scope, name("endpoint"), env=env, **needed)
    if settings.monitoring.schedule:
        # In the endpoint's stack: SageMaker refuses to delete an endpoint before its monitoring schedule.
        Monitor(endpoint, "Monitor", endpoint=endpoint.guarded.endpoint, **needed)
    rollout = RolloutStack(scope, name("rollout"), env=env, **needed)
    # The image must be built before a job or a model can name it, which no reference in the templates expresses.
    for stack in (training, endpoint, rollout):
        stack.add_stack_dependency(image)
    monitoring = MonitoringStack(scope, name("monitoring"), env=env, settings=settings, key=storage.key)
    made = UseCaseStacks(storage, image, training, endpoint, rollout, monitoring)
    stacks: list[cdk.Stack] = list(vars(made).values())
    if settings.batch:
        batch = BatchStack(
            scope,
            name("batch"),
            env=env,
            batch=settings.batch,
            data_bucket=storage.data_bucket,
            topic=monitoring.notifications,
            **needed,
        )
        batch.add_stack_dependency(image)
        stacks.append(batch)
    for each in stacks:
        cdk.Tags.of(each).add(COST_TAG, settings.names.prefix)
        bound_roles(each, settings.access.permission_boundary)
    if settings.access.vpc and settings.access.vpc.endpoints:
        network = NetworkStack(scope, name("network"), env=env, vpc=settings.access.vpc)
        cdk.Tags.of(network).add(COST_TAG, settings.names.prefix)
    return made
