"""The stacks of a delivery: CodePipeline where there is a connection, and the roles of GitHub's workflows."""

import json
from itertools import groupby
from pathlib import Path

from constructs import Construct

from blueprint.errors import InputError
from blueprint.settings import Delivery, DeliveryStage, load_delivery, stages_of
from infra.stacks.delivery import DeliveryStack
from infra.stacks.github import GitHubStack


def delivery_stacks(scope: Construct, file: Path, *, project: Path) -> None:
    """Make the stacks of the delivery in `file`, a path below `project`.

    Raises:
        InputError: the settings are not acceptable, or a stage has no use case.
    """
    delivery = load_delivery(file)
    stages = {stage.name: _use_cases(delivery, stage, project) for stage in delivery.stages}
    cdk_version = json.loads((project / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    if delivery.connection_arn:
        DeliveryStack(
            scope,
            f"{delivery.name}-delivery",
            delivery=delivery,
            stages=stages,
            context=f"delivery={file}",
            cdk_version=cdk_version,
        )
    for place, found in groupby(sorted(delivery.stages, key=_place), key=_place):
        id_ = "-".join(part for part in (delivery.name, "github", *place) if part)
        GitHubStack(scope, id_, delivery=delivery, stages=tuple(found))


def _use_cases(delivery: Delivery, stage: DeliveryStage, project: Path) -> tuple[str, ...]:
    found = tuple(file for file in delivery.use_cases if stage.name in stages_of(project / file))
    if not found:
        raise InputError(f"stages must each be in one of {', '.join(delivery.use_cases)}, got {stage.name}")
    return found


def _place(stage: DeliveryStage) -> tuple[str, str]:
    return stage.account or "", stage.region or ""
