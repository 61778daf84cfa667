"""`slipway quotas`: what a stage needs of AWS's quotas, what the account has, and how to request the rest."""

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from slipway.cli.arguments import add_command, add_json, add_use_case, deployed_stage, write

if TYPE_CHECKING:
    from slipway.operations.account_quotas import Quota

_EPILOG = """\
The needs are those of this stage alone, with all of its parts running at the same time: both fleets of a rollout at
the largest size that autoscaling allows, a training run, the gates of a rollout, the monitoring job, a batch
and an image build. Whatever else runs in the account and region comes on top. AWS decides on a request within
minutes to days. The embedded AWS of a rehearsal has no quotas: it lists none, and the command returns 1.

exit codes:
  0    the account has enough
  1    a quota is too small or not listed, or AWS refuses a call
  2    settings or arguments are not acceptable

examples:
  slipway quotas
  slipway quotas --config config/shoppers.toml --stage prod --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "quotas",
        run,
        summary="compare what a stage needs with the account's quotas",
        description="Compare what a stage needs with the account's quotas, before it is deployed.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    add_json(parser, instead_of="a table")


def run(arguments: argparse.Namespace) -> int:
    """Read the account's quotas, compare and print."""
    from slipway.costs.quotas import needs  # noqa: PLC0415
    from slipway.operations.account_quotas import compared  # noqa: PLC0415

    with deployed_stage(arguments) as stage:
        client = stage.client("service-quotas")
        found = compared(client, needs(stage.settings))
    region = str(client.meta.region_name)
    write(arguments, _document(found, region), lambda: _text(found, region))
    return 0 if all(quota.enough for quota in found) else 1


def _document(found: "list[Quota]", region: str) -> dict[str, Any]:
    rows = [
        {**dataclasses.asdict(quota.need), "has": quota.value, "enough": quota.enough, "request": quota.request(region)}
        for quota in found
    ]
    return {"enough": all(quota.enough for quota in found), "region": region, "quotas": rows}


def _text(found: "list[Quota]", region: str) -> str:
    lines = [f"{'quota':<58}{'needed':>8}{'has':>12}"]
    for quota in found:
        has = "not listed" if quota.value is None else f"{quota.value:g}"
        lines.append(f"{quota.need.quota:<58}{quota.need.value:>8}{has:>12}  {quota.need.why}")
    if requests := [request for quota in found if (request := quota.request(region))]:
        lines += ["", "request an increase with:", *requests]
    if any(quota.value is None for quota in found):
        lines += ["", f"see the console of Service Quotas in {region} for what is not listed"]
    return "".join(f"{line}\n" for line in lines)
