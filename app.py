"""Entry point of the CDK app: the settings of use cases, or of their delivery, become stacks."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from blueprint.errors import InputError
from blueprint.settings import Settings, load_delivery
from infra.chosen import chosen_settings, delivered_settings

PROJECT = Path(__file__).resolve().parent


def main() -> None:
    """Synthesize; choose with `-c config=FILE_OR_FOLDER` and `-c stage=NAME`, or `-c delivery=FILE`.

    `-c fleet=FILE -c stage=NAME` is the dashboard alone, over the stage's use cases in the delivery in FILE.
    """
    try:
        _synthesize(_context())
    except InputError as exc:
        print(exc, file=sys.stderr)  # noqa: T201 — the command line's own voice
        sys.exit(exc.exit_code)


def _context() -> dict[str, Any]:
    """What the CDK's command line hands over; what its environment cannot hold lies in a file."""
    context: dict[str, Any] = json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}"))
    overflow = os.environ.get("CONTEXT_OVERFLOW_LOCATION_ENV")
    return context | json.loads(Path(overflow).read_text(encoding="utf-8")) if overflow else context


def _synthesize(context: dict[str, Any]) -> None:
    delivery, fleet = context.get("delivery"), context.get("fleet")
    cases = [] if delivery else _cases(context)
    # The CDK starts node, which takes seconds: what is wrong with the settings has been told by now.
    import aws_cdk as cdk  # noqa: PLC0415

    app = cdk.App()
    if delivery:
        from infra.stacks.delivery_app import delivery_stacks  # noqa: PLC0415 — half a second of CDK modules

        delivery_stacks(app, Path(delivery), project=PROJECT)
    elif fleet:
        from infra.stacks.fleet import fleet_stacks  # noqa: PLC0415

        fleet_stacks(app, cases)
    else:
        from infra.stacks.use_case import use_cases  # noqa: PLC0415

        use_cases(app, cases, steps_folder=PROJECT / "pipeline_steps")
    app.synth()


def _cases(context: dict[str, Any]) -> list[Settings]:
    stage = context.get("stage") or "dev"
    if fleet := context.get("fleet"):
        return delivered_settings(load_delivery(Path(fleet)), stage, project=PROJECT)
    return chosen_settings(Path(context.get("config") or PROJECT / "config"), stage)


if __name__ == "__main__":
    main()
