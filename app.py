"""Entry point of the CDK app: the settings of one use case and stage become its stacks."""

import sys
from pathlib import Path

import aws_cdk as cdk

from blueprint.errors import InputError
from blueprint.settings import load_settings
from infra.stacks.use_case import use_case_stacks

PROJECT = Path(__file__).resolve().parent


def main() -> None:
    """Synthesize; choose with `-c config=FILE` and `-c stage=NAME`."""
    app = cdk.App()
    config = app.node.try_get_context("config") or PROJECT / "config" / "shoppers.toml"
    try:
        settings = load_settings(Path(config), app.node.try_get_context("stage") or "dev")
        use_case_stacks(app, settings, steps_folder=PROJECT / "pipeline_steps")
    except InputError as exc:
        print(exc, file=sys.stderr)  # noqa: T201 — the command line's own voice
        sys.exit(exc.exit_code)
    app.synth()


if __name__ == "__main__":
    main()
