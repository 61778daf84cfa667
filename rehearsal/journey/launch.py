"""The main job: from a table to a model live behind a canary, and a bad one stopped."""

import contextlib
import errno
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.containers.docker.readiness import require_image
from rehearsal.endpoints.load_generator import LoadGenerator
from rehearsal.journey import cdk
from rehearsal.journey.concluding import note_proof
from rehearsal.journey.embedded_aws import VARIABLES, EmbeddedAws, embedded_aws, embedded_log, keep_logs
from rehearsal.journey.faulty_model import register_faulty_model
from rehearsal.journey.fleet_metrics import invocations, known_configs
from rehearsal.journey.options import PROJECT, RehearsalOptions
from rehearsal.journey.phases import Display, Phase
from rehearsal.journey.preparation import check_out
from rehearsal.journey.result import Failure, RehearsalResult
from rehearsal.journey.role_access import recorded_access
from rehearsal.journey.rollout_result import FIRST, RolloutResult, RolloutTarget
from rehearsal.journey.rollout_run import roll_out
from rehearsal.journey.source_table import request_bodies, source_table
from rehearsal.journey.starvation import INCONCLUSIVE
from rehearsal.journey.time_limits import (
    CHECK_SECONDS,
    DEPLOY_SECONDS,
    LOOK_BACK_SECONDS,
    SYNTH_SECONDS,
    limited,
    rollout_seconds,
    training_seconds,
)
from rehearsal.journey.training_run import TrainingRun, train, upload
from rehearsal.process import stop_all
from slipway.errors import LaunchError
from slipway.guardrails import planned_rollout, refuse_unsafe
from slipway.operations.audit_log import AuditLog
from slipway.settings import load_settings
from slipway.temporary import temporary_folder

_TABLE = "data/table.csv"
"""The key of each upload: new rows replace the old ones where they lie, as they do on AWS."""

_BRIEFLY_SECONDS = 10.0
_LACKING = {
    os.strerror(errno.ENOSPC): "the disk is full: make room, or have TMPDIR and --out name folders on another one",
    os.strerror(errno.EMFILE): "too many open files: raise this shell's limit (ulimit -n 1024)",
}


class Rehearsal:
    """Runs the stages in order and keeps what they showed."""

    def __init__(self, options: RehearsalOptions, display: Display) -> None:
        self._options, self._display = options, display
        self._timings: dict[str, float] = {}
        self._current = "check"

    def run(self) -> RehearsalResult:
        """Do the whole job in a folder of its own that is gone afterwards.

        Returns:
            What it has shown. If a phase failed or was interrupted, `failure` says so; everything that was started has
            been ended.

        Raises:
            InputError: settings, data or the folder for the report are not acceptable; nothing was started.
        """
        started = time.time()
        with temporary_folder("rehearsal") as workdir:
            result = self._check(workdir, started)
            try:
                with embedded_aws(self._options, workdir) as aws:
                    self._launch(aws, result, workdir)
            except BaseException as exc:  # noqa: BLE001 -- the report comes first; the command raises it again
                result.failure = self._failure(exc, workdir)
                with contextlib.suppress(OSError):  # as on a full disk; the last lines are in the report
                    keep_logs(workdir, self._options.out)
            result.seconds = round(time.time() - started, 3)
        return result

    def _check(self, workdir: Path, started: float) -> RehearsalResult:
        with self._phase("check", CHECK_SECONDS) as phase:
            settings = load_settings(self._options.config, self._options.stage)
            refuse_unsafe(planned_rollout(settings))
            check_out(self._options.out)
            table = source_table(self._options, settings, workdir)
            phase.log(f"{table.rows} rows in {table.name}")
            for remark in table.remarks:
                phase.log(remark)
            if self._options.backend == "docker":
                phase.log(require_image(PROJECT / "pipeline_steps", host=os.environ.get("DOCKER_HOST")))
        return RehearsalResult(self._options, settings, table, started, timings=self._timings)

    def _failure(self, error: BaseException, workdir: Path) -> Failure:
        if isinstance(error, KeyboardInterrupt):
            stop_all(grace_seconds=3)  # it can cut in on the start of a process
        if isinstance(error, BotoCoreError | ClientError):
            error = LaunchError(str(error))
        if lacking := _lacking(str(error)):
            error = LaunchError(lacking)
        return Failure(self._current, error, tuple(embedded_log(workdir)))

    @contextmanager
    def _phase(self, name: str, limit_seconds: float) -> Iterator[Phase]:
        self._current, started = name, time.monotonic()
        try:
            with self._display.phase(name) as phase, limited(limit_seconds, name):
                yield phase
        finally:
            self._timings[name.replace(" ", "_")] = round(time.monotonic() - started, 3)

    def _launch(self, aws: EmbeddedAws, result: RehearsalResult, workdir: Path) -> None:
        settings = result.settings
        outputs = self._deploy(aws, result, workdir)
        storage, training, rollout = (
            outputs[settings.names.stack(kind)] for kind in ("storage", "training", "rollout")
        )
        target = RolloutTarget(
            aws=aws,
            endpoint=settings.names.endpoint,
            state_machine_arn=rollout["StateMachineArn"],
            traffic=LoadGenerator(
                aws.endpoint_url,
                settings.names.endpoint,
                request_bodies(result.table, settings),
                "text/csv",
                self._options.requests_per_second,
                key=aws.key,
            ),
        )
        log = AuditLog(aws.client("s3"), storage["ArtifactsBucketName"], settings.names.audit_prefix)
        try:
            self._models(target, result, bucket=storage["DataBucketName"], pipeline=training["PipelineName"])
        except Exception:
            # The embedded AWS may be what has failed, or what hangs.
            with contextlib.suppress(BotoCoreError, ClientError, OSError, LaunchError), limited(_BRIEFLY_SECONDS, "it"):
                _look_back(target, result, log)
            raise
        finally:
            target.traffic.stop()
        with limited(LOOK_BACK_SECONDS, "what the roles and the rollouts have done"):
            _look_back(target, result, log)

    def _models(self, target: RolloutTarget, result: RehearsalResult, *, bucket: str, pipeline: str) -> None:
        self._first_model(target, result, bucket=bucket, pipeline=pipeline)
        better = self._better_model(target, result, bucket=bucket, pipeline=pipeline)
        self._bad_model(target, result, live=better)

    def _deploy(self, aws: EmbeddedAws, result: RehearsalResult, workdir: Path) -> dict[str, Any]:
        """Synthesize while the account is bootstrapped: neither needs the other."""
        with self._phase("synth and bootstrap", SYNTH_SECONDS) as phase, ThreadPoolExecutor(max_workers=2) as pool:
            phase.log(f"the embedded AWS answers at {aws.endpoint_url}; its key: source {workdir / VARIABLES}")
            ready = pool.submit(cdk.bootstrap, workdir=workdir, environment=aws.environment)
            try:
                assembly = cdk.synth(config=self._options.config, stage=self._options.stage, workdir=workdir)
                ready.result()
            except BaseException:
                while not ready.done():  # it may start its child only now; the pool would wait for that
                    stop_all(grace_seconds=1)
                    wait([ready], timeout=0.2)
                raise
            result.templates = cdk.template_hashes(assembly)
            phase.log(f"{len(result.templates)} templates")
        with self._phase("deploy", DEPLOY_SECONDS) as phase:
            outputs = cdk.deploy(assembly, workdir=workdir, environment=aws.environment)
            phase.log(f"{len(outputs)} stacks")
        return outputs

    def _first_model(self, target: RolloutTarget, result: RehearsalResult, *, bucket: str, pipeline: str) -> None:
        settings, rows = result.settings, result.table.earlier_rows
        with self._phase("train first model", training_seconds(settings, rows=rows)) as phase:
            earlier = result.table.earlier
            phase.log(f"on the first {result.table.earlier_rows} rows")
            self._train(target, result, upload(target.aws, earlier, bucket=bucket, key=_TABLE), pipeline, phase)
        with self._phase("first endpoint", self._rollout_seconds(result)) as phase:
            self._roll_out(target, result, result.runs[0].package_arn, phase, first=True)

    def _better_model(self, target: RolloutTarget, result: RehearsalResult, *, bucket: str, pipeline: str) -> str:
        with self._phase("train on new data", training_seconds(result.settings, rows=result.table.rows)) as phase:
            phase.log(f"all {result.table.rows} rows have arrived")
            uri = upload(target.aws, result.table.path, bucket=bucket, key=_TABLE)
            run = self._train(target, result, uri, pipeline, phase)
        with self._phase("better model", self._rollout_seconds(result)) as phase:
            self._roll_out(target, result, run.package_arn, phase)
        return run.package_arn

    def _bad_model(self, target: RolloutTarget, result: RehearsalResult, *, live: str) -> None:
        with self._phase("bad model", self._rollout_seconds(result)) as phase:
            phase.log(f"a model with the fault {self._options.fault}")
            faulty = register_faulty_model(target.aws, live, fault=self._options.fault)
            self._roll_out(target, result, faulty, phase, fault=self._options.fault)

    def _rollout_seconds(self, result: RehearsalResult) -> float:
        return rollout_seconds(result.settings, speed=self._options.speed)

    def _train(
        self, target: RolloutTarget, result: RehearsalResult, uri: str, pipeline: str, phase: Phase
    ) -> TrainingRun:
        run = TrainingRun()
        result.runs.append(run)
        # Every run reads the folder of one object: SageMaker copies a prefix, and the step expects one table.
        folder = uri.rpartition("/")[0] + "/"
        train(target.aws, run, pipeline=pipeline, input_data_uri=folder, commit=_commit(), phase=phase)
        metrics = run.evaluation["metrics"]
        phase.log(f"registered: test AUC {metrics['auc']:.4f}, accuracy {metrics['accuracy']:.4f}")
        return run

    def _roll_out(
        self,
        target: RolloutTarget,
        result: RehearsalResult,
        package_arn: str,
        phase: Phase,
        *,
        first: bool = False,
        fault: str | None = None,
    ) -> None:
        rollout = RolloutResult(package_arn, fault, FIRST if first else result.settings.rollout.type)
        result.rollouts.append(rollout)
        roll_out(target, rollout, first=first, phase=phase)
        because = f": {rollout.reason}" if rollout.outcome in ("rolled_back", "refused", INCONCLUSIVE) else ""
        phase.log(f"{rollout.outcome_in_words}, {rollout.requests} requests, {rollout.dropped} dropped{because}")


def _lacking(told: str) -> str | None:
    """What this machine lacked, in one line, where a child process that failed says so anywhere in its own words."""
    lines = ((advice, line) for line in told.splitlines() for sign, advice in _LACKING.items() if sign in line)
    return next((f"{advice}: {line.strip()}" for advice, line in lines), None)


def _look_back(target: RolloutTarget, result: RehearsalResult, log: AuditLog) -> None:
    """What the account can say of the launch so far."""
    result.audit = log.entries()
    note_proof(result.rollouts, result.audit)
    result.access = recorded_access(target.aws)
    result.fleets = {
        config: invocations(target.aws, endpoint=target.endpoint, config=config, since=result.started)
        for config in known_configs(target.aws, endpoint=target.endpoint)
    }


def _commit() -> str:
    """The commit the launched code is at, for the package's provenance; `unknown` outside a repository."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
