"""One dashboard over a stage's use cases. It refers to them by name, so that no other stack depends on it."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from infra.monitoring.dashboard import FleetDashboard
from slipway.settings import Settings
from slipway.settings.places import by_place


class FleetStack(cdk.Stack):
    def __init__(self, scope: Construct, id_: str, *, env: cdk.Environment, cases: Sequence[Settings]) -> None:
        stage = cases[0].stage
        super().__init__(
            scope,
            id_,
            env=env,
            stack_name=f"slipway-fleet-{stage}",
            description=f"Every use case of the stage {stage} on one dashboard",
        )
        FleetDashboard(
            self, "Dashboard", stage=stage, kinds={settings.names: settings.endpoint.facts for settings in cases}
        )


def fleet_stacks(scope: Construct, cases: Sequence[Settings]) -> None:
    """Make a stack for each account and region with two or more use cases: a dashboard shows the metrics of one."""
    places = by_place(cases)
    for (account, region), there in places.items():
        if len(there) > 1:
            place = [part for part in (account, region) if part] if len(places) > 1 else []
            id_ = "-".join(("slipway-fleet", there[0].stage, *place))
            FleetStack(scope, id_, env=cdk.Environment(account=account, region=region), cases=there)
