"""Entry point of the CDK app: settings become stacks.

cdk synth -c config=FILE_OR_FOLDER -c stage=NAME   the stacks of use cases
cdk synth -c fleet=DELIVERY_FILE -c stage=NAME     the dashboard over a delivery's use cases of one stage
cdk synth -c delivery=FILE                         the delivery itself
"""

import gc
import sys
from pathlib import Path

import aws_cdk as cdk

from infra.delivery.delivery_stacks import delivery_stacks
from infra.monitoring.fleet_stack import fleet_stacks
from infra.shared.use_case_settings import load_delivered_use_cases, load_use_cases
from infra.stages import use_cases
from slipway.errors import InputError
from slipway.settings import load_delivery

PROJECT = Path(__file__).resolve().parent
# The traces show jsii's internals alone, and take time. `cdk.json` may not hold keys of this kind.
CONTEXT = {"aws:cdk:disable-creation-stack-traces": True}


def main() -> None:
    """Synthesize; an error in the settings is one line and exit code 2."""
    gc.disable()  # CDK in Python makes millions of objects that stay to the end, which is seconds away
    app = cdk.App(context=CONTEXT)
    try:
        add_stacks(app)
    except InputError as exc:
        print(exc, file=sys.stderr)  # noqa: T201 — a command's output
        sys.exit(exc.exit_code)
    app.synth()


def add_stacks(app: cdk.App) -> None:
    """Add the stacks that the context chooses."""
    context = app.node.try_get_context
    stage = context("stage") or "dev"
    if delivery := context("delivery"):
        delivery_stacks(app, Path(delivery), project=PROJECT)
    elif fleet := context("fleet"):
        fleet_stacks(app, load_delivered_use_cases(load_delivery(Path(fleet)), stage, project=PROJECT))
    else:
        settings = load_use_cases(Path(context("config") or PROJECT / "config"), stage)
        use_cases(app, settings, steps_folder=PROJECT / "pipeline_steps")


if __name__ == "__main__":
    main()
