"""serve: answer `/ping` and `/invocations` with the model in `/opt/ml/model`."""

import gc
import os
from collections.abc import Sequence

from pipeline_steps.arguments import StepParser
from pipeline_steps.errors import ArgumentError
from pipeline_steps.models.artifact import load_folder
from pipeline_steps.paths import Paths
from pipeline_steps.server.application import Application
from pipeline_steps.server.running import run_server


def parser() -> StepParser:
    """The command line of `serve`: SageMaker gives no argument."""
    return StepParser("serve")


def main(argv: Sequence[str], paths: Paths) -> None:
    """Load the model, then listen: what answers `/ping` can answer `/invocations`."""
    parser().parse_args(argv)
    port = os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ArgumentError(f"SAGEMAKER_BIND_TO_PORT must be in 0..65535, got {port!r}")
    # inside a container every interface is the container's own
    host = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")  # noqa: S104
    artifact = load_folder(paths.model)
    gc.collect()
    gc.freeze()  # what was loaded stays; collecting it again and again would be felt as latency
    run_server(Application(artifact).answer, host=host, port=int(port), name=artifact.contract.algorithm)
