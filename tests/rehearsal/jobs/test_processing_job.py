import json
import threading
from typing import Any

COPY = """
    arguments = dict(word.split("=") for word in sys.argv[1:])
    source, target = Path(arguments["--from"]), Path(arguments["--to"])
    (target / "copy.csv").write_text((source / "data.csv").read_text().upper())
    (ML / "output/message").write_text("copied")
"""


def run(runner: Any, program: Any, request: dict[str, Any], log: Any) -> Any:
    return runner(program).run_processing(request, log=log, stopped=threading.Event(), arn="arn:aws:job")


def copying(api: Any, **changes: Any) -> dict[str, Any]:
    return api.processing(  # type: ignore[no-any-return]
        AppSpecification={
            "ImageUri": api.image,
            "ContainerEntrypoint": ["python", "-m", "steps"],
            "ContainerArguments": ["--from=/opt/ml/processing/input/data", "--to=/opt/ml/processing/output/copy"],
        },
        ProcessingInputs=[api.input("data", "raw")],
        ProcessingOutputConfig={"Outputs": [api.output("copy", "copied/here")]},
        **changes,
    )


def test_inputs_arrive_and_outputs_go_to_s3(runner: Any, image: Any, api: Any, s3: Any, log: Any) -> None:
    s3.put_object(Bucket=api.bucket, Key="raw/data.csv", Body=b"abc")
    outcome = run(runner, image(COPY), copying(api), log)
    assert (outcome.status, outcome.failure_reason, outcome.exit_message) == ("Completed", None, "copied")
    assert s3.get_object(Bucket=api.bucket, Key="copied/here/copy.csv")["Body"].read() == b"ABC"


def test_a_failed_job_uploads_nothing_and_tells_why(runner: Any, image: Any, api: Any, s3: Any, log: Any) -> None:
    s3.put_object(Bucket=api.bucket, Key="raw/data.csv", Body=b"abc")
    program = image("""
        (ML / "processing/output/copy/half.csv").write_text("1")
        (ML / "output/failure").write_text("no target column")
        sys.exit(1)
    """)
    outcome = run(runner, program, copying(api), log)
    assert (outcome.status, outcome.failure_reason) == ("Failed", "AlgorithmError: no target column, exit code: 1")
    assert "Contents" not in s3.list_objects_v2(Bucket=api.bucket, Prefix="copied/")


def test_the_image_entrypoint_runs_when_the_request_names_none(runner: Any, image: Any, api: Any, log: Any) -> None:
    program = image("print(sys.argv[1:], os.environ['PROCESSING_JOB_NAME'])")
    assert run(runner, program, api.processing(), log).status == "Completed"
    assert log == ["[] job-1"]


def test_the_container_can_read_its_own_request(runner: Any, image: Any, api: Any, log: Any) -> None:
    run(runner, image("print((ML / 'config/processingjobconfig.json').read_text())"), api.processing(), log)
    assert json.loads(log[0])["ProcessingJobArn"] == "arn:aws:job"


def test_a_local_path_outside_processing_is_refused(runner: Any, image: Any, api: Any, log: Any) -> None:
    output = {"OutputName": "x", "S3Output": {"S3Uri": "s3://bench/x", "LocalPath": "/etc", "S3UploadMode": "EndOfJob"}}
    outcome = run(runner, image(""), api.processing(ProcessingOutputConfig={"Outputs": [output]}), log)
    assert outcome.failure_reason == "ClientError: LocalPath must begin with /opt/ml/processing/, got /etc"


def test_a_job_past_its_time_is_stopped(runner: Any, image: Any, api: Any, log: Any) -> None:
    request = api.processing(StoppingCondition={"MaxRuntimeInSeconds": 1})
    outcome = run(runner, image("time.sleep(60)"), request, log)
    assert (outcome.status, outcome.failure_reason) == ("Stopped", "MaxRuntimeExceeded")
