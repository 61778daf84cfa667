"""`slipway cost`: what a use case costs on AWS, before and while it runs."""

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from slipway.cli.arguments import add_command, add_json, add_number, add_prices, add_use_case, deployed_stage, write
from slipway.rounding import counted
from slipway.settings import Settings, load_settings
from slipway.settings.limits import MOST_REQUEST_BYTES

if TYPE_CHECKING:
    from slipway.costs.cost_estimate import EndpointTraffic, Line, Usage
    from slipway.costs.prices import Prices

_EPILOG = """\
Prices are on-demand prices of one region at one date, which are printed with the result. Tax, discounts, savings
plans, spot, free tiers, logs, builds, and storage that is kept longer than a month are not included.

Without --last-run the costs of a run are planned: every job is assumed to last --job-minutes. With --last-run the
newest successful run in your account is read, with the seconds that AWS bills.

exit codes:
  0    the costs are printed
  1    there is no successful run, or AWS refuses a call
  2    settings, price table or arguments are not acceptable

examples:
  slipway cost
  slipway cost --stage prod --requests-per-second 20 --json
  slipway cost --last-run
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "cost",
        run,
        summary="estimate what a run, a month of serving and a rollout cost",
        description="A run of the pipeline, a month of serving, and the second fleet of a rollout, in US dollars.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    add_number(parser, "--job-minutes", 0.1, 7200, default=5, metavar="M", about="minutes for which each job is billed")
    parser.add_argument(
        "--last-run", action="store_true", help="read the newest successful run in your account instead"
    )
    traffic = "traffic of the endpoint; without it, costs that depend on it are left out"
    add_number(parser, "--requests-per-second", 0.001, 10_000, about=traffic)
    size, most = "size of a request and its response together", MOST_REQUEST_BYTES / 1000
    add_number(parser, "--request-kilobytes", 0.001, most, default=1, metavar="KB", about=size)
    add_prices(parser)
    add_json(parser, instead_of="a table")


def run(arguments: argparse.Namespace) -> int:
    """Add up the costs and print them."""
    from slipway.costs import cost_estimate as costs  # noqa: PLC0415 — `--help` need not wait for it
    from slipway.costs.prices import PRICES, load_prices  # noqa: PLC0415

    settings = load_settings(arguments.config, arguments.stage)
    prices = load_prices(arguments.prices or PRICES)
    rate = arguments.requests_per_second
    traffic = costs.EndpointTraffic(rate, arguments.request_kilobytes) if rate else None
    usages, source = _run_usages(arguments, settings)
    found: dict[str, list[Line]] = {
        f"a run of the pipeline ({source})": costs.instance_lines(usages, prices),
        "a month of serving": _serving(settings, prices, traffic),
        "a rollout": costs.second_fleet(settings, prices),
    }
    if scored := costs.planned_batch(settings, job_minutes=arguments.job_minutes):
        found[f"a batch ({counted(arguments.job_minutes, 'minute')} a job)"] = costs.instance_lines(scored, prices)
    notes = _notes(settings, prices)
    write(arguments, _document(found, prices, notes), lambda: _text(found, notes))
    return 0


def _run_usages(arguments: argparse.Namespace, settings: Settings) -> "tuple[list[Usage], str]":
    from slipway.costs.cost_estimate import planned_run  # noqa: PLC0415

    if not arguments.last_run:
        return planned_run(
            settings, job_minutes=arguments.job_minutes
        ), f"{counted(arguments.job_minutes, 'minute')} a job"
    from slipway.operations.pipeline_usage import last_run_usage  # noqa: PLC0415

    with deployed_stage(arguments) as stage:
        measured = last_run_usage(stage)
    return measured.usages, measured.execution


def _serving(settings: Settings, prices: "Prices", traffic: "EndpointTraffic | None") -> "list[Line]":
    from slipway.costs.cost_estimate import serving_month  # noqa: PLC0415

    return serving_month(settings, prices, instances=settings.endpoint.instance_count, traffic=traffic)


def _notes(settings: Settings, prices: "Prices") -> list[str]:
    from slipway.costs import cost_estimate as costs  # noqa: PLC0415

    most = costs.total(costs.instance_lines(costs.longest_run(settings), prices))
    notes = [
        f"a run costs ${most:,.2f} at most: every job to its limit of {settings.training.max_runtime_seconds} s",
        *_serving_notes(settings, prices),
    ]
    if settings.region and settings.region != prices.region:
        notes.append(f"the use case is deployed in {settings.region}, whose prices differ")
    notes.append(f"prices of {prices.as_of} in {prices.region}: {prices.source}")
    return notes


def _serving_notes(settings: Settings, prices: "Prices") -> list[str]:
    from slipway.costs import cost_estimate as costs  # noqa: PLC0415

    facts = settings.endpoint.facts
    unpriced = [facts.unpriced] if facts.unpriced else []
    if not facts.has_instances:
        return unpriced
    plan, hour = costs.rollout_plan(settings), prices.hour(settings.endpoint.instance_type)
    starting = costs.extra_instances(plan) * hour / 60
    notes = [
        *unpriced,
        f"a rollout waits {costs.rollout_seconds(plan):,} s; each minute its instances start adds ${starting:,.4f}",
    ]
    if settings.endpoint.schedule:
        notes.append(
            "the endpoint's month is calculated without its schedule ([endpoint.schedule]), which lowers the cost"
        )
    if scaled := settings.endpoint.scaled_between:
        low, high = (count * hour * costs.HOURS_A_MONTH for count in scaled)
        notes.append(f"autoscaling makes the endpoint's month ${low:,.2f} to ${high:,.2f}")
    return notes


def _text(found: "dict[str, list[Line]]", notes: list[str]) -> str:
    from slipway.costs.cost_estimate import total  # noqa: PLC0415

    lines: list[str] = []
    for title, rows in found.items():
        lines.append(f"{title:<60} ${total(rows):>12,.2f}")
        lines += [
            f"  {row.what:<44}{row.quantity:>10,.2f} {row.unit:<15} x ${row.price:<7g} = ${row.dollars:,.4f}"
            for row in rows
        ]
    return "".join(f"{line}\n" for line in [*lines, *(f"note: {note}" for note in notes)])


def _document(found: "dict[str, list[Line]]", prices: "Prices", notes: list[str]) -> dict[str, Any]:
    from slipway.costs.cost_estimate import total  # noqa: PLC0415

    parts: dict[str, Any] = {}
    for name, (title, rows) in zip(("run", "serving_month", "rollout", "batch"), found.items(), strict=False):
        lines = [dataclasses.asdict(row) for row in rows]
        parts[name] = {"title": title, "dollars": round(total(rows), 6), "lines": lines}
    return {
        "currency": "USD",
        "region": prices.region,
        "as_of": prices.as_of.isoformat(),
        "source": prices.source,
        **parts,
        "notes": notes,
    }
