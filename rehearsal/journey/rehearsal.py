"""One rehearsal: check the input, launch in an embedded AWS, and keep the result, also of a launch that failed."""

import contextlib
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.containers.docker.readiness import require_image
from rehearsal.journey.canary_traffic import traffic_remark
from rehearsal.journey.embedded_aws import EmbeddedAws, embedded_aws, embedded_log, keep_logs
from rehearsal.journey.experiment_time import experiment_remark
from rehearsal.journey.launch import Launch
from rehearsal.journey.local_environment import check_out
from rehearsal.journey.options import STEPS, RehearsalOptions
from rehearsal.journey.own_packages import require_packages
from rehearsal.journey.phases import Display, Phases
from rehearsal.journey.rehearsal_result import REFUSED_FAULTS, PhaseFailure, RehearsalResult
from rehearsal.journey.runnable_images import write_own_images
from rehearsal.journey.time_limits import CHECK_SECONDS
from rehearsal.journey.user_table import source_table
from rehearsal.process import stop_all
from slipway.errors import EXHAUSTED, InputError, LaunchError
from slipway.guardrails import planned_rollout, refuse_unsafe
from slipway.rounding import counted
from slipway.settings import load_settings
from slipway.temporary import temporary_folder
from slipway.training.image_source import image_source

StartAws = Callable[[RehearsalOptions, Path, Path], AbstractContextManager[EmbeddedAws]]


class Rehearsal:
    """Runs once; `start_aws` is another than the embedded AWS in tests."""

    def __init__(self, options: RehearsalOptions, display: Display, start_aws: StartAws = embedded_aws) -> None:
        self._options, self._phases, self._start_aws = options, Phases(display), start_aws

    def run(self) -> RehearsalResult:
        """Rehearse in a temporary folder.

        Returns:
            The result. If a phase failed or was interrupted, `failure` has the reason; every process that was started
            has ended.

        Raises:
            InputError: settings, data or the folder for the report are not acceptable; nothing was started.
        """
        started = time.time()
        with temporary_folder("rehearsal") as workdir:
            result, steps_folder = self._check(workdir, started)
            try:
                with self._start_aws(self._options, workdir, steps_folder) as aws:
                    Launch(aws, result, self._phases, workdir).run()
            except BaseException as exc:  # noqa: BLE001 -- the report comes first; the command raises it again
                result.failure = self._failure(exc, workdir)
                with contextlib.suppress(OSError):  # as on a full disk; the last lines are in the report
                    keep_logs(workdir, self._options.out)
            result.seconds = round(time.time() - started, 3)
        return result

    def _check(self, workdir: Path, started: float) -> tuple[RehearsalResult, Path]:
        """Check everything; gives the result so far, and the folder that the image is built from."""
        with self._phases.phase("check", CHECK_SECONDS) as phase:
            settings = load_settings(self._options.config, self._options.stage)
            refuse_unsafe(planned_rollout(settings))
            for found in (traffic_remark(settings, self._options), experiment_remark(settings, self._options)):
                if found:
                    phase.log(f"warning: {found}")
            check_out(self._options.out)
            kind = settings.endpoint.facts
            if not kind.is_guarded and self._options.fault not in REFUSED_FAULTS:
                raise InputError(
                    f"--fault {self._options.fault} shows in no gate, and a {kind.name} endpoint has no canary: choose "
                    f"{' or '.join(REFUSED_FAULTS)}"
                )
            if self._options.fault == "schema" and len(settings.data.columns) < 2:
                raise InputError("--fault schema exchanges two columns, the use case has one: choose another fault")
            steps_folder = image_source(STEPS, settings.training, into=workdir / "image")
            for line in write_own_images(settings, workdir, self._options.backend):
                phase.log(line)
            table = source_table(self._options, settings, workdir)
            phase.log(f"{counted(table.rows, 'row')} in {table.name}")
            for remark in table.remarks:
                phase.log(remark)
            if self._options.backend == "docker":
                phase.log(require_image(steps_folder, self._options.config, host=os.environ.get("DOCKER_HOST")))
            else:
                require_packages(settings.training)
        return RehearsalResult(self._options, settings, table, started, timings=self._phases.seconds), steps_folder

    def _failure(self, error: BaseException, workdir: Path) -> PhaseFailure:
        if isinstance(error, KeyboardInterrupt):
            stop_all(grace_seconds=3)  # the interrupt may come while a process is being started
        if isinstance(error, BotoCoreError | ClientError):
            error = LaunchError(str(error))
        if exhausted := _exhausted(str(error)):
            error = LaunchError(exhausted)
        return PhaseFailure(self._phases.current, error, tuple(embedded_log(workdir)))


def _exhausted(text: str) -> str | None:
    """What this machine ran out of, in one line, if any line of a failed child process names it."""
    lines = (
        (advice, line) for line in text.splitlines() for code, advice in EXHAUSTED.items() if os.strerror(code) in line
    )
    return next((f"{advice}: {line.strip()}" for advice, line in lines), None)
