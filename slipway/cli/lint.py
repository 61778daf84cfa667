"""`slipway lint`: whether a planned rollout would guard anything, before it exists."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from slipway.cli.arguments import DEFAULT_CONFIG, add_command, add_json, add_number, as_json, config_file
from slipway.errors import InputError
from slipway.guardrails import PlannedRollout, from_template, lint, lint_delivery, planned_rollout
from slipway.guardrails.template import alarms_in
from slipway.guardrails.template_file import SUFFIXES, read_template
from slipway.readable import readable
from slipway.rounding import counted
from slipway.settings import load_delivery, load_settings
from slipway.settings.limits import LEAST_TRAFFIC, MOST_TRAFFIC
from slipway.training.image_source import require_files

_EPILOG = """\
exit codes:
  0    no error; there may be warnings
  1    errors were found
  2    settings, templates or arguments are not acceptable

examples:
  slipway lint
  slipway lint --config config/shoppers.toml --stage prod --requests-per-second 5
  slipway lint cdk.out endpoint.template.json
  slipway lint shop.yaml --requests-per-second 20
  slipway lint --delivery delivery.toml
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "lint",
        run,
        summary="find what is unsafe in a planned rollout",
        description="Check the rollout that settings make, the endpoints of CloudFormation templates, or a delivery.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add(
        "templates",
        nargs="*",
        type=Path,
        metavar="TEMPLATE",
        help="a template in JSON or YAML, or a folder of *.template.json and .yaml; alarms count for all endpoints",
    )
    add(
        "--config",
        type=config_file,
        metavar="FILE",
        help=f"the use case (default, where nothing else is named: {DEFAULT_CONFIG})",
    )
    add(
        "--delivery", type=Path, metavar="FILE", help="a delivery file: whether its stages are isolated from each other"
    )
    add("--stage", default="dev", help="a [stages.*] table of the use case (default: %(default)s)")
    traffic = "expected traffic of the endpoint; without it no rule checks the traffic"
    add_number(parser, "--requests-per-second", LEAST_TRAFFIC, MOST_TRAFFIC, about=traffic)
    add_json(parser, instead_of="lines")


def run(arguments: argparse.Namespace) -> int:
    """Check every planned rollout and print the findings."""
    findings = [finding for planned in _planned(arguments) for finding in lint(planned)]
    if arguments.delivery:
        findings += lint_delivery(load_delivery(arguments.delivery))
    sys.stdout.write(
        as_json([asdict(finding) for finding in findings])
        if arguments.json
        else readable("".join(f"{finding}\n" for finding in findings))
    )
    errors = sum(finding.severity == "error" for finding in findings)
    if not arguments.json:
        sys.stdout.write(f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}\n")
    return 1 if errors else 0


def _planned(arguments: argparse.Namespace) -> Iterator[PlannedRollout]:
    rate: float | None = arguments.requests_per_second
    if arguments.config or not (arguments.templates or arguments.delivery):
        settings = load_settings(arguments.config or config_file(DEFAULT_CONFIG), arguments.stage)
        require_files(settings.training)
        yield planned_rollout(settings, requests_per_second=rate)
    if arguments.templates:
        yield from _in_templates(arguments.templates, rate)


def _in_templates(paths: Sequence[Path], rate: float | None) -> list[PlannedRollout]:
    """Every endpoint of the templates.

    Raises:
        InputError: a file is no template, or there is no endpoint in any.
    """
    templates = {file: read_template(file) for path in paths for file in _files(path)}
    planned: list[PlannedRollout] = []
    for file, template in templates.items():
        try:
            elsewhere = [alarm for other in templates.values() if other is not template for alarm in alarms_in(other)]
            planned += from_template(template, alarms_elsewhere=elsewhere, requests_per_second=rate)
        except InputError as exc:
            raise InputError(f"{file}: {exc}") from exc
    if not planned:
        raise InputError(f"templates must have an AWS::SageMaker::Endpoint, got {', '.join(map(str, paths))}")
    return planned


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.name.endswith(SUFFIXES)) if path.is_dir() else [path]
