"""`slipway destroy`: end a use case's stage."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.cli.use_case import add_use_case
from slipway.errors import InputError
from slipway.settings import load_settings

if TYPE_CHECKING:
    from slipway.costs.estimate import Line
    from slipway.operations.site import Site

_EPILOG = """\
In this order: rollouts are held and executions stopped, running pipelines and jobs stopped, then the stacks deleted:
endpoint, rollout, monitoring, training, network, image, storage; at last retained models and endpoint configs,
parameters and log groups. Where keep_data is true, buckets, key, images and the model package group with its packages
stay; where it is false, all of it is deleted, every version of every object included.

A second run does what a first one has left.

exit codes:
  0    nothing is left but what is listed
  1    a rollout is under way, AWS refuses, or the answer was no
  2    settings or arguments are not acceptable

examples:
  slipway destroy --stage dev --dry-run
  slipway destroy --config config/shoppers.toml --stage dev
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "destroy",
        help="end a use case's stage, and list what stays",
        description="Delete what a use case's stage has in the account of the environment's credentials.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_use_case(parser)
    add = parser.add_argument
    add("--dry-run", action="store_true", help="list what would be done, and do nothing")
    add("--yes", action="store_true", help="do not ask")
    add(
        "--prices",
        type=Path,
        metavar="FILE",
        help="a price table of your own, in the form of slipway/costs/prices.toml",
    )
    add("--json", action="store_true", help="one JSON object instead of text")


def run(arguments: argparse.Namespace) -> int:
    """Ask, do it, and list what stays."""
    # boto3 takes a while to import, and --help needs none of it.
    from slipway.costs.prices import PRICES, load_prices  # noqa: PLC0415
    from slipway.operations.account import Account  # noqa: PLC0415
    from slipway.operations.destroying import Destruction  # noqa: PLC0415
    from slipway.operations.errors import plainly  # noqa: PLC0415
    from slipway.operations.remains import remains  # noqa: PLC0415
    from slipway.operations.site import Site  # noqa: PLC0415

    settings = load_settings(arguments.config, arguments.stage)
    prices = load_prices(arguments.prices or PRICES)
    with plainly():
        site = Site(settings, Account(settings))
        _ = site.caller  # of the stage's account, or nothing is even read
        destruction = Destruction(site)
        planned = destruction.planned()
        if arguments.dry_run:
            stays = remains(site, prices) if settings.keep_data or not planned else []
            _answer(arguments, "would", planned, stays)
            return 0
        if planned and not arguments.yes and not _agreed(site, planned):
            sys.stderr.write("slipway: nothing was changed\n")
            return 1
        done = destruction.run(_tell)
        _answer(arguments, "done", done, remains(site, prices))
    return 0


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


def _agreed(site: "Site", planned: list[str]) -> bool:
    if not sys.stdin.isatty():
        raise InputError("standard input must be a terminal to confirm, got none: add --yes")
    prefix = site.names.prefix
    sys.stderr.write("".join(f"{what}\n" for what in planned))
    sys.stderr.write(f"This cannot be undone. Type {prefix} to go on: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == prefix


def _answer(arguments: argparse.Namespace, word: str, actions: list[str], stays: "list[Line]") -> None:
    from slipway.costs.estimate import total  # noqa: PLC0415
    from slipway.operations.remains import NOTES  # noqa: PLC0415

    if arguments.json:
        found: dict[str, Any] = {
            word: actions,
            "stays": [dataclasses.asdict(line) for line in stays],
            "shared": list(NOTES),
            "dollars_a_month": round(total(stays), 6),
        }
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    lines = [f"would {what}" for what in actions] if arguments.dry_run else [f"{len(actions)} things done"]
    lines.append(f"what stays costs ${total(stays):,.2f} a month" if stays else "nothing of this stage stays")
    lines += [f"  {line.what:<60}{line.quantity:>10,.3f} {line.unit:<9} ${line.dollars:,.4f}" for line in stays]
    lines += [f"shared, and left alone: {note}" for note in NOTES]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
