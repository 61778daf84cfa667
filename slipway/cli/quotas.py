"""`slipway quotas`: what a stage needs of AWS's quotas, what the account has, and how to ask for the rest."""

import argparse
import dataclasses
import json
import sys
from typing import TYPE_CHECKING

from slipway.cli.use_case import add_use_case
from slipway.settings import load_settings

if TYPE_CHECKING:
    from slipway.operations.quotas import Quota

_EPILOG = """\
Needs are of this stage alone, with all of its parts at work at the same time: both fleets of a rollout at the largest
that autoscaling allows, a training run, the gates of a rollout, the monitor, and an image build. What else runs in the
account and region comes on top. AWS answers a request within minutes to days. The embedded AWS of a rehearsal limits
nothing, and so lists none.

exit codes:
  0    the account has enough
  1    something is missing, or AWS cannot be asked
  2    settings or arguments are not acceptable

examples:
  slipway quotas
  slipway quotas --config config/shoppers.toml --stage prod --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "quotas",
        help="what a stage needs of AWS's quotas, and what is missing",
        description="Compare what a stage needs with the account's quotas, before it is deployed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_use_case(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Ask, compare and print."""
    # boto3 takes a while to import, and --help needs none of it.
    from slipway.costs.quotas import needs  # noqa: PLC0415
    from slipway.operations.account import Account  # noqa: PLC0415
    from slipway.operations.errors import plainly  # noqa: PLC0415
    from slipway.operations.quotas import compared  # noqa: PLC0415
    from slipway.operations.site import Site  # noqa: PLC0415

    settings = load_settings(arguments.config, arguments.stage)
    with plainly():
        site = Site(settings, Account(settings))
        _ = site.caller  # of the stage's account, or nothing is even read
        client = site.client("service-quotas")
        found = compared(client, needs(settings))
    region = str(client.meta.region_name)
    sys.stdout.write(_as_json(found, region) if arguments.json else _as_text(found, region))
    return 0 if all(quota.enough for quota in found) else 1


def _as_json(found: "list[Quota]", region: str) -> str:
    rows = [
        {**dataclasses.asdict(quota.need), "has": quota.value, "enough": quota.enough, "request": quota.request(region)}
        for quota in found
    ]
    return (
        json.dumps({"enough": all(quota.enough for quota in found), "region": region, "quotas": rows}, indent=2) + "\n"
    )


def _as_text(found: "list[Quota]", region: str) -> str:
    lines = [f"{'quota':<58}{'needed':>8}{'has':>12}"]
    for quota in found:
        has = "not listed" if quota.value is None else f"{quota.value:g}"
        lines.append(f"{quota.need.quota:<58}{quota.need.value:>8}{has:>12}  {quota.need.why}")
    if requests := [request for quota in found if (request := quota.request(region))]:
        lines += ["", "ask for what is missing:", *requests]
    if unlisted := [quota.need.quota for quota in found if quota.value is None]:
        lines += ["", f"Service Quotas of {region} does not list: {', '.join(unlisted)}; see its console"]
    return "".join(f"{line}\n" for line in lines)
