"""The main job: from a table to a model live behind a canary, and a bad one stopped."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from blueprint.errors import LaunchError
from blueprint.guardrails import planned_rollout, refuse_unsafe
from blueprint.settings import load_settings
from rehearsal.containers.docker.readiness import require_image
from rehearsal.fleet.traffic import Traffic
from rehearsal.journey import cdk
from rehearsal.journey.access import recorded_access
from rehearsal.journey.candidate import register_faulty
from rehearsal.journey.display import Display, Stage
from rehearsal.journey.embedded_aws import VARIABLES, EmbeddedAws, embedded_aws
from rehearsal.journey.evidence import Evidence
from rehearsal.journey.fleets import invocations, known_configs
from rehearsal.journey.options import PROJECT, RehearsalOptions
from rehearsal.journey.preparation import clear_reports
from rehearsal.journey.rollouts import Launchpad, roll_out
from rehearsal.journey.starvation import INCONCLUSIVE
from rehearsal.journey.table import request_bodies, source_table
from rehearsal.journey.training import TrainingRun, train, upload
from rehearsal.operations.audit_log import AuditLog
from rehearsal.process import stop_all

_TABLE = "data/table.csv"
"""The key of each upload: new rows replace the old ones where they lie, as they do on AWS."""


class Rehearsal:
    """Runs the stages in order and keeps what they showed."""

    def __init__(self, options: RehearsalOptions, display: Display) -> None:
        self._options, self._display = options, display
        self._timings: dict[str, float] = {}

    def run(self) -> Evidence:
        """Do the whole job in a folder of its own that is gone afterwards.

        Raises:
            InputError: settings, data or the folder for the report are not acceptable; nothing was started.
            LaunchError: a stage failed; everything that was started has been ended.
        """
        started = time.time()
        with tempfile.TemporaryDirectory(prefix="slipway-", ignore_cleanup_errors=True) as folder:
            workdir = Path(folder)
            with self._stage("check") as stage:
                clear_reports(self._options.out)
                settings = load_settings(self._options.config, self._options.stage)
                refuse_unsafe(planned_rollout(settings))
                table = source_table(self._options, settings, workdir)
                stage.tell(f"{table.rows} rows in {table.name}")
                for remark in table.remarks:
                    stage.tell(remark)
                if self._options.backend == "docker":
                    stage.tell(require_image(PROJECT / "pipeline_steps", host=os.environ.get("DOCKER_HOST")))
            evidence = Evidence(self._options, settings, table, started, timings=self._timings)
            with embedded_aws(self._options, workdir) as aws:
                try:
                    self._launch(aws, evidence, workdir)
                except Exception as exc:
                    self._keep_logs(workdir)
                    if isinstance(exc, BotoCoreError | ClientError):
                        raise LaunchError(str(exc)) from exc
                    raise
            evidence.seconds = round(time.time() - started, 3)
        return evidence

    def _keep_logs(self, workdir: Path) -> None:
        """What went wrong is easier to find with the embedded AWS's own log."""
        self._options.out.mkdir(parents=True, exist_ok=True)
        for log in workdir.glob("cloud.*"):
            if log.is_file():
                shutil.copy(log, self._options.out / log.name)

    @contextmanager
    def _stage(self, name: str) -> Iterator[Stage]:
        started = time.monotonic()
        with self._display.stage(name) as stage:
            yield stage
        self._timings[name.replace(" ", "_")] = round(time.monotonic() - started, 3)

    def _launch(self, aws: EmbeddedAws, evidence: Evidence, workdir: Path) -> None:
        settings = evidence.settings
        outputs = self._deploy(aws, evidence, workdir)
        storage, training, rollout = (
            outputs[settings.names.stack(kind)] for kind in ("storage", "training", "rollout")
        )
        pad = Launchpad(
            aws=aws,
            endpoint=settings.names.endpoint,
            state_machine_arn=rollout["StateMachineArn"],
            traffic=Traffic(
                aws.endpoint_url,
                settings.names.endpoint,
                request_bodies(evidence.table, settings),
                "text/csv",
                self._options.requests_per_second,
                key=aws.key,
            ),
        )
        try:
            self._first_model(pad, evidence, bucket=storage["DataBucketName"], pipeline=training["PipelineName"])
            better = self._better_model(
                pad, evidence, bucket=storage["DataBucketName"], pipeline=training["PipelineName"]
            )
            self._bad_model(pad, evidence, live=better)
            log = AuditLog(aws.client("s3"), storage["ArtifactsBucketName"], settings.names.audit_prefix)
            evidence.audit = log.entries()
            evidence.access = recorded_access(aws)
            evidence.fleets = {
                config: invocations(aws, endpoint=pad.endpoint, config=config, since=evidence.started)
                for config in known_configs(aws, endpoint=pad.endpoint)
            }
        finally:
            pad.traffic.stop()

    def _deploy(self, aws: EmbeddedAws, evidence: Evidence, workdir: Path) -> dict[str, Any]:
        """Synthesize while the account is bootstrapped: neither needs the other."""
        with self._stage("synth and bootstrap") as stage, ThreadPoolExecutor(max_workers=2) as pool:
            stage.tell(f"the embedded AWS answers at {aws.endpoint_url}; its key: source {workdir / VARIABLES}")
            ready = pool.submit(cdk.bootstrap, workdir=workdir, environment=aws.environment)
            try:
                assembly = cdk.synth(config=self._options.config, stage=self._options.stage, workdir=workdir)
                ready.result()
            except BaseException:
                while not ready.done():  # it may start its child only now; the pool would wait for that
                    stop_all(grace_seconds=1)
                    wait([ready], timeout=0.2)
                raise
            evidence.templates = cdk.template_hashes(assembly)
            stage.tell(f"{len(evidence.templates)} templates")
        with self._stage("deploy") as stage:
            outputs = cdk.deploy(assembly, workdir=workdir, environment=aws.environment)
            stage.tell(f"{len(outputs)} stacks")
        return outputs

    def _first_model(self, pad: Launchpad, evidence: Evidence, *, bucket: str, pipeline: str) -> None:
        with self._stage("train first model") as stage:
            earlier = evidence.table.earlier
            stage.tell(f"on the first {evidence.table.earlier_rows} rows")
            self._train(pad, evidence, upload(pad.aws, earlier, bucket=bucket, key=_TABLE), pipeline, stage)
        with self._stage("first endpoint") as stage:
            self._roll_out(pad, evidence, evidence.runs[0].package_arn, stage, first=True)

    def _better_model(self, pad: Launchpad, evidence: Evidence, *, bucket: str, pipeline: str) -> str:
        with self._stage("train on new data") as stage:
            stage.tell(f"all {evidence.table.rows} rows have arrived")
            uri = upload(pad.aws, evidence.table.path, bucket=bucket, key=_TABLE)
            run = self._train(pad, evidence, uri, pipeline, stage)
        with self._stage("better model") as stage:
            self._roll_out(pad, evidence, run.package_arn, stage)
        return run.package_arn

    def _bad_model(self, pad: Launchpad, evidence: Evidence, *, live: str) -> None:
        with self._stage("bad model") as stage:
            stage.tell(f"a model with the fault {self._options.fault}")
            faulty = register_faulty(pad.aws, live, fault=self._options.fault)
            self._roll_out(pad, evidence, faulty, stage, fault=self._options.fault)

    def _train(self, pad: Launchpad, evidence: Evidence, uri: str, pipeline: str, stage: Stage) -> TrainingRun:
        # Every run reads the folder of one object: SageMaker copies a prefix, and the step expects one table.
        run = train(
            pad.aws, pipeline=pipeline, input_data_uri=uri.rpartition("/")[0] + "/", commit=_commit(), stage=stage
        )
        metrics = run.evaluation["metrics"]
        stage.tell(f"registered: test AUC {metrics['auc']:.4f}, accuracy {metrics['accuracy']:.4f}")
        evidence.runs.append(run)
        return run

    def _roll_out(
        self,
        pad: Launchpad,
        evidence: Evidence,
        package_arn: str,
        stage: Stage,
        *,
        first: bool = False,
        fault: str | None = None,
    ) -> None:
        type_ = evidence.settings.rollout.type
        rollout = roll_out(pad, package_arn, fault=fault, first=first, type_=type_, stage=stage)
        evidence.rollouts.append(rollout)
        because = f": {rollout.reason}" if rollout.verdict in ("rolled_back", "refused", INCONCLUSIVE) else ""
        stage.tell(
            f"{rollout.verdict.replace('_', ' ')}, {rollout.requests} requests, {rollout.dropped} dropped{because}"
        )


def _commit() -> str:
    """The commit the launched code is at, for the package's provenance; `unknown` outside a repository."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
