"""Rules on a delivery: what its stages can do to each other."""

from itertools import combinations

from slipway.guardrails.finding import Finding
from slipway.settings import Delivery

_REASON = "a deployment to one of them can change the other, with or without its reviewers"


def lint_delivery(delivery: Delivery) -> tuple[Finding, ...]:
    """Two stages that are deployed through one and the same role."""
    return tuple(
        Finding(
            "SG901",
            "warning",
            delivery.name,
            f"the stages {first.name} and {second.name} share the deploy role of `cdk bootstrap` in {_place(*place)}",
            _REASON,
            f"give {second.name} an account of its own",
        )
        for first, second in combinations(delivery.stages, 2)
        if (place := (delivery.account_of(first), delivery.region_of(first)))
        == (delivery.account_of(second), delivery.region_of(second))
    )


def _place(account: str | None, region: str | None) -> str:
    return f"{f'account {account}' if account else 'one account'} and {region or 'one region'}"
