"""Whether a container keeps SageMaker's contract for training jobs: one finding for each rule of it."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.container import Container, Program
from rehearsal.containers.container_finding import ContainerFinding
from rehearsal.jobs.container_run import Exit, RunLimits, run_container
from rehearsal.jobs.job_host import written
from rehearsal.jobs.training_files import write_configuration
from slipway.rounding import counted

_INSTANCE_TYPE = "ml.m5.large"
_FAILURE_BYTES = 1024
_GRACE_SECONDS = 5.0
_LONGEST_LINE = 120


def training_container(program: Program, folder: Path, data: Path, hyperparameters: Mapping[str, str]) -> Container:
    """Lay out a training job in `folder`: each folder in `data` is a channel, or `data` itself is the channel train."""
    arguments = (*program.entrypoint, "train")
    container = Container(program, arguments, {}, folder, isolated=True, instance_type=_INSTANCE_TYPE)
    container.make_folders()
    channels = {path.name: path for path in sorted(data.iterdir()) if path.is_dir()} or {"train": data}
    request = {
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceType": _INSTANCE_TYPE},
        "HyperParameters": dict(hyperparameters),
        "InputDataConfig": [{"ChannelName": name} for name in channels],
    }
    write_configuration(container.ml, request)
    for name, source in channels.items():
        shutil.copytree(source, container.ml / "input/data" / name)
    return container


def check_training(backend: Backend, container: Container, *, max_seconds: float) -> Iterator[ContainerFinding]:
    """Run the job to its end, and see what it left."""
    before, lines = _hashes(container.ml / "input"), list[str]()
    limits = RunLimits(max_seconds, _GRACE_SECONDS, Event())
    ended = run_container(backend, container, limits, lines.append)
    yield _exit(ended, written(container.ml / "output/failure", _FAILURE_BYTES), max_seconds)
    last = next((line for line in reversed(lines) if line.strip()), "")
    words = f"{counted(len(lines), 'line')}, of which SageMaker reads metrics; the last: {last[:_LONGEST_LINE]!r}"
    yield ContainerFinding(
        "log", kept=bool(last), words=words if last else "must print its metrics, and printed nothing"
    )
    files = [path for path in (container.ml / "model").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    names = ", ".join(sorted(str(path.relative_to(container.ml / "model")) for path in files))
    words = f"{size} bytes in {names}" if files else "must leave its model in /opt/ml/model, which is empty"
    yield ContainerFinding("model", kept=bool(files), words=words)
    changed = sorted({name for name, _ in before ^ _hashes(container.ml / "input")})
    words = f"must leave /opt/ml/input as it is, and changed {', '.join(changed)}"
    yield ContainerFinding("input", kept=not changed, words=words if changed else "nothing was written to it")


def _exit(ended: Exit, reason: str | None, max_seconds: float) -> ContainerFinding:
    if ended.ended_by:
        return ContainerFinding("exit", kept=False, words=f"must end within {max_seconds:g} s, and had to be stopped")
    if ended.code == 0:
        return ContainerFinding("exit", kept=True, words="0")
    said = f"/opt/ml/output/failure says {reason!r}" if reason else f"the end of its log: {' | '.join(ended.tail)!r}"
    return ContainerFinding("exit", kept=False, words=f"must be 0, got {ended.code}; {said}")


def _hashes(folder: Path) -> set[tuple[str, str]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {(str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}
