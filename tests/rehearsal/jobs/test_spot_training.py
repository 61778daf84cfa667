"""Machines that are taken away in the middle of a training job."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.backends.backend import Backend
from rehearsal.jobs.job_runner import LocalJobRunner
from rehearsal.jobs.spot import SpotMarket
from tests.rehearsal.cloud.process import eventually

CHECKPOINTS = {"S3Uri": "s3://bench/kept"}
COUNTING = """
    kept = ML / "checkpoints"
    count = int((kept / "count").read_text()) if (kept / "count").exists() else 0
    scratch = ML / "model/scratch"
    assert not scratch.exists()
    scratch.touch()
    while count < 40:
        count += 1
        (kept / "new").write_text(str(count))
        (kept / "new").rename(kept / "count")
        print("counted", count, flush=True)
        time.sleep(0.05)
    (ML / "model/count").write_text(str(count))
"""
FOREVER = """
    print("begun", flush=True)
    time.sleep(60)
"""

Build = Callable[..., LocalJobRunner]


@pytest.fixture
def runner(tmp_path: Path, s3: Any, backend: Backend, api: Any) -> Build:
    def build(program: Any, market: SpotMarket) -> LocalJobRunner:
        images = {api.image: program}
        folder = tmp_path / "jobs"
        return LocalJobRunner(folder, s3, images.__getitem__, backend, {}, stop_grace_seconds=0.5, spot=market)

    return build


def spot(api: Any, *, runs: int = 60, waits: int = 60, **more: Any) -> dict[str, Any]:
    stopping = {"MaxRuntimeInSeconds": runs, "MaxWaitTimeInSeconds": waits}
    request: dict[str, Any] = api.training(EnableManagedSpotTraining=True, StoppingCondition=stopping, **more)
    return request


def interrupted_once(runner: LocalJobRunner, market: SpotMarket, request: dict[str, Any], log: Any, line: str) -> Any:
    """Run the job, and take its machine away when it has printed `line`."""

    def take() -> None:
        log.wait_for(line)
        market.take_back(request["TrainingJobName"])

    thread = threading.Thread(target=take)
    thread.start()
    outcome = runner.run_training(request, log=log, stopped=threading.Event(), arn="arn:aws:job")
    thread.join()
    return outcome


def test_an_interrupted_job_goes_on_with_its_checkpoints_on_another_machine(
    runner: Build, image: Any, api: Any, s3: Any, log: Any
) -> None:
    market = SpotMarket(wait_seconds=0.3)
    request = spot(api, CheckpointConfig=CHECKPOINTS)
    outcome = interrupted_once(runner(image(COUNTING), market), market, request, log, "counted 10")
    assert (outcome.status, outcome.failure_reason) == ("Completed", None)
    assert [row["Status"] for row in outcome.transitions] == [
        "Starting", "Downloading", "Training", "Interrupted",
        "Starting", "Downloading", "Training", "Uploading", "Completed",
    ]  # fmt: skip
    assert outcome.waited_seconds >= 0.3
    assert "counted 1" in log
    assert len(log) < 60
    assert s3.get_object(Bucket=api.bucket, Key="kept/count")["Body"].read() == b"40"


def test_without_checkpoints_it_begins_anew(runner: Build, image: Any, api: Any, log: Any) -> None:
    market = SpotMarket(wait_seconds=0.0)
    program = image("""
        print("begun", flush=True)
        time.sleep(1)
        (ML / "model/done").touch()
    """)
    outcome = interrupted_once(runner(program, market), market, spot(api), log, "begun")
    assert (outcome.status, log) == ("Completed", ["begun", "begun"])


def test_checkpoints_are_kept_while_the_job_runs(runner: Build, image: Any, api: Any, s3: Any, log: Any) -> None:
    program = image("""
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (ML / "checkpoints/deep").mkdir()
        (ML / "checkpoints/deep/first").write_text("1")
        time.sleep(60)
    """)
    stopped, request = threading.Event(), spot(api, CheckpointConfig=CHECKPOINTS)

    def kept() -> bool:
        return bool(s3.list_objects_v2(Bucket=api.bucket, Prefix="kept/deep/first").get("Contents"))

    job = threading.Thread(target=lambda: runner(program, SpotMarket()).run_training(request, log=log, stopped=stopped))
    job.start()
    eventually(kept)
    assert job.is_alive()
    stopped.set()
    job.join(60)


def test_a_job_that_gets_no_machine_in_time_is_stopped(runner: Build, image: Any, api: Any, log: Any) -> None:
    market = SpotMarket(wait_seconds=30)
    request = spot(api, runs=4, waits=4)
    outcome = interrupted_once(runner(image(FOREVER), market), market, request, log, "begun")
    assert (outcome.status, outcome.secondary_status) == ("Stopped", "MaxWaitTimeExceeded")
    assert outcome.model_artifacts is None


def test_the_longest_run_counts_all_machines_together(runner: Build, image: Any, api: Any, log: Any) -> None:
    market = SpotMarket(interrupt_after_seconds=3.5, wait_seconds=0.0)
    outcome = runner(image(FOREVER), market).run_training(
        spot(api, runs=4), log=log, stopped=threading.Event(), arn="arn:aws:job"
    )
    assert (outcome.status, outcome.secondary_status) == ("Stopped", "MaxRuntimeExceeded")
    _, second = (row["EndTime"] - row["StartTime"] for row in outcome.transitions if row["Status"] == "Training")
    assert second.total_seconds() < 3  # not four again


def test_a_job_can_be_stopped_while_it_waits_for_a_machine(runner: Build, image: Any, api: Any, log: Any) -> None:
    market, stopped = SpotMarket(wait_seconds=30), threading.Event()
    job, request = runner(image(FOREVER), market), spot(api)
    outcomes: list[Any] = []
    thread = threading.Thread(target=lambda: outcomes.append(job.run_training(request, log=log, stopped=stopped)))
    thread.start()
    log.wait_for("begun")
    market.take_back("job-1")
    stopped.set()
    thread.join(60)
    assert (outcomes[0].status, outcomes[0].secondary_status) == ("Stopped", "Stopped")


def test_a_job_on_demand_keeps_its_machine(runner: Build, image: Any, api: Any, log: Any) -> None:
    market = SpotMarket(interrupt_after_seconds=0.0)
    program = image("(ML / 'model/done').touch()")
    outcome = runner(program, market).run_training(
        api.training(), log=log, stopped=threading.Event(), arn="arn:aws:job"
    )
    assert (outcome.status, outcome.waited_seconds) == ("Completed", 0.0)
    with pytest.raises(KeyError):
        market.take_back("job-1")


def test_checkpoints_lie_below_opt_ml(runner: Build, image: Any, api: Any, log: Any) -> None:
    config = CHECKPOINTS | {"LocalPath": "/scratch/checkpoints"}
    outcome = runner(image(""), SpotMarket()).run_training(
        spot(api, CheckpointConfig=config), log=log, stopped=threading.Event(), arn="arn:aws:job"
    )
    assert outcome.failure_reason == (
        "ClientError: LocalPath of CheckpointConfig must begin with /opt/ml/, got /scratch/checkpoints"
    )
