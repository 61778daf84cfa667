"""Entry point of the CDK app: the settings of use cases, or of their delivery, become stacks."""

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

from infra.shared.use_case_settings import load_delivered_use_cases, load_use_cases
from infra.shares import shares, synthesized_aside
from slipway.errors import InputError
from slipway.settings import Settings, load_delivery

PROJECT = Path(__file__).resolve().parent
_CONTEXT = {"aws:cdk:disable-creation-stack-traces": True}
"""They show jsii's internals alone, and take time. `cdk.json` may not hold keys of this kind."""


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
    gc.disable()  # CDK in Python makes millions of objects that stay to the end, which is seconds away
    if delivery := context.get("delivery"):
        _delivery(Path(delivery))
    elif context.get("fleet"):
        _fleet(_cases(context))
    else:
        _use_cases(_cases(context))


# Each imports CDK for itself, which starts node and takes a second: what is wrong with the settings has been told by
# then, and nobody waits for modules of another's.


def _delivery(file: Path) -> None:
    import aws_cdk as cdk  # noqa: PLC0415

    from infra.delivery.app import delivery_stacks  # noqa: PLC0415

    app = cdk.App(context=_CONTEXT)
    delivery_stacks(app, file, project=PROJECT)
    app.synth()


def _fleet(cases: list[Settings]) -> None:
    import aws_cdk as cdk  # noqa: PLC0415

    from infra.monitoring.fleet_stack import fleet_stacks  # noqa: PLC0415

    app = cdk.App(context=_CONTEXT)
    fleet_stacks(app, cases)
    app.synth()


def _use_cases(cases: list[Settings]) -> None:
    mine, *others = shares(len(cases))
    with synthesized_aside([sys.executable, __file__], others) as aside:
        import aws_cdk as cdk  # noqa: PLC0415

        from infra.stages import use_cases  # noqa: PLC0415

        app = cdk.App(context=_CONTEXT)
        use_cases(app, cases, steps_folder=PROJECT / "pipeline_steps", share=mine)
        aside.join(Path(app.synth().directory))


def _cases(context: dict[str, Any]) -> list[Settings]:
    stage = context.get("stage") or "dev"
    if fleet := context.get("fleet"):
        return load_delivered_use_cases(load_delivery(Path(fleet)), stage, project=PROJECT)
    return load_use_cases(Path(context.get("config") or PROJECT / "config"), stage)


if __name__ == "__main__":
    main()
