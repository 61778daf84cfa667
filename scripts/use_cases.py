"""What GitHub's workflow synthesizes and deploys.

python -m scripts.use_cases jobs delivery.toml          the deploying jobs, as JSON for a matrix
python -m scripts.use_cases assemblies delivery.toml    a line for each: its stage, its folder, and what is in it
Run in the project's folder, which the paths are below; none of them has blanks.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from infra.delivery.github_jobs import DeployingJob, deploying_jobs
from slipway.errors import InputError
from slipway.settings import load_delivery


def main(argv: Sequence[str]) -> int:
    """Print them.

    Returns: 0, or 2 where the settings are not acceptable or no use case has a stage.
    """
    what, file = argv
    try:
        jobs = deploying_jobs(load_delivery(Path(file)), project=Path())
    except InputError as exc:
        sys.stderr.write(f"{exc}\n")
        return exc.exit_code
    lines = _assemblies(jobs, file) if what == "assemblies" else [_matrix(jobs)]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _matrix(jobs: Iterable[DeployingJob]) -> str:
    return json.dumps([asdict(job) | {"use_cases": " ".join(job.use_cases)} for job in jobs])


def _assemblies(jobs: Iterable[DeployingJob], delivery: str) -> Iterable[str]:
    for job in jobs:
        yield from (f"{job.stage} {file} config={file}" for file in job.use_cases)
        if job.fleet:
            yield f"{job.stage} _fleet fleet={delivery}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
