"""The launch: deploy; train and roll out a first model, one on more data, and a bad one that must be stopped."""

import contextlib
import subprocess
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.journey import cdk
from rehearsal.journey.artifact_faults import fault_in_words
from rehearsal.journey.batch_query_run import QueryStart
from rehearsal.journey.batch_run import BatchRun, score_batch, score_query
from rehearsal.journey.embedded_aws import VARIABLES, EmbeddedAws
from rehearsal.journey.evaluation_summary import is_proven_better, quality_line, reported_line
from rehearsal.journey.experiment_run import run_experiment
from rehearsal.journey.experiment_tracking import track_execution
from rehearsal.journey.faulty_model import register_faulty_model
from rehearsal.journey.fleet_metrics import invocations, known_configs
from rehearsal.journey.options import PROJECT
from rehearsal.journey.phases import PhaseLog, Phases
from rehearsal.journey.rehearsal_result import RehearsalResult
from rehearsal.journey.role_access import recorded_access
from rehearsal.journey.rollout_conclusion import note_proof
from rehearsal.journey.rollout_result import FIRST, LaunchTarget, RolloutResult, latency_limit
from rehearsal.journey.rollout_run import roll_out
from rehearsal.journey.scaling_run import ScalingRun, scale_to_zero_and_back, scales_to_zero
from rehearsal.journey.starvation import INCONCLUSIVE
from rehearsal.journey.time_limits import (
    DEPLOY_SECONDS,
    READ_ACCOUNT_SECONDS,
    SYNTH_SECONDS,
    experiment_seconds,
    limited,
    rest_seconds,
    rollout_seconds,
    training_seconds,
)
from rehearsal.journey.training_run import TrainingRun, train, upload
from rehearsal.journey.user_table import files_of, request_bodies
from rehearsal.journey.users import users_of
from rehearsal.process import stop_all
from slipway.errors import LaunchError
from slipway.operations.audit_log import AuditLog
from slipway.operations.lineage import lineages
from slipway.operations.polling import Polling
from slipway.operations.scoring import BatchScoring
from slipway.rollout.own_server import LINES_OF_CSV
from slipway.rollout.server_of_settings import own_server
from slipway.rounding import counted

_DATA = "data/"
"""The prefix of each upload: a file replaces the old one of its name, as it does on AWS."""
_AFTER_FAILURE_SECONDS = 10.0


@dataclass(frozen=True)
class Launch:
    """Runs in one embedded AWS; `result` is filled meanwhile."""

    aws: EmbeddedAws
    result: RehearsalResult
    phases: Phases
    workdir: Path

    def run(self) -> None:
        """Run all phases, and read from the account what roles and rollouts did.

        Raises:
            LaunchError: a phase failed; what the account shows until then is in the result.
        """
        outputs = self._deploy()
        target = self._target(outputs)
        bucket, pipeline = outputs["storage"]["DataBucketName"], outputs["training"]["PipelineName"]
        log = AuditLog(
            self.aws.client("s3"), outputs["storage"]["ArtifactsBucketName"], self.result.settings.names.audit_prefix
        )
        try:
            self._models(target, bucket=bucket, pipeline=pipeline)
            self._batch(outputs)
        except Exception:
            # The embedded AWS may be what has failed, or what hangs.
            ignored = (BotoCoreError, ClientError, OSError, LaunchError)
            with contextlib.suppress(*ignored), limited(_AFTER_FAILURE_SECONDS, "reading the account"):
                self._read_account(log)
            raise
        finally:
            self._end_users(target)
        with limited(READ_ACCOUNT_SECONDS, "reading what the roles and the rollouts did"):
            self._read_account(log)

    def _end_users(self, target: LaunchTarget) -> None:
        """What waited in a queue after the last rollout, and was never answered, was dropped in it."""
        before = target.traffic.snapshot().dropped
        target.traffic.stop()
        if self.result.rollouts:
            self.result.rollouts[-1].dropped += target.traffic.snapshot().dropped - before

    def _deploy(self) -> dict[str, Any]:
        """Synthesize while the account is bootstrapped, then deploy; the outputs by kind of stack."""
        options, aws, workdir = self.result.options, self.aws, self.workdir
        with (
            self.phases.phase("synth and bootstrap", SYNTH_SECONDS) as phase,
            ThreadPoolExecutor(max_workers=2) as pool,
        ):
            phase.log(f"the embedded AWS answers at {aws.endpoint_url}; its key: source {workdir / VARIABLES}")
            bootstrapped = pool.submit(cdk.bootstrap, workdir=workdir, environment=aws.environment)
            try:
                assembly = cdk.synth(config=options.config, stage=options.stage, workdir=workdir)
                bootstrapped.result()
            except BaseException:
                while not bootstrapped.done():  # it may start its child only now, and the pool would wait for that
                    stop_all(grace_seconds=1)
                    wait([bootstrapped], timeout=0.2)
                raise
            self.result.templates = cdk.template_hashes(assembly)
            phase.log(f"{len(self.result.templates)} templates")
        with self.phases.phase("deploy", DEPLOY_SECONDS) as phase:
            outputs = cdk.deploy(assembly, workdir=workdir, environment=aws.environment)
            phase.log(f"{len(outputs)} stacks")
        names = self.result.settings.names
        kinds = ("storage", "training", "rollout", *(["batch"] if self.result.settings.batch else []))
        return {kind: outputs[names.stack(kind)] for kind in kinds}

    def _target(self, outputs: dict[str, Any]) -> LaunchTarget:
        settings, options = self.result.settings, self.result.options
        traffic = users_of(
            settings,
            self.aws,
            bodies=request_bodies(
                self.result.table, own_server(settings.endpoint) or LINES_OF_CSV, settings.data.columns
            ),
            rate_per_second=options.requests_per_second,
            bucket=outputs["storage"]["ArtifactsBucketName"],
        )
        return LaunchTarget(
            aws=self.aws,
            endpoint=settings.names.endpoint,
            rollout_function=outputs["rollout"]["FunctionName"],
            traffic=traffic,
            artifacts_bucket=outputs["storage"]["ArtifactsBucketName"],
            experiment_function=outputs["rollout"].get("ExperimentFunctionName", ""),
            kind=settings.endpoint.facts,
            latency=latency_limit(settings, speed=options.speed),
        )

    def _models(self, target: LaunchTarget, *, bucket: str, pipeline: str) -> None:
        settings, table, fault = self.result.settings, self.result.table, self.result.options.fault
        with self.phases.phase("train first model", training_seconds(settings, rows=table.earlier_rows)) as phase:
            phase.log(f"on the first {counted(table.earlier_rows, 'row')}")
            first = self._train(upload(self.aws, files_of(table.earlier), bucket=bucket, prefix=_DATA), pipeline, phase)
        with self.phases.phase("first endpoint", self._rollout_seconds) as phase:
            self._roll_out(target, RolloutResult(first.package_arn, None, FIRST), phase)
        with self.phases.phase("train on new data", training_seconds(settings, rows=table.rows)) as phase:
            phase.log(f"all {table.rows} rows have arrived")
            newer = self._train(upload(self.aws, files_of(table.path), bucket=bucket, prefix=_DATA), pipeline, phase)
        name = "better model" if is_proven_better(newer.evaluation) else "model on new data"
        with self.phases.phase(name, self._rollout_seconds) as phase:
            self._roll_out(target, RolloutResult(newer.package_arn, None, settings.rollout.type), phase)
        if settings.experiment:
            with self.phases.phase(
                "experiment", experiment_seconds(settings, speed=self.result.options.speed)
            ) as phase:
                run_experiment(target, settings, self.result.experiment, phase)
        with self.phases.phase("bad model", self._rollout_seconds) as phase:
            phase.log(f"a model with the fault {fault}: {fault_in_words(fault, settings.problem)}")
            faulty = register_faulty_model(self.aws, newer.package_arn, fault=fault)
            self._roll_out(target, RolloutResult(faulty, fault, settings.rollout.type), phase)
        self._rest(target)

    def _rest(self, target: LaunchTarget) -> None:
        """Where an empty queue leaves no instance: until it has, and an alarm has started one again."""
        settings, speed = self.result.settings, self.result.options.speed
        if not scales_to_zero(settings):
            return
        self._end_users(target)
        seconds = rest_seconds(settings, speed=speed)
        with self.phases.phase("scale to zero and back", 3 * seconds) as phase:
            run = self.result.scaling = ScalingRun()
            scale_to_zero_and_back(target, run, speed=speed, seconds=seconds, phase=phase)

    def _batch(self, outputs: dict[str, Any]) -> None:
        """Score the whole table with the newest approved model, which the bad one is not any more."""
        settings, table = self.result.settings, self.result.table
        if (batch := settings.batch) is None:
            return
        with self.phases.phase("batch", training_seconds(settings, rows=table.rows)) as phase:
            run = self.result.batch = BatchRun()
            scoring = BatchScoring(
                self.aws.client,
                outputs["batch"]["PipelineName"],
                outputs["storage"]["ArtifactsBucketName"],
                f"s3://{outputs['storage']['DataBucketName']}/{batch.input}",
                Polling(longest_wait_seconds=0.25),
            )
            if batch.query and table.catalog:
                group = settings.names.batch_pipeline if batch.schedule else None
                start = QueryStart(outputs["batch"]["QueryMachineArn"], group, table.catalog, phase)
                score_query(self.aws, run, batch.query, scoring, start)
                return
            score_batch(
                self.aws,
                run,
                files_of(table.path),
                scoring,
                batch=batch,
                rows=table.rows,
                workdir=self.workdir,
                phase=phase,
            )

    @property
    def _rollout_seconds(self) -> float:
        return rollout_seconds(self.result.settings, speed=self.result.options.speed)

    def _train(self, uri: str, pipeline: str, phase: PhaseLog) -> TrainingRun:
        run = TrainingRun()
        self.result.runs.append(run)
        experiment = self.result.settings.names.prefix
        try:
            train(self.aws, run, pipeline=pipeline, input_data_uri=uri, commit=_commit(), phase=phase)
        except LaunchError:
            track_execution(self.aws, run.execution_arn, experiment=experiment, phase=phase)
            raise
        track_execution(self.aws, run.execution_arn, experiment=experiment, phase=phase)
        phase.log(f"registered: {quality_line(run.evaluation) if run.evaluation else reported_line(run.reported)}")
        return run

    def _roll_out(self, target: LaunchTarget, rollout: RolloutResult, phase: PhaseLog) -> None:
        self.result.rollouts.append(rollout)
        roll_out(target, rollout, phase=phase)
        reason = f": {rollout.reason}" if rollout.outcome in ("rolled_back", "refused", INCONCLUSIVE) else ""
        phase.log(
            f"{rollout.outcome_in_words}, {counted(rollout.requests, 'request')}, {rollout.dropped:,} dropped{reason}"
        )

    def _read_account(self, log: AuditLog) -> None:
        """What the account shows of the launch so far."""
        endpoint, started = self.result.settings.names.endpoint, self.result.started
        self.result.audit = log.entries()
        note_proof(self.result.rollouts, self.result.audit)
        packages = [rollout.model_package for rollout in self.result.rollouts]
        sagemaker = self.aws.client("sagemaker")
        self.result.lineage = lineages(sagemaker, packages, endpoint=endpoint, audit=self.result.audit)
        self.result.access = recorded_access(self.aws)
        counted = self.result.settings.endpoint.facts.requests
        self.result.fleets = {
            config: invocations(self.aws, endpoint=endpoint, config=config, since=started, counted=counted)
            for config in known_configs(self.aws, endpoint=endpoint, metric=counted[0])
        }


def _commit() -> str:
    """The commit of the launched code, for the package's provenance; `unknown` outside of a repository."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
