"""`slipway destroy`: end a use case's stage."""

import argparse
import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from slipway.cli.arguments import (
    add_command,
    add_json,
    add_prices,
    add_use_case,
    confirmed,
    deployed_stage,
    log,
    write,
)
from slipway.rounding import counted

if TYPE_CHECKING:
    from slipway.costs.cost_estimate import Line

_EPILOG = """\
In this order: rollouts are paused and executions stopped; running pipelines and jobs are stopped; the stacks are
deleted (batch, endpoint, rollout, monitoring, training, network, image, storage); then retained models and endpoint
configs, parameters and log groups. If keep_data is true, the buckets, the key, the images and the model package group
with its packages stay. If it is false, all of them are deleted, with every version of every object.

Running the command again continues where an earlier run ended.

exit codes:
  0    nothing is left except what is listed
  1    a rollout is under way, AWS refuses a call, or you did not confirm
  2    settings or arguments are not acceptable

examples:
  slipway destroy --stage dev --dry-run
  slipway destroy --config config/shoppers.toml --stage dev
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "destroy",
        run,
        summary="delete a use case's stage, and list what stays",
        description="Delete what a use case's stage has in the account of your AWS credentials.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    parser.add_argument("--dry-run", action="store_true", help="list what would be done, and do nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    add_prices(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Confirm, delete, and list what stays."""
    # boto3 takes a while to import, and --help needs none of it.
    from slipway.costs.prices import PRICES, load_prices  # noqa: PLC0415
    from slipway.operations.destruction import Destruction  # noqa: PLC0415
    from slipway.operations.retained import retained_resources  # noqa: PLC0415

    prices = load_prices(arguments.prices or PRICES)
    with deployed_stage(arguments) as stage:
        destruction = Destruction(stage)
        planned = destruction.planned()
        if arguments.dry_run:
            stays = retained_resources(stage, prices) if stage.settings.keep_data or not planned else []
            _print(arguments, "would", planned, stays)
            return 0
        if planned and not arguments.yes and not _confirmed(stage.names.prefix, planned):
            log("nothing was changed")
            return 1
        done = destruction.run(lambda action: sys.stderr.write(f"{action}\n"))
        _print(arguments, "done", done, retained_resources(stage, prices))
    return 0


def _confirmed(prefix: str, planned: list[str]) -> bool:
    actions = "".join(f"{action}\n" for action in planned)
    return confirmed(f"{actions}This cannot be undone. Type {prefix} to continue: ", answers=(prefix,))


def _print(arguments: argparse.Namespace, key: str, actions: list[str], stays: "list[Line]") -> None:
    from slipway.costs.cost_estimate import total  # noqa: PLC0415
    from slipway.operations.retained import NOTES  # noqa: PLC0415

    document: dict[str, Any] = {
        key: actions,
        "stays": [dataclasses.asdict(line) for line in stays],
        "shared": list(NOTES),
        "dollars_a_month": round(total(stays), 6),
    }
    lines = (
        [f"would {action}" for action in actions] if arguments.dry_run else [f"{counted(len(actions), 'action')} done"]
    )
    lines.append(f"what stays costs ${total(stays):,.2f} a month" if stays else "nothing of this stage stays")
    lines += [f"  {line.what:<60}{line.quantity:>10,.3f} {line.unit:<9} ${line.dollars:,.4f}" for line in stays]
    lines += [f"shared, and not deleted: {note}" for note in NOTES]
    write(arguments, document, lambda: "".join(f"{line}\n" for line in lines))
