"""Entry point of the CDK app: the settings of use cases, or of their delivery, become stacks."""

import sys
from pathlib import Path

import aws_cdk as cdk

from blueprint.errors import InputError
from infra.stacks.use_case import use_cases

PROJECT = Path(__file__).resolve().parent


def main() -> None:
    """Synthesize; choose with `-c config=FILE_OR_FOLDER`, `-c stage=NAME`, or `-c delivery=FILE`."""
    app = cdk.App()
    context = app.node.try_get_context
    try:
        if delivery := context("delivery"):
            from infra.stacks.delivery_app import delivery_stacks  # noqa: PLC0415 — half a second of CDK modules

            delivery_stacks(app, Path(delivery), project=PROJECT)
        else:
            config = Path(context("config") or PROJECT / "config")
            use_cases(app, config, stage=context("stage") or "dev", steps_folder=PROJECT / "pipeline_steps")
    except InputError as exc:
        print(exc, file=sys.stderr)  # noqa: T201 — the command line's own voice
        sys.exit(exc.exit_code)
    app.synth()


if __name__ == "__main__":
    main()
