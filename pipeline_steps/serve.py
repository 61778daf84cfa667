"""serve: respond to `/ping` and `/invocations` with the model in `/opt/ml/model`."""

import gc
import os
import sys
from collections.abc import Mapping, Sequence

from pipeline_steps.arguments import StepParser
from pipeline_steps.artifact.contract import MAX_PAYLOAD_BYTES, Contract
from pipeline_steps.artifact.contract_errors import contract_errors
from pipeline_steps.artifact.files import REGISTERED
from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.errors import ArgumentError, StepError
from pipeline_steps.log import log
from pipeline_steps.paths import Paths
from pipeline_steps.server.application import Application
from pipeline_steps.server.batch_lines import is_batch
from pipeline_steps.server.event_loop import PeriodicTask, run_server
from pipeline_steps.server.identity import WHOLE_ENDPOINT, Identity
from pipeline_steps.server.metric_log import MetricLog, MetricSource
from pipeline_steps.server.reasons import Explainer
from pipeline_steps.server.request_metrics import RequestMetrics
from pipeline_steps.server.score_recorder import ScoreRecorder
from pipeline_steps.server.warm_up import warm_up

_COUNT_SECONDS = 0.05


def parser() -> StepParser:
    """The command line of `serve`: SageMaker gives no argument."""
    made = StepParser("serve")
    made.add_argument("--until-input-ends", action="store_true", help="end when the standard input is closed")
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Load the model, warm it up, then listen: what responds to `/ping` has responded to `/invocations`."""
    arguments = parser().parse_args(argv)
    host, port = _address(os.environ)
    identity = Identity.from_environment(os.environ)
    contract, scorer, baseline = _load(paths, os.environ.get(REGISTERED, ""))
    recorder = (
        ScoreRecorder(contract, baseline, excluded_from_drift=identity.excluded_from_drift)
        if identity.dimensions
        else None
    )
    explainer = Explainer(contract, scorer.score, baseline) if baseline else None
    batch = is_batch(os.environ)
    application = Application(
        contract, scorer, recorder=recorder, explainer=explainer, header=identity.header, batch=batch
    )
    warm_up(application.handle, contract, baseline)
    request_metrics = RequestMetrics(application.handle)
    tasks = _metric_tasks(request_metrics, recorder, identity) if recorder else []
    gc.collect()
    gc.freeze()  # what was loaded stays; collecting it again and again would add latency
    run_server(
        request_metrics if recorder else application.handle,
        host=host,
        port=port,
        name=contract.algorithm,
        max_body_bytes=MAX_PAYLOAD_BYTES if batch else contract.max_payload_bytes,
        tasks=tasks,
        lifeline=sys.stdin.fileno() if arguments.until_input_ends else None,
    )


def _address(environment: Mapping[str, str]) -> tuple[str, int]:
    port = environment.get("SAGEMAKER_BIND_TO_PORT") or "8080"
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ArgumentError(f"SAGEMAKER_BIND_TO_PORT must be in 0..65535, got {port!r}")
    # inside a container every interface is the container's own
    return environment.get("SAGEMAKER_BIND_TO_HOST") or "0.0.0.0", int(port)  # noqa: S104


def _load(paths: Paths, registered: str) -> tuple[Contract, Scorer, Baseline | None]:
    """Load what the server needs of the artifact, without the bytes of its files."""
    artifact = read_folder(paths.model, registered=registered)
    contract, scorer = artifact.contract, artifact.scorer
    if wrong := next(contract_errors(contract), ""):
        raise StepError(f"contract.json: {wrong}")
    checked = f"those that were registered, sha256 {registered}" if registered else "not checked: no hash is known"
    sys.stderr.write(f"the model's files are {checked}\n")
    if "baseline.json" not in artifact.files:
        return contract, scorer, None
    return contract, scorer, Baseline.from_document(artifact.document("baseline.json"), contract)


def _metric_tasks(requests: RequestMetrics, recorder: ScoreRecorder, identity: Identity) -> list[PeriodicTask]:
    recorder.take_metrics()  # this code path is warm too, and the warm-up's own requests are not reported
    recorder.clear()
    sources = [MetricSource(requests.take_metrics), MetricSource(recorder.take_metrics, also_by=WHOLE_ENDPOINT)]
    publisher = MetricLog(sources, identity.dimensions, write=log)
    return [PeriodicTask(recorder.count, _COUNT_SECONDS), PeriodicTask(publisher.publish, identity.metric_seconds)]
