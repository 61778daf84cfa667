"""The monitoring job on the embedded AWS: a real model's captured responses, examined by the shipped image.

The tests use one account in turn: what one of them had captured is there for the next.
"""

import base64
import csv
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.monitoring.monitor_machine import DEFINITION, substitutions
from pipeline_steps import prepare, train
from pipeline_steps.documents import write_json
from pipeline_steps.paths import Paths
from rehearsal.journey.demo_data.registry import write_demo_csv
from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX, OUTCOME_PREFIX
from slipway.cli.main import main
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.monitoring_run import run_monitoring
from slipway.rollout.new_fleet_alarms import server_environment
from slipway.settings import Settings, load_settings
from slipway.training import use_case_document
from slipway.training.monitoring_job import capture_prefix, job_prefix, monitoring_job, report_prefix
from tests.infra.asl_files import substituted
from tests.rehearsal.cloud.process import PROJECT, CloudProcess, eventually
from tests.rehearsal.cloud.stacks import deploy, outputs, remove

ROLE = "arn:aws:iam::000000000000:role/any"
BUCKET, ENDPOINT = "artifacts", "shoppers-dev"
CLOUD_OPTIONS, WITH_SHIPPED_STEPS = ("--speed", "200"), True
REPORTS = {"statistics.json", "constraints.json", "constraint_violations.json"}
STORAGE = {
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {"ArtifactsBucketName": {"Value": BUCKET}},
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped settings, with a monitor."""
    file = tmp_path_factory.mktemp("config") / "shoppers.toml"
    shipped = (PROJECT / "config" / "shoppers.toml").read_text()
    file.write_text(f'{shipped}\n[stages.dev.monitoring]\nschedule = "cron(0 * ? * * *)"\n')
    return file


@pytest.fixture(scope="module")
def settings(config: Path) -> Settings:
    return load_settings(config, "dev")


@pytest.fixture(scope="module")
def archive(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The artifact of a model that was trained on made-up sessions."""
    base = tmp_path_factory.mktemp("training")
    prepared, paths = Paths(base / "prepare"), Paths(base / "train")
    prepared.processing_input("data").mkdir(parents=True)
    write_demo_csv(prepared.processing_input("data") / "demo.csv", rows=3000, seed=0)
    write_json(prepared.processing_input("use_case") / "use_case.json", use_case_document(settings))
    prepare.main([], prepared)
    for split in ("train", "validation"):
        shutil.copytree(prepared.processing_output(split), paths.channel(split))
    paths.hyperparameters.parent.mkdir(parents=True)
    paths.hyperparameters.write_text(json.dumps({"algorithm": "xgboost", "num_round": "30"}))
    paths.model.mkdir()
    train.main([], paths)
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode="w:gz") as tar:
        tar.add(paths.model, arcname=".")
    return stored.getvalue()


@pytest.fixture(scope="module")
def package(cloud: CloudProcess, archive: bytes) -> str:
    cloud("s3").create_bucket(Bucket=BUCKET)
    key = "pipeline/models/m/output/model.tar.gz"
    cloud("s3").put_object(Bucket=BUCKET, Key=key, Body=archive)
    sagemaker = cloud("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=ENDPOINT)
    made = sagemaker.create_model_package(
        ModelPackageGroupName=ENDPOINT,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": cloud.image, "ModelDataUrl": f"s3://{BUCKET}/{key}"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    return str(made["ModelPackageArn"])


@pytest.fixture(scope="module")
def definition(settings: Settings, cloud: CloudProcess) -> dict[str, Any]:
    return monitoring_job(settings, bucket=BUCKET, image_uri=cloud.image, kms_key_arn="alias/any", role_arn=ROLE)


@pytest.fixture(scope="module")
def endpoint(cloud: CloudProcess, settings: Settings, package: str, definition: dict[str, Any]) -> str:
    """The use case as it is deployed, as far as the monitor sees it."""
    cloud("cloudformation").create_stack(StackName="shoppers-dev-storage", TemplateBody=json.dumps(STORAGE))
    name, text = settings.names.monitor_parameter, json.dumps(definition)
    cloud("ssm").put_parameter(Name=name, Value=text, Type="String")
    sagemaker = cloud("sagemaker")
    container = {"ModelPackageName": package, "Environment": server_environment(ENDPOINT, package)}
    sagemaker.create_model(ModelName="m", Containers=[container], ExecutionRoleArn=ROLE)
    variant = {"VariantName": "primary", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName="c",
        ProductionVariants=[variant],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{BUCKET}/{CAPTURE_PREFIX}",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
        },
    )
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="c")
    eventually(lambda: sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService")
    return ENDPOINT


def sessions(tmp_path: Path, count: int, seed: int) -> list[list[str]]:
    """Rows of new visitors, without the target."""
    file = tmp_path / "visitors.csv"
    write_demo_csv(file, rows=count, seed=seed)
    with file.open(newline="") as lines:
        header, *rows = csv.reader(lines)
    place = header.index("Revenue")
    return [row[:place] + row[place + 1 :] for row in rows]


Ask = Callable[[Sequence[Sequence[str]]], None]


@pytest.fixture
def ask(cloud: CloudProcess, settings: Settings, endpoint: str) -> Ask:
    """Send rows to the endpoint, 20 a request, and wait until they are captured."""
    runtime = cloud("sagemaker-runtime")

    def count() -> int:
        listed = cloud("s3").list_objects_v2(Bucket=BUCKET, Prefix=capture_prefix(settings)).get("Contents", [])
        bodies = [cloud("s3").get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in listed]
        return sum(body.count(b"\n") for body in bodies)

    def send(rows: Sequence[Sequence[str]]) -> None:
        before, requests = count(), 0
        for start in range(0, len(rows), 20):
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows[start : start + 20])
            runtime.invoke_endpoint(EndpointName=endpoint, Body=text.getvalue().encode(), ContentType="text/csv")
            requests += 1
        eventually(lambda: count() == before + requests)

    return send


@pytest.fixture
def slipway(
    account: None, config: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run the command as an operator of this account."""

    def run(*argv: str) -> tuple[int, dict[str, Any]]:
        code = main(["monitor", "--config", str(config), "--json", *argv])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out else {"error": captured.err}

    return run


def reports(cloud: CloudProcess, uri: str) -> dict[str, Any]:
    prefix = uri.removeprefix(f"s3://{BUCKET}/")
    listed = cloud("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        each["Key"].removeprefix(prefix).lstrip("/"): json.loads(
            cloud("s3").get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
        )
        for each in listed
    }


Slipway = Callable[..., tuple[int, dict[str, Any]]]


@pytest.mark.usefixtures("endpoint")
def test_without_traffic_there_is_nothing_to_examine(slipway: Slipway) -> None:
    code, reported = slipway()
    assert code == 1
    assert "no request to shoppers-dev was captured in the last 1 h" in reported["error"]


def test_healthy_traffic_is_reported_without_violations(
    cloud: CloudProcess, slipway: Slipway, ask: Ask, tmp_path: Path
) -> None:
    ask(sessions(tmp_path, 600, seed=7))
    code, reported = slipway()
    found = reports(cloud, reported["reports"])
    assert found.keys() == REPORTS
    assert (code, reported["violations"]) == (0, [])
    assert found["statistics.json"]["dataset"]["item_count"] == 600
    assert reported["message"] == "Completed: no violation in 600 rows, 0 with an outcome, 0 records left out."
    job = cloud("sagemaker").describe_processing_job(ProcessingJobName=reported["job"])
    assert job["Environment"]["sagemaker_monitoring_schedule_name"] == "shoppers-dev-monitor"
    assert cloud("sagemaker").list_tags(ResourceArn=job["ProcessingJobArn"])["Tags"] == [
        {"Key": "slipway-use-case", "Value": "shoppers-dev"}
    ]


def test_two_operators_can_monitor_in_the_same_second(
    settings: Settings, account: None, ask: Ask, tmp_path: Path
) -> None:
    ask(sessions(tmp_path, 20, seed=10))
    now = datetime.now(UTC)
    found = [run_monitoring(DeployedStage(settings), hours=1, now=now) for _ in range(2)]
    assert len({result.job for result in found}) == len({result.reports for result in found}) == 2
    lengths = {len(result.job.removeprefix(job_prefix(settings.names))) for result in found}
    assert lengths == {len("-20260101000000")}  # what the prefix leaves room for


def test_the_schedules_machine_examines_the_hour_that_has_ended(
    cloud: CloudProcess, settings: Settings, definition: dict[str, Any], ask: Ask, tmp_path: Path
) -> None:
    ask(sessions(tmp_path, 400, seed=9))
    ended = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(minutes=30)
    hour = f"{ended:%Y/%m/%d/%H}/"
    _captured_then(cloud, settings, ended)
    _run_machine(cloud, "monitor", machine(settings, definition))
    prefix = f"{report_prefix(settings)}{hour}"
    found = eventually(lambda: len(there := reports(cloud, f"s3://{BUCKET}/{prefix}")) == 3 and there, seconds=60)
    assert found.keys() == REPORTS
    assert found["statistics.json"]["dataset"]["item_count"] == 400


def machine(settings: Settings, job: Mapping[str, Any]) -> dict[str, Any]:
    return substituted(DEFINITION, substitutions(settings, job=job, bucket=BUCKET))


def _run_machine(cloud: CloudProcess, name: str, definition: Mapping[str, Any], **reported: str) -> None:
    """Make a state machine, run it once, and see it succeed."""
    states = cloud("stepfunctions")
    made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    given = json.dumps(reported)
    execution = states.start_execution(stateMachineArn=made["stateMachineArn"], input=given)["executionArn"]
    ended = eventually(
        lambda: (found := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and found,
        seconds=60,
    )
    assert ended["status"] == "SUCCEEDED", ended


def _captured_then(cloud: CloudProcess, settings: Settings, when: datetime) -> None:
    """Put the newest 20 captured requests where those of `when` lie, as if they had been sent then."""
    client, prefix = cloud("s3"), capture_prefix(settings)
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]]
    lines = [
        line for key in keys for line in client.get_object(Bucket=BUCKET, Key=key)["Body"].read().splitlines() if line
    ]
    records = sorted((json.loads(line) for line in lines), key=lambda each: each["eventMetadata"]["inferenceTime"])
    for record in (newest := records[-20:]):
        record["eventMetadata"]["inferenceTime"] = f"{when:%Y-%m-%dT%H:%M:%SZ}"
    body = "".join(json.dumps(record) + "\n" for record in newest)
    client.put_object(Bucket=BUCKET, Key=f"{prefix}{when:%Y/%m/%d/%H}/30-00-000-moved.jsonl", Body=body.encode())


@pytest.mark.usefixtures("endpoint")
def test_the_schedules_machine_starts_no_job_for_an_hour_without_traffic(
    cloud: CloudProcess, settings: Settings, definition: dict[str, Any]
) -> None:
    idle = settings.model_copy(update={"stage": "idle"})
    _run_machine(cloud, "idle", machine(idle, definition))
    jobs = cloud("sagemaker").list_processing_jobs(NameContains="shoppers-idle-monitor")
    assert jobs["ProcessingJobSummaries"] == []


@pytest.mark.usefixtures("endpoint")
def test_model_monitors_schedule_is_kept(cloud: CloudProcess, settings: Settings, definition: dict[str, Any]) -> None:
    config = {
        "MonitoringType": "DataQuality",
        "ScheduleConfig": {"ScheduleExpression": settings.monitoring.schedule},
        "MonitoringJobDefinition": definition,
    }
    name = settings.names.monitoring_schedule
    properties = {"MonitoringScheduleName": name, "MonitoringScheduleConfig": config}
    schedule = {"Type": "AWS::SageMaker::MonitoringSchedule", "Properties": properties}
    assert outputs(deploy(cloud, "watched", {"Schedule": schedule})) == {}
    described = cloud("sagemaker").describe_monitoring_schedule(MonitoringScheduleName=name)
    assert (described["MonitoringScheduleStatus"], described["EndpointName"]) == ("Scheduled", ENDPOINT)
    assert described["MonitoringScheduleConfig"]["MonitoringJobDefinition"] == definition
    remove(cloud, "watched")


WATCHED = """
min_ndcg = 0.9
[[stages.dev.monitoring.bias]]
column = "Weekend"
values = ["TRUE"]
metrics = { DPPL = 0.1, DI = 0.5, AD = 0.1 }
"""


@pytest.fixture
def watching(cloud: CloudProcess, config: Path, settings: Settings, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Command-line flags of the same use case, deployed anew to watch bias and attributions, not monitored yet."""
    file = tmp_path / "watching.toml"
    file.write_text(config.read_text() + WATCHED)
    watched = load_settings(file, "dev")
    definition = monitoring_job(watched, bucket=BUCKET, image_uri=cloud.image, kms_key_arn="alias/any", role_arn=ROLE)
    ssm, name = cloud("ssm"), settings.names.monitor_parameter
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.put_parameter(Name=name, Value=json.dumps(definition), Type="String", Overwrite=True)
    _forget(cloud, settings)
    yield "--config", str(file)
    ssm.put_parameter(Name=name, Value=before, Type="String", Overwrite=True)


def _forget(cloud: CloudProcess, settings: Settings) -> None:
    for each in cloud("s3").list_objects_v2(Bucket=BUCKET, Prefix=capture_prefix(settings)).get("Contents", []):
        cloud("s3").delete_object(Bucket=BUCKET, Key=each["Key"])


@pytest.mark.usefixtures("endpoint")
def test_drift_and_bias_are_found_where_they_are_and_only_there(
    cloud: CloudProcess, slipway: Slipway, ask: Ask, watching: tuple[str, str], tmp_path: Path
) -> None:
    rows = sessions(tmp_path, 1000, seed=12)
    for row in rows:
        if row[-1] == "TRUE":
            row[8] = "60.0"  # PageValues of buyers, at every weekend
    ask(rows)
    code, reported = slipway(*watching)
    found = reports(cloud, reported["reports"])
    violations = found["constraint_violations.json"]["violations"]
    assert (code, reported["violations"]) == (3, violations)
    assert {(each["metric_name"], each["constraint_check_type"]) for each in violations if "metric_name" in each} == {
        ("DPPL", "bias_drift_check"),
        ("DI", "bias_drift_check"),
    }
    checks = {(each.get("feature_name"), each["constraint_check_type"]) for each in violations}
    assert ("PageValues", "baseline_drift_check") in checks
    described = {entry["name"]: entry for entry in found["constraints.json"]["features"]}
    assert described["Month"]["string_constraints"]["domains"]
    analysis = found["analysis.json"]
    assert analysis["explanations"]["occlusion"]["Revenue"]["baseline"]["PageValues"] > 0
    (weekend,) = analysis["post_training_bias_metrics"]["facets"]["Weekend"]
    assert weekend["metrics"][0]["name"] == "DPPL"
    assert weekend["metrics"][-1]["error"] == "no labels, not evaluated"
    assert "no labels (1)" in reported["message"]


@pytest.fixture
def outcomes(cloud: CloudProcess, settings: Settings) -> Iterator[Callable[[], None]]:
    """Outcomes of all that is captured arrive, as the model predicted."""
    client, key = cloud("s3"), f"{OUTCOME_PREFIX}/2026/labels.jsonl"

    def arrive() -> None:
        listed = client.list_objects_v2(Bucket=BUCKET, Prefix=capture_prefix(settings))["Contents"]
        bodies = [client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in listed]
        lines = []
        for record in (json.loads(line) for body in bodies for line in body.splitlines() if line):
            response = base64.b64decode(record["captureData"]["endpointOutput"]["data"])
            data = "\n".join("TRUE" if each["label"] else "FALSE" for each in json.loads(response)["predictions"])
            lines.append({"groundTruthData": {"data": data}, "eventMetadata": record["eventMetadata"]})
        body = "".join(json.dumps(line) + "\n" for line in lines)
        client.put_object(Bucket=BUCKET, Key=key, Body=body.encode())

    yield arrive
    client.delete_object(Bucket=BUCKET, Key=key)


def test_outcomes_that_come_a_day_late_are_joined_with_the_requests_of_that_day(
    *,
    cloud: CloudProcess,
    settings: Settings,
    definition: dict[str, Any],
    ask: Ask,
    outcomes: Callable[[], None],
    tmp_path: Path,
) -> None:
    monitoring = settings.monitoring.model_copy(update={"outcomes_after_hours": 24})
    patient = settings.model_copy(update={"monitoring": monitoring})
    _forget(cloud, settings)
    ask(sessions(tmp_path, 400, seed=13))
    last = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(minutes=30)
    found = {}
    for name, when, reported in (("newest", last, {}), ("late", last - timedelta(hours=24), {"only": "outcomes"})):
        _captured_then(cloud, settings, when)
        outcomes()
        _run_machine(cloud, name, machine(patient, definition), **reported)
        prefix = f"{report_prefix(settings)}{'outcomes/' if reported else ''}{when:%Y/%m/%d/%H}/"
        uri = f"s3://{BUCKET}/{prefix}"
        eventually(lambda uri=uri: len(reports(cloud, uri)) == 3, seconds=60)
        found[name] = reports(cloud, uri)["statistics.json"]
    assert [each["dataset"]["item_count"] for each in found.values()] == [400, 400]
    assert "binary_classification_metrics" not in found["newest"]
    assert found["late"]["binary_classification_metrics"]["accuracy"]["value"] == pytest.approx(1.0)
