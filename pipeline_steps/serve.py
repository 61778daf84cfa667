"""serve: answer `/ping` and `/invocations` with the model in `/opt/ml/model`."""

import gc
import os
import sys
from collections.abc import Sequence

from pipeline_steps.arguments import StepParser
from pipeline_steps.artifact.contract_errors import nonsense
from pipeline_steps.artifact.files import REGISTERED
from pipeline_steps.artifact.loading import load_folder
from pipeline_steps.baseline.baseline import read_baseline
from pipeline_steps.errors import ArgumentError, StepError
from pipeline_steps.paths import Paths
from pipeline_steps.server.application import Application
from pipeline_steps.server.identity import WHOLE_ENDPOINT, Identity
from pipeline_steps.server.lifecycle import Chore, run_server
from pipeline_steps.server.metric_publisher import Publisher, Source
from pipeline_steps.server.request_metrics import Answers
from pipeline_steps.server.score_recorder import Recorder
from pipeline_steps.server.warm_up import warm_up

_COUNT_SECONDS = 0.05


def parser() -> StepParser:
    """The command line of `serve`: SageMaker gives no argument."""
    made = StepParser("serve")
    made.add_argument("--until-input-ends", action="store_true", help="end with whoever holds the standard input")
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Load the model, warm it up, then listen: what answers `/ping` has answered `/invocations`."""
    arguments = parser().parse_args(argv)
    port = os.environ.get("SAGEMAKER_BIND_TO_PORT") or "8080"
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ArgumentError(f"SAGEMAKER_BIND_TO_PORT must be in 0..65535, got {port!r}")
    # inside a container every interface is the container's own
    host = os.environ.get("SAGEMAKER_BIND_TO_HOST") or "0.0.0.0"  # noqa: S104
    identity = Identity.from_environment(os.environ)
    registered = os.environ.get(REGISTERED, "")
    artifact = load_folder(paths.model, registered=registered)
    if wrong := next(nonsense(artifact.contract), ""):
        raise StepError(f"contract.json: {wrong}")
    known = f"those that were registered, sha256 {registered}" if registered else "not checked: no hash is known"
    sys.stderr.write(f"the model's files are {known}\n")
    baseline = read_baseline(paths.model / "baseline.json", artifact.contract)
    recorder = Recorder(baseline, unwatched=identity.unwatched) if identity.dimensions else None
    application = Application(artifact, recorder=recorder, header=identity.header)
    warm_up(application.answer, artifact.contract, baseline)
    answers = Answers(application.answer)
    chores = _chores(answers, recorder, identity) if recorder else []
    gc.collect()
    gc.freeze()  # what was loaded stays; collecting it again and again would be felt as latency
    answer = answers if recorder else application.answer
    run_server(
        answer,
        host=host,
        port=int(port),
        name=artifact.contract.algorithm,
        max_body_bytes=artifact.contract.max_payload_bytes,
        chores=chores,
        lifeline=sys.stdin.fileno() if arguments.until_input_ends else None,
    )


def _chores(answers: Answers, recorder: Recorder, identity: Identity) -> list[Chore]:
    recorder.take_metrics()  # this way is warm too, and nobody asked for what is counted so far
    recorder.clear()
    sources = [Source(answers.take_metrics), Source(recorder.take_metrics, also_by=WHOLE_ENDPOINT)]
    publisher = Publisher(sources, identity.dimensions, write=_write)
    return [Chore(recorder.count, _COUNT_SECONDS), Chore(publisher.publish, identity.metric_seconds)]


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
