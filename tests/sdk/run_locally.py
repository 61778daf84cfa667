"""Run a pipeline in the local mode of SageMaker's SDK:  run_locally.py REQUEST.json ANSWER.json

Runs in the SDK's environment; AWS_ENDPOINT_URL leads it to S3, DOCKER_HOST to Docker.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from sagemaker.core.workflow.pipeline_context import LocalPipelineSession as InPipelines
from sagemaker.mlops.local.local_pipeline_session import LocalPipelineSession as RunsPipelines
from sdk_pipeline import SdkPipeline

from slipway.settings import load_settings


class LocalSession(RunsPipelines, InPipelines):
    """One of the two runs pipelines, and only the other is accepted by the steps."""


def main(argv: list[str]) -> None:
    """Run the pipeline once for each set of parameters in the request."""
    request = json.loads(Path(argv[1]).read_text(encoding="utf-8"))
    session = LocalSession(boto3.Session(), default_bucket=request["pipeline"]["bucket"])
    session.config = {"local": {"container_root": str(Path.cwd())}}
    settings = load_settings(Path(request["settings"]), "dev")
    pipeline = getattr(SdkPipeline(settings, session, **request["pipeline"]), request["shape"])()
    definition = json.loads(pipeline.definition())
    session.create_pipeline(pipeline, "run locally")
    runs = [run(session, pipeline.name, parameters) for parameters in request["parameters"]]
    Path(argv[2]).write_text(json.dumps({"definition": definition, "runs": runs}), encoding="utf-8")


def run(session: LocalSession, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    started = time.perf_counter()
    execution = session.start_pipeline_execution(name, PipelineParameters=parameters)
    seconds = time.perf_counter() - started
    steps = execution.list_steps()["PipelineExecutionSteps"]
    return {
        "id": execution.pipeline_execution_name,
        "status": execution.status,
        "steps": {step["StepName"]: step["StepStatus"] for step in steps},
        "outcome": execution.step_execution["Gate"].properties.get("Outcome"),
        "refusal": execution.step_execution["Refuse"].failure_reason,
        "seconds": seconds,
        "step_seconds": sum(step["EndTime"] - step["StartTime"] for step in steps),
        "ended": time.time(),
    }


if __name__ == "__main__":
    main(sys.argv)
