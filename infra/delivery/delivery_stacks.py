"""The stacks of a delivery: CodePipeline where there is a connection, and the roles of GitHub's workflows."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from infra.delivery.github import GitHubStack
from infra.delivery.stack import DeliveryStack
from infra.shared.permission_boundary import bound_roles
from infra.shared.use_case_settings import load_delivered_use_cases
from slipway.errors import InputError
from slipway.guardrails import lint_delivery
from slipway.settings import Delivery, DeliveryStage, Settings, load_delivery, use_cases_of
from slipway.settings.places import has_fleet


def delivery_stacks(scope: Construct, file: Path, *, project: Path) -> None:
    """Make the stacks of the delivery in `file`, a path below `project`.

    Raises:
        InputError: settings are not acceptable, two use cases of a stage share a name, or a stage has none, or one
            in another account or region, or one without a permissions boundary where the delivery has one.
    """
    stacks_of(scope, load_delivery(file), file=file, project=project)


def stacks_of(scope: Construct, delivery: Delivery, *, file: Path, project: Path) -> None:
    """Make the stacks of `delivery`, as read from `file`; raises as `delivery_stacks` does."""
    names = [stage.name for stage in delivery.stages]
    stages = {name: use_cases_of(delivery, name, project=project) for name in names}
    cases = {name: load_delivered_use_cases(delivery, name, project=project) for name in names}
    for stage in delivery.stages:
        _refuse_other_places(delivery, stage, cases[stage.name])
        _refuse_unbounded(delivery, stage, cases[stage.name])
    made: list[cdk.Stack] = []
    if delivery.connection_arn:
        pipeline = DeliveryStack(
            scope,
            f"{delivery.name}-delivery",
            delivery=delivery,
            stages=stages,
            fleets=[name for name in names if has_fleet(cases[name])],
            file=file,
        )
        made.append(pipeline)
    for stack in (*made, *_workflows(scope, delivery)):
        bound_roles(stack, delivery.permission_boundary)
        for found in lint_delivery(delivery):
            # Not `Annotations.add_warning`: its stack trace names a folder that differs at each synth.
            stack.node.add_metadata("aws:cdk:warning", f"{found.rule}: {found.message}")


def _workflows(scope: Construct, delivery: Delivery) -> Iterator[cdk.Stack]:
    """A stack for each account."""
    accounts: dict[str | None, list[DeliveryStage]] = {}
    for stage in delivery.stages:
        accounts.setdefault(delivery.account_of(stage), []).append(stage)
    for account, found in accounts.items():
        elsewhere = [account] if account and account != delivery.account else []
        name = "-".join((delivery.name, "github", *elsewhere))
        yield GitHubStack(scope, name, delivery=delivery, stages=tuple(found))


def _refuse_other_places(delivery: Delivery, stage: DeliveryStage, cases: Sequence[Settings]) -> None:
    """The roles of a stage reach one account and region only."""
    for field in ("account", "region"):
        place = getattr(delivery, f"{field}_of")(stage)
        for settings in cases:
            own = getattr(settings, field)
            if place and own and own != place:
                raise InputError(f"stage {stage.name}: {field} must be {own}, as {settings.name} has it, got {place}")


def _refuse_unbounded(delivery: Delivery, stage: DeliveryStage, cases: Sequence[Settings]) -> None:
    """A push deploys the use cases' roles as well: one without a boundary would be a way around the boundary."""
    for settings in cases if delivery.permission_boundary else ():
        if settings.access.permission_boundary is None:
            raise InputError(
                f"stage {stage.name}: access.permission_boundary of {settings.name} must be given where the delivery "
                "has one, got none"
            )
