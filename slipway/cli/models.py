"""`slipway models`: the registry group of a use case, newest version first."""

import argparse
import dataclasses
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from slipway.cli.numbers import bounded
from slipway.cli.use_case import add_use_case
from slipway.settings import load_settings

if TYPE_CHECKING:
    from slipway.operations.registry import Package

_EPILOG = """\
Only an approved version is ever rolled out; `slipway rollout promote --package N --reason …` approves one.
* marks the version that serves.

exit codes:
  0    listed, be it nothing
  1    the use case is not deployed, or AWS cannot be asked
  2    settings or arguments are not acceptable

examples:
  slipway models
  slipway models --stage prod --newest 5 --json
"""
_COLUMNS = ("", "version", "approval", "metric", "made", "commit", "data", "image", "run")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "models",
        help="list the registered models: approval, metric, and where each comes from",
        description="The versions in a use case's registry group, with what they are worth and made from.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_use_case(parser)
    parser.add_argument(
        "--newest", type=bounded(1, 10_000, whole=True), default=20, metavar="N", help="at most so many (default: 20)"
    )
    parser.add_argument("--json", action="store_true", help="a JSON list with whole hashes and ARNs")


def run(arguments: argparse.Namespace) -> int:
    """Ask the registry and the endpoint."""
    # boto3 takes a while to import, and --help needs none of it.
    from slipway.operations import endpoint  # noqa: PLC0415
    from slipway.operations.account import Account  # noqa: PLC0415
    from slipway.operations.errors import plainly  # noqa: PLC0415
    from slipway.operations.registry import packages  # noqa: PLC0415
    from slipway.operations.site import Site  # noqa: PLC0415

    settings = load_settings(arguments.config, arguments.stage)
    with plainly():
        site = Site(settings, Account(settings))
        found = packages(site, newest=int(arguments.newest))
        now = endpoint.look(site)
    live = now.live.package if now and now.live else None
    sys.stdout.write(_as_json(found, live) if arguments.json else _told(found, live))
    return 0


def _as_json(found: "list[Package]", live: str | None) -> str:
    rows = [{**dataclasses.asdict(package), "live": package.arn == live} for package in found]
    return json.dumps(rows, indent=2, default=datetime.isoformat) + "\n"


def _told(found: "list[Package]", live: str | None) -> str:
    if not found:
        return "no model is registered yet; a run of the pipeline whose gate is passed registers one\n"
    rows = [_COLUMNS, *(_row(package, live) for package in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    reasons = [f"{package.version}: {package.reason}" for package in found if package.reason]
    return "".join(f"{line}\n" for line in [*lines, *reasons])


def _row(package: "Package", live: str | None) -> tuple[str, ...]:
    metric = f"{package.metric} {package.value:.4f}" if package.metric and package.value is not None else "-"
    return (
        "*" if package.arn == live else "",
        package.version,
        package.approval if package.status == "Completed" else f"{package.approval} ({package.status})",
        metric,
        package.made.astimezone().isoformat(sep=" ", timespec="minutes"),
        (package.commit or "-")[:12],
        (package.data_sha256 or "-")[:12],
        (package.image_digest or package.image or "-").rsplit(":", 1)[-1][:16],
        (package.pipeline_execution or "-").rsplit("/", 1)[-1],
    )
