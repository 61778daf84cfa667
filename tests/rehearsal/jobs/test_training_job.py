import io
import json
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest


def run(runner: Any, program: Any, request: dict[str, Any], log: Any, stopped: threading.Event | None = None) -> Any:
    return runner(program).run_training(request, log=log, stopped=stopped or threading.Event(), arn="arn:aws:job")


def archive(s3: Any, bucket: str, key: str) -> dict[str, bytes]:
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


def test_a_job_reads_its_channels_and_leaves_a_model(runner: Any, image: Any, api: Any, s3: Any, log: Any) -> None:
    s3.put_object(Bucket=api.bucket, Key="prepared/train/data.csv", Body=b"a,b\n1,2\n")
    program = image("""
        text = (ML / "input/data/train/data.csv").read_text()
        (ML / "model/model.txt").write_text(f"{sys.argv[1]} {len(text)}")
    """)
    outcome = run(runner, program, api.training(InputDataConfig=[api.channel("train", "prepared/train/")]), log)
    assert (outcome.status, outcome.failure_reason) == ("Completed", None)
    assert outcome.model_artifacts == "s3://bench/models/job-1/output/model.tar.gz"
    assert archive(s3, api.bucket, "models/job-1/output/model.tar.gz") == {"model.txt": b"train 8"}


def test_the_container_finds_sagemakers_configuration_files(
    runner: Any, image: Any, api: Any, s3: Any, log: Any
) -> None:
    s3.put_object(Bucket=api.bucket, Key="train/x.csv", Body=b"1")
    program = image("""
        for name in ("hyperparameters", "resourceconfig", "inputdataconfig"):
            print((ML / "input/config" / f"{name}.json").read_text())
    """)
    channel = api.channel("train", "train/") | {"ContentType": "text/csv"}
    run(runner, program, api.training(HyperParameters={"eta": "0.1"}, InputDataConfig=[channel]), log)
    hyperparameters, resources, inputs = map(json.loads, log)
    assert hyperparameters == {"eta": "0.1"}
    assert (resources["current_host"], resources["hosts"]) == ("algo-1", ["algo-1"])
    assert inputs["train"] == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
        "ContentType": "text/csv",
    }


def test_the_environment_is_the_jobs_own(
    runner: Any, image: Any, api: Any, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "1")
    program = image("import json; print(json.dumps(dict(os.environ)))", environment={"FROM_IMAGE": "1"})
    run(runner, program, api.training(Environment={"FROM_JOB": "2"}), log)
    environment = json.loads(log[0])
    assert environment["TRAINING_JOB_NAME"] == "job-1"
    assert environment["TRAINING_JOB_ARN"] == "arn:aws:job"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert (environment["FROM_IMAGE"], environment["FROM_JOB"]) == ("1", "2")
    assert "SECRET_OF_THE_SHELL" not in environment
    assert "SM_MODEL_DIR" not in environment


def test_an_image_with_the_training_toolkit_gets_its_variables(
    runner: Any, image: Any, api: Any, s3: Any, log: Any
) -> None:
    s3.put_object(Bucket=api.bucket, Key="train/x.csv", Body=b"1")
    program = image(
        "print(os.listdir(os.environ['SM_CHANNEL_TRAIN']), os.environ['SM_HP_ETA'])", has_training_toolkit=True
    )
    request = api.training(HyperParameters={"eta": "0.1"}, InputDataConfig=[api.channel("train", "train/")])
    run(runner, program, request, log)
    assert log == ["['x.csv'] 0.1"]


def test_a_failing_job_tells_its_own_reason(runner: Any, image: Any, api: Any, log: Any) -> None:
    program = image("""
        print("about to fail")
        (ML / "output/failure").write_text("column Age is not a number")
        sys.exit(1)
    """)
    outcome = run(runner, program, api.training(), log)
    assert outcome.status == "Failed"
    assert outcome.failure_reason == "AlgorithmError: column Age is not a number, exit code: 1"
    assert outcome.model_artifacts is None
    assert log == ["about to fail"]


def test_a_job_that_fails_without_a_word_is_explained_by_the_end_of_its_log(
    runner: Any, image: Any, api: Any, log: Any
) -> None:
    outcome = run(runner, image("raise ValueError('broken inside')"), api.training(), log)
    assert outcome.failure_reason.startswith("AlgorithmError: Traceback")
    assert outcome.failure_reason.endswith("ValueError: broken inside, exit code: 1")


def test_a_job_killed_by_the_system_has_dockers_exit_code(runner: Any, image: Any, api: Any, log: Any) -> None:
    outcome = run(runner, image("os.kill(os.getpid(), 9)"), api.training(), log)
    assert outcome.failure_reason == (
        "AlgorithmError: the container ended before it wrote a line, exit code: 137 "
        "(killed: out of memory, or from outside)"
    )


def test_an_unknown_image_cannot_be_pulled(runner: Any, image: Any, api: Any, log: Any) -> None:
    request = api.training(AlgorithmSpecification={"TrainingImage": "nowhere:1", "TrainingInputMode": "File"})
    outcome = run(runner, image(""), request, log)
    assert outcome.status == "Failed"
    assert "CannotPullContainerError" in outcome.failure_reason
    assert "nowhere:1" in outcome.failure_reason


def test_a_program_that_is_not_installed_fails_the_job(runner: Any, image: Any, api: Any, log: Any) -> None:
    specification = {"TrainingImage": api.image, "ContainerEntrypoint": ["no-such-program"]}
    outcome = run(runner, image(""), api.training(AlgorithmSpecification=specification), log)
    assert outcome.status == "Failed"
    assert "no-such-program" in outcome.failure_reason


def test_a_channel_without_objects_fails_the_job_before_it_runs(runner: Any, image: Any, api: Any, log: Any) -> None:
    outcome = run(runner, image("print('ran')"), api.training(InputDataConfig=[api.channel("train", "empty/")]), log)
    assert 'No S3 objects found under S3 URL "s3://bench/empty/"' in outcome.failure_reason
    assert log == []


def test_the_last_value_of_each_metric_is_final(runner: Any, image: Any, api: Any, log: Any) -> None:
    program = image("""
        for auc in (0.1, 0.5, 0.92811):
            print(f"train:auc={auc + 0.01:.5f}; validation:auc={auc}; loss=1e-3", file=sys.stderr)
    """)
    definitions = [
        {"Name": "validation:auc", "Regex": "validation:auc=([0-9.]+)"},
        {"Name": "loss", "Regex": "loss=([0-9.e+-]+)"},
        {"Name": "never", "Regex": "never=([0-9.]+)"},
    ]
    specification = {"TrainingImage": api.image, "TrainingInputMode": "File", "MetricDefinitions": definitions}
    outcome = run(runner, program, api.training(AlgorithmSpecification=specification), log)
    assert {row["MetricName"]: row["Value"] for row in outcome.final_metrics} == {
        "validation:auc": 0.92811,
        "loss": 0.001,
    }


def test_lines_arrive_while_the_job_still_runs_and_a_stop_ends_it(
    runner: Any, image: Any, api: Any, s3: Any, log: Any
) -> None:
    stopped = threading.Event()
    program = image("""
        import signal
        def save(*_):
            (ML / "model/partial.txt").write_text("half")
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
        print(f"pid={os.getpid()}", flush=True)
        time.sleep(60)
    """)
    outcomes: list[Any] = []
    job = threading.Thread(target=lambda: outcomes.append(run(runner, program, api.training(), log, stopped)))
    job.start()
    pid = int(log.wait_for("pid=").removeprefix("pid="))
    stopped.set()
    job.join(timeout=60)
    assert (outcomes[0].status, outcomes[0].secondary_status) == ("Stopped", "Stopped")
    assert archive(s3, api.bucket, "models/job-1/output/model.tar.gz") == {"partial.txt": b"half"}
    assert not Path(f"/proc/{pid}").exists()


def test_a_job_past_its_time_is_ended_with_all_its_processes(runner: Any, image: Any, api: Any, log: Any) -> None:
    program = image("""
        import signal, subprocess
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "60"])
        print(f"pids={os.getpid()},{child.pid}", flush=True)
        time.sleep(60)
    """)
    outcome = run(runner, program, api.training(StoppingCondition={"MaxRuntimeInSeconds": 3}), log)
    assert (outcome.status, outcome.secondary_status) == ("Stopped", "MaxRuntimeExceeded")
    assert all(map(ended, log[0].removeprefix("pids=").split(",")))


def ended(pid: str) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_what_a_finished_job_leaves_running_is_ended(runner: Any, image: Any, api: Any, log: Any) -> None:
    program = image("""
        import subprocess
        print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
    """)
    assert run(runner, program, api.training(), log).status == "Completed"
    assert ended(log[0])


def test_a_job_stopped_before_it_starts_never_runs(runner: Any, image: Any, api: Any, log: Any) -> None:
    stopped = threading.Event()
    stopped.set()
    outcome = run(runner, image("print('ran')"), api.training(), log, stopped)
    assert (outcome.status, list(log)) == ("Stopped", [])


def test_the_same_model_makes_the_same_archive(runner: Any, image: Any, api: Any, s3: Any, log: Any) -> None:
    program = image("""
        for name in "cab":
            (ML / "model" / name).write_text(name)
        os.utime(ML / "model/a", (time.time(), 1e9 + os.getpid()))
    """)
    bodies = []
    for name in ("job-1", "job-2"):
        run(runner, program, api.training(TrainingJobName=name), log)
        bodies.append(s3.get_object(Bucket=api.bucket, Key=f"models/{name}/output/model.tar.gz")["Body"].read())
    assert bodies[0] == bodies[1]


def test_output_data_is_kept_even_when_the_job_fails(runner: Any, image: Any, api: Any, s3: Any, log: Any) -> None:
    program = image("(ML / 'output/data/notes.txt').write_text('seen'); sys.exit(3)")
    outcome = run(runner, program, api.training(), log)
    assert outcome.failure_reason == "AlgorithmError: the container ended before it wrote a line, exit code: 3"
    assert archive(s3, api.bucket, "models/job-1/output/output.tar.gz") == {"notes.txt": b"seen"}


def test_several_instances_are_refused(runner: Any, image: Any, api: Any, log: Any) -> None:
    outcome = run(
        runner, image(""), api.training(ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2}), log
    )
    assert outcome.failure_reason == "ClientError: InstanceCount must be 1 on the laptop, got 2"


def test_a_regex_without_a_group_is_refused(runner: Any, image: Any, api: Any, log: Any) -> None:
    definitions = [{"Name": "auc", "Regex": "auc=[0-9.]+"}]
    specification = {"TrainingImage": api.image, "MetricDefinitions": definitions}
    outcome = run(runner, image("print('ran')"), api.training(AlgorithmSpecification=specification), log)
    assert (
        outcome.failure_reason
        == "ClientError: regex of metric auc must have a group around the number, got auc=[0-9.]+"
    )


def test_nothing_of_a_job_is_left_on_the_disk(runner: Any, image: Any, api: Any, log: Any, tmp_path: Path) -> None:
    run(runner, image(""), api.training(), log)
    assert list((tmp_path / "jobs/training").iterdir()) == []


def test_the_secondary_statuses_follow_one_another(runner: Any, image: Any, api: Any, log: Any) -> None:
    outcome = run(runner, image(""), api.training(), log)
    statuses = [row["Status"] for row in outcome.transitions]
    assert statuses == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(row["StartTime"] <= row["EndTime"] for row in outcome.transitions)


def test_an_uncompressed_model_is_uploaded_as_files(runner: Any, image: Any, api: Any, s3: Any, log: Any) -> None:
    output = {"S3OutputPath": "s3://bench/models", "CompressionType": "NONE"}
    outcome = run(runner, image("(ML / 'model/m.txt').write_text('m')"), api.training(OutputDataConfig=output), log)
    assert outcome.model_artifacts == "s3://bench/models/job-1/output/model/"
    assert s3.get_object(Bucket=api.bucket, Key="models/job-1/output/model/m.txt")["Body"].read() == b"m"


def test_an_isolated_job_gets_no_way_to_aws(runner: Any, image: Any, api: Any, log: Any) -> None:
    program = image("print([name for name in ('AWS_REGION', 'AWS_ENDPOINT_URL') if name in os.environ])")
    run(runner, program, api.training(EnableNetworkIsolation=True), log)
    assert log == ["['AWS_REGION']"]


def test_a_pipe_channel_is_refused(runner: Any, image: Any, api: Any, log: Any) -> None:
    channel = api.channel("train", "x/") | {"InputMode": "Pipe"}
    outcome = run(runner, image(""), api.training(InputDataConfig=[channel]), log)
    assert outcome.failure_reason == ("ClientError: TrainingInputMode must be File or FastFile on the laptop, got Pipe")
