"""GitHub's deploying jobs: which use cases each deploys, so that it ends within its session and GitHub's time limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slipway.errors import InputError
from slipway.settings import Delivery, Settings, load_settings, use_cases_of
from slipway.settings.places import has_fleet

LONGEST_SESSION_SECONDS = 6 * 3600
"""GitHub ends a job on its own machines after six hours; a role's session need never be longer."""
_SET_UP_SECONDS = 600
_LONGEST = LONGEST_SESSION_SECONDS - _SET_UP_SECONDS
_BESIDE_ROLLOUT_SECONDS = 1800
"""The image's build, the other stacks, the smoke test and the start of training."""


@dataclass(frozen=True)
class DeployingJob:
    """One job of the workflow.

    Attributes:
        use_cases: TOML files, deployed one after another.
        seconds: how long that may take at most, which is the length of its role's session.
        fleet: it deploys the dashboard over the stage's use cases, after the last of them.
    """

    stage: str
    trains: bool
    use_cases: tuple[str, ...]
    seconds: int
    fleet: bool


def deploying_jobs(delivery: Delivery, *, project: Path) -> list[DeployingJob]:
    """The jobs of every stage, in the order of deployment; paths are below `project`.

    Raises:
        InputError: settings are not acceptable, no use case has a stage, or one deployment alone may take too long.
    """
    jobs = []
    for stage in delivery.stages:
        files = use_cases_of(delivery, stage.name, project=project)
        cases = {file: load_settings(project / file, stage.name) for file in files}
        seconds = {file: _seconds(file, settings) for file, settings in cases.items()}
        fleet = has_fleet(list(cases.values()))
        parts = list(_parts(seconds))
        for part in parts:
            total = sum(seconds[file] for file in part)
            jobs.append(DeployingJob(stage.name, stage.trains, part, total, fleet and part == parts[-1]))
    return jobs


def _seconds(file: str, settings: Settings) -> int:
    """How long a use case's deployment may take: a change of its endpoint is a rollout, which CloudFormation waits for.

    Raises:
        InputError: longer than a job.
    """
    timeout, most = settings.rollout.timeout_seconds, _LONGEST - _BESIDE_ROLLOUT_SECONDS
    if timeout > most:
        raise InputError(
            f"{file}: stage {settings.stage}: rollout.timeout_seconds must be at most {most} for a deployment by "
            f"GitHub, which ends a job after {LONGEST_SESSION_SECONDS // 3600} hours, got {timeout}"
        )
    return timeout + _BESIDE_ROLLOUT_SECONDS


def _parts(seconds: dict[str, int]) -> Iterator[tuple[str, ...]]:
    part: list[str] = []
    for file, needed in seconds.items():
        if part and sum(seconds[other] for other in part) + needed > _LONGEST:
            yield tuple(part)
            part = []
        part.append(file)
    yield tuple(part)
