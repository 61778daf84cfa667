"""`slipway cost`: what a use case costs on AWS, before and while it runs."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.cli.numbers import bounded
from slipway.cli.use_case import add_use_case
from slipway.settings import Settings, load_settings
from slipway.settings.limits import MOST_REQUEST_BYTES

if TYPE_CHECKING:
    from slipway.costs.estimate import Line, Traffic, Usage
    from slipway.costs.prices import Prices

_EPILOG = """\
Prices are on demand, of one region at one date, both told with the result; tax, discounts, savings plans, spot, free
tiers, logs, builds, and what is kept in S3 for longer are not in it.

Without --last-run a run is planned: every job is taken to last --job-minutes. With it the newest run that succeeded
is read from your account, with the seconds AWS bills.

exit codes:
  0    told
  1    there is no run to read, or AWS cannot be asked
  2    settings, price table or arguments are not acceptable

examples:
  slipway cost
  slipway cost --stage prod --requests-per-second 20 --json
  slipway cost --last-run
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "cost",
        help="what a run, a month of serving and a rollout cost",
        description="A run of the pipeline, a month of serving, and the second fleet of a rollout, in US dollars.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_use_case(parser)
    add = parser.add_argument
    add(
        "--job-minutes",
        type=bounded(0.1, 7200),
        default=5.0,
        metavar="M",
        help="how long a job of the pipeline is billed, 0.1..7200 (default: %(default)g)",
    )
    add("--last-run", action="store_true", help="take the newest successful run in your account instead")
    add(
        "--requests-per-second",
        type=bounded(0.001, 10_000),
        metavar="N",
        help="traffic of the endpoint, 0.001..10000; without it, costs that depend on it are left out",
    )
    add(
        "--request-kilobytes",
        type=bounded(0.001, MOST_REQUEST_BYTES / 1000),
        default=1.0,
        metavar="KB",
        help="size of a request and its answer together (default: %(default)g)",
    )
    add(
        "--prices",
        type=Path,
        metavar="FILE",
        help="a price table of your own, in the form of slipway/costs/prices.toml",
    )
    add("--json", action="store_true", help="one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Add up and print."""
    from slipway.costs import estimate as costs  # noqa: PLC0415 — `--help` need not wait for it
    from slipway.costs.prices import PRICES, load_prices  # noqa: PLC0415

    settings = load_settings(arguments.config, arguments.stage)
    prices = load_prices(arguments.prices or PRICES)
    rate = arguments.requests_per_second
    traffic = costs.Traffic(rate, arguments.request_kilobytes) if rate else None
    usages, source = _run_usages(arguments, settings)
    found: dict[str, list[Line]] = {
        f"a run of the pipeline ({source})": costs.instance_lines(usages, prices),
        "a month of serving": _serving(settings, prices, traffic),
        "a rollout": costs.second_fleet(settings, prices),
    }
    notes = _notes(settings, prices)
    sys.stdout.write(_as_json(found, prices, notes) if arguments.json else _told(found, notes))
    return 0


def _run_usages(arguments: argparse.Namespace, settings: Settings) -> "tuple[list[Usage], str]":
    from slipway.costs.estimate import planned_run  # noqa: PLC0415

    if not arguments.last_run:
        return planned_run(settings, job_minutes=arguments.job_minutes), f"{arguments.job_minutes:g} minutes a job"
    from slipway.operations.account import Account  # noqa: PLC0415
    from slipway.operations.billed import last_run  # noqa: PLC0415
    from slipway.operations.errors import plainly  # noqa: PLC0415
    from slipway.operations.site import Site  # noqa: PLC0415

    with plainly():
        measured = last_run(Site(settings, Account(settings)))
    return measured.usages, measured.execution


def _serving(settings: Settings, prices: "Prices", traffic: "Traffic | None") -> "list[Line]":
    from slipway.costs.estimate import serving_month  # noqa: PLC0415

    return serving_month(settings, prices, instances=settings.endpoint.instance_count, traffic=traffic)


def _notes(settings: Settings, prices: "Prices") -> list[str]:
    from slipway.costs import estimate as costs  # noqa: PLC0415

    most = costs.total(costs.instance_lines(costs.longest_run(settings), prices))
    notes = [
        f"a run costs ${most:,.2f} at most: every job to its limit of {settings.training.max_runtime_seconds} s",
        *_serving_notes(settings, prices),
    ]
    if settings.region and settings.region != prices.region:
        notes.append(f"the use case lives in {settings.region}, whose prices differ")
    notes.append(f"prices of {prices.as_of} in {prices.region}: {prices.source}")
    return notes


def _serving_notes(settings: Settings, prices: "Prices") -> list[str]:
    from slipway.costs import estimate as costs  # noqa: PLC0415

    if serverless := settings.endpoint.serverless:
        return [f"the endpoint is serverless: the time of its requests, at {serverless.memory_mb} MB, is not in it"]
    plan, hour = costs.rollout_plan(settings), prices.hour(settings.endpoint.instance_type)
    starting = costs.extra_instances(plan) * hour / 60
    notes = [
        f"a rollout waits {costs.rollout_seconds(plan):,} s; each minute its instances start adds ${starting:,.4f}"
    ]
    if settings.endpoint.hours:
        notes.append("the endpoint's month is reckoned as if it were never stopped; its hours make it cost less")
    if scaled := settings.endpoint.autoscaling:
        low, high = (
            count * hour * costs.HOURS_A_MONTH for count in (scaled.min_instance_count, scaled.max_instance_count)
        )
        notes.append(f"autoscaling makes the endpoint's month ${low:,.2f} to ${high:,.2f}")
    return notes


def _told(found: "dict[str, list[Line]]", notes: list[str]) -> str:
    from slipway.costs.estimate import total  # noqa: PLC0415

    lines: list[str] = []
    for title, rows in found.items():
        lines.append(f"{title:<60} ${total(rows):>12,.2f}")
        lines += [
            f"  {row.what:<44}{row.quantity:>10,.2f} {row.unit:<15} x ${row.price:<7g} = ${row.dollars:,.4f}"
            for row in rows
        ]
    return "".join(f"{line}\n" for line in [*lines, *(f"note: {note}" for note in notes)])


def _as_json(found: "dict[str, list[Line]]", prices: "Prices", notes: list[str]) -> str:
    from slipway.costs.estimate import total  # noqa: PLC0415

    parts: dict[str, Any] = {}
    for name, (title, rows) in zip(("run", "serving_month", "rollout"), found.items(), strict=True):
        lines = [dataclasses.asdict(row) for row in rows]
        parts[name] = {"title": title, "dollars": round(total(rows), 6), "lines": lines}
    told = {
        "currency": "USD",
        "region": prices.region,
        "as_of": prices.as_of.isoformat(),
        "source": prices.source,
        **parts,
        "notes": notes,
    }
    return json.dumps(told, indent=2) + "\n"
