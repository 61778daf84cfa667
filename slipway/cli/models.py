"""`slipway models`: the model package group of a use case, newest version first."""

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from slipway.cli.arguments import add_command, add_json, add_number, add_use_case, deployed_stage, write

if TYPE_CHECKING:
    from slipway.operations.lineage import Lineage
    from slipway.operations.model_registry import Package

_EPILOG = """\
Only an approved version is rolled out; `slipway rollout approve --package N --reason …` approves one.
* marks the version that serves.

--lineage shows for each version the commit, the data, the jobs that made it, its files and image, and the endpoint that
serves or served it: from the registry, the pipeline's execution and the audit log.

exit codes:
  0    the versions are listed; there may be none
  1    the use case is not deployed, or AWS refuses a call
  2    settings or arguments are not acceptable

examples:
  slipway models
  slipway models --stage prod --newest 5 --json
  slipway models --lineage --newest 1
"""
_NONE = "no model is registered yet; `slipway train` registers one if its gate passes\n"
_COLUMNS = ("", "version", "approval", "algorithm", "metric", "created", "commit", "data", "image", "run")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "models",
        run,
        summary="list the registered models: approval, metric and provenance of each",
        description="List the versions in a use case's model package group: metric, approval and provenance.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    add_number(parser, "--newest", 1, 10_000, default=20, whole=True, about="list at most so many versions")
    parser.add_argument(
        "--lineage", action="store_true", help="show commit, data, jobs, files and endpoint of each version"
    )
    add_json(parser, instead_of="a table, with whole hashes and ARNs")


def run(arguments: argparse.Namespace) -> int:
    """List what the model package group has, and mark what the endpoint serves; or where each version comes from."""
    return _lineage(arguments) if arguments.lineage else _list(arguments)


def _lineage(arguments: argparse.Namespace) -> int:
    from slipway.operations.lineage import newest_lineages  # noqa: PLC0415

    with deployed_stage(arguments) as stage:
        found = newest_lineages(stage, int(arguments.newest))
    write(arguments, [each.document() for each in found], lambda: _lineage_text(found))
    return 0


def _list(arguments: argparse.Namespace) -> int:
    # boto3 takes a while to import, and --help needs none of it.
    from slipway.operations.deployed_endpoint import describe_endpoint  # noqa: PLC0415
    from slipway.operations.model_registry import packages  # noqa: PLC0415

    with deployed_stage(arguments) as stage:
        found = packages(stage, newest=int(arguments.newest))
        endpoint = describe_endpoint(stage)
    live = endpoint.live.package if endpoint and endpoint.live else None
    write(arguments, _document(found, live), lambda: _text(found, live))
    return 0


def _document(found: "list[Package]", live: str | None) -> list[dict[str, Any]]:
    return [{**dataclasses.asdict(package), "live": package.arn == live} for package in found]


def _text(found: "list[Package]", live: str | None) -> str:
    if not found:
        return _NONE
    rows = [_COLUMNS, *(_row(package, live) for package in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    reasons = [f"{package.version}: {package.reason}" for package in found if package.reason]
    return "".join(f"{line}\n" for line in [*lines, *reasons])


def _lineage_text(found: "list[Lineage]") -> str:
    blocks = []
    for lineage in found:
        lines = lineage.in_words
        width = max(map(len, lines))
        shown = "".join(f"  {name:<{width}}  {line}\n" for name, line in lines.items())
        blocks.append(f"version {lineage.package.version}\n{shown}")
    return "\n".join(blocks) or _NONE


def _row(package: "Package", live: str | None) -> tuple[str, ...]:
    return (
        "*" if package.arn == live else "",
        package.version,
        package.approval if package.status == "Completed" else f"{package.approval} ({package.status})",
        package.algorithm or "-",
        package.measured or "-",
        package.created.astimezone().isoformat(sep=" ", timespec="minutes"),
        (package.commit or "-")[:12],
        (package.data_sha256 or "-")[:12],
        (package.image_digest or package.image or "-").rsplit(":", 1)[-1][:16],
        (package.pipeline_execution or "-").rsplit("/", 1)[-1],
    )
