"""The stacks of a delivery: CodePipeline where there is a connection, and the roles of GitHub's workflows."""

import json
from itertools import groupby
from pathlib import Path

from constructs import Construct

from blueprint.settings import DeliveryStage, load_delivery, use_cases_of
from infra.chosen import delivered_settings
from infra.stacks.delivery import DeliveryStack
from infra.stacks.fleet import has_fleet
from infra.stacks.github import GitHubStack


def delivery_stacks(scope: Construct, file: Path, *, project: Path) -> None:
    """Make the stacks of the delivery in `file`, a path below `project`.

    Raises:
        InputError: settings are not acceptable, two use cases of a stage share a name, or a stage has none.
    """
    delivery = load_delivery(file)
    names = [stage.name for stage in delivery.stages]
    stages = {name: use_cases_of(delivery, name, project=project) for name in names}
    cdk_version = json.loads((project / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    if delivery.connection_arn:
        DeliveryStack(
            scope,
            f"{delivery.name}-delivery",
            delivery=delivery,
            stages=stages,
            fleets=[name for name in names if has_fleet(delivered_settings(delivery, name, project=project))],
            file=file,
            cdk_version=cdk_version,
        )
    for place, found in groupby(sorted(delivery.stages, key=_place), key=_place):
        id_ = "-".join(part for part in (delivery.name, "github", *place) if part)
        GitHubStack(scope, id_, delivery=delivery, stages=tuple(found))


def _place(stage: DeliveryStage) -> tuple[str, str]:
    return stage.account or "", stage.region or ""
