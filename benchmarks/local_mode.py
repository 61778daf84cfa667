"""Prepare, Train (the linear reference), Evaluate and Condition: our backends against the SageMaker SDK's local mode.

scripts/with-docker --and docker-compose python -m benchmarks.local_mode [--rows 3600] [--rounds 3] [--json FILE]

All run the definition that the SDK has written, on the same table and image, and the pipeline's end is checked. Cold:
from the start of a Python that has nothing imported yet to the end of its first execution, with all that a user waits
for in between (ours: the embedded AWS is started, and gets the bucket, the image, the table and the pipeline; theirs:
the SDK is imported, S3 and the table being there already). Warm: a second execution in the same process, from its start
to its end; no step is cached. Steps: what the steps of the warm one took, without what the engine does between them.
The order of the peers changes from round to round; medians are printed. Needs `make setup-sdk image`.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.containers.docker.client import DockerClient
from rehearsal.containers.docker.readiness import require_image
from rehearsal.journey.demo_data.registry import write_demo_csv
from slipway.errors import InputError
from tests.sdk.bridge import bridge
from tests.sdk.embedded import STEPS, Execution, embedded
from tests.sdk.environment import PROJECT, run_with_sdk, why_absent

CONFIG = PROJECT / "config" / "shoppers.toml"
SDK = "sdk"
BACKENDS = ("namespace", "docker")
KINDS = ("cold", "warm", "steps")
PARAMETERS = {"GateThreshold": 0.5, "DataFingerprint": "one table"}


@dataclass(frozen=True)
class Times:
    """One process: from its start to the end of its first execution, and its second execution."""

    cold: float
    warm: float
    steps: float
    """What the steps of the second execution took."""
    load: float
    """The machine's load average when it began."""


def main() -> None:
    """Measure, print a table, and write the figures if asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    docker = _ready()
    with tempfile.TemporaryDirectory(prefix="slipway-local-mode-") as folder:
        table = Path(folder) / "table.csv"
        write_demo_csv(table, rows=arguments.rows, seed=3)
        with _sdk(Path(folder), table, docker) as (sdk, definition):
            peers = {backend: _ours(Path(folder), table, definition, backend) for backend in BACKENDS} | {SDK: sdk}
            rounds = list(_measured(peers, arguments.rounds))
    figures = _figures(rounds, rows=arguments.rows)
    _tell(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _ready() -> DockerClient:
    host = os.environ.get("DOCKER_HOST")
    try:
        require_image(STEPS, host=host)
    except InputError as exc:
        sys.exit(f"local_mode: {exc}")
    if reason := why_absent() or (None if shutil.which("docker-compose") else "docker-compose is needed"):
        sys.exit(f"local_mode: {reason}")
    return DockerClient(host)


Peer = Callable[[int], Times]


def _measured(peers: Mapping[str, Peer], rounds: int) -> Iterator[dict[str, Times]]:
    names = list(peers)
    for number in range(rounds):
        turn = names[number % len(names) :] + names[: number % len(names)]
        yield {name: peers[name](number) for name in turn}


@contextmanager
def _sdk(folder: Path, table: Path, docker: DockerClient) -> Iterator[tuple[Peer, dict[str, Any]]]:
    """The SDK as a peer, and the definition it writes; an embedded AWS is its S3 and its registry."""
    (folder / "support").mkdir()
    with embedded(folder / "support", backend="prefix") as support, bridge(docker, support.cloud) as url:
        pipeline = {
            **support.places,
            "data_uri": support.upload(table),
            "environment": {"AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1"},
        }
        request = {"settings": str(CONFIG), "shape": "baseline_only", "pipeline": pipeline}
        environment = {"AWS_ENDPOINT_URL": support.cloud.endpoint_url, **support.cloud.key.environment}

        def ask(name: str, runs: int) -> dict[str, Any]:
            (folder / name).mkdir()
            asked = {**request, "parameters": [PARAMETERS] * runs}
            answer: dict[str, Any] = run_with_sdk("run_locally.py", asked, folder / name, environment=environment)
            return answer

        def measure(number: int) -> Times:
            load, began = os.getloadavg()[0], time.time()
            first, second = (Execution(**run) for run in ask(f"sdk-{number}", 2)["runs"])
            return _times(began, first, second, load)

        yield measure, ask("definition", 0)["definition"]


def _ours(folder: Path, table: Path, definition: Mapping[str, Any], backend: str) -> Peer:
    common = {"definition": _without_cache(definition), "backend": backend, "table": str(table)}

    def measure(number: int) -> Times:
        workdir = folder / f"{backend}-{number}"
        workdir.mkdir()
        asked, answer = workdir / "request.json", workdir / "answer.json"
        asked.write_text(json.dumps({**common, "workdir": str(workdir), "parameters": [PARAMETERS] * 2}))
        argv = [sys.executable, "-m", "benchmarks.embedded_run", str(asked), str(answer)]
        load, began = os.getloadavg()[0], time.time()
        subprocess.run(argv, cwd=PROJECT, check=True)
        first, second = (Execution(**run) for run in json.loads(answer.read_text(encoding="utf-8")))
        return _times(began, first, second, load)

    return measure


def _without_cache(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The SDK's local mode caches nothing; and our engine leads a job to the registry by itself."""
    document: dict[str, Any] = json.loads(json.dumps(definition))
    for step in document["Steps"]:
        step.pop("CacheConfig", None)
        step["Arguments"].pop("Environment", None)
    return document


def _times(began: float, first: Execution, second: Execution, load: float) -> Times:
    for execution in (first, second):
        if (execution.status, execution.outcome) != ("Succeeded", True):
            sys.exit(f"local_mode: the pipeline must pass its gate, got {execution}")
    return Times(first.ended - began, second.seconds, second.step_seconds, load)


def _figures(rounds: list[dict[str, Times]], *, rows: int) -> dict[str, Any]:
    def median(name: str, kind: str) -> float:
        return float(statistics.median(getattr(each[name], kind) for each in rounds))

    peers = (*BACKENDS, SDK)
    seconds = {name: {kind: round(median(name, kind), 2) for kind in KINDS} for name in peers}
    return {
        "rows": rows,
        "processors": os.cpu_count(),
        "load": sorted(round(times.load, 1) for each in rounds for times in each.values()),
        "seconds": seconds,
        "times_as_fast_as_the_sdk": {
            name: {kind: round(median(SDK, kind) / median(name, kind), 2) for kind in KINDS} for name in BACKENDS
        },
        "rounds": [{name: vars(times) for name, times in each.items()} for each in rounds],
    }


def _tell(figures: Mapping[str, Any]) -> None:
    load = figures["load"]
    print(f"{figures['rows']} rows, {len(figures['rounds'])} rounds, {figures['processors']} processors, ", end="")
    print(f"load average {load[0]} to {load[-1]} when a peer began\n")
    head = "".join(f"{kind + ' s':>9}" for kind in KINDS) + "".join(f"{kind:>8}" for kind in KINDS)
    print(f"{'':<14}{head}   times as fast as the SDK")
    for name, seconds in figures["seconds"].items():
        ratios = figures["times_as_fast_as_the_sdk"].get(name, dict.fromkeys(KINDS, 1.0))
        numbers = [f"{seconds[kind]:>9.2f}" for kind in KINDS] + [f"{ratios[kind]:>8.2f}" for kind in KINDS]
        print(f"{'SDK local mode' if name == SDK else name:<14}{''.join(numbers)}")


if __name__ == "__main__":
    main()
