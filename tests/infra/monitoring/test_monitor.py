"""The job that examines captured requests, and its schedule."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import aws_cdk as cdk
import botocore.session
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template
from botocore.validate import ParamValidator

from infra.monitoring.stack import MonitoringStack
from infra.stages import UseCaseStacks
from pipeline_steps.monitoring.bias_metrics import BIAS_METRICS
from pipeline_steps.monitoring.facets import Facet
from slipway.errors import InputError
from slipway.settings import Settings, parse_settings
from slipway.settings.monitoring import LABEL_FREE, BiasMetric
from slipway.settings.names import Names
from slipway.training.monitoring_job import job_prefix, monitor_arguments, monitoring_job
from tests.infra.cdk_app import app_at

Synth = Callable[..., tuple[UseCaseStacks, Path]]
Templates = dict[str, dict[str, Any]]
Monitored = Callable[..., dict[str, Any]]


def with_monitor(settings: Settings, **monitoring: Any) -> Settings:
    document = settings.model_dump()
    document["monitoring"] |= {"schedule": "cron(0 * ? * * *)", **monitoring}
    return Settings.model_validate(document)


@pytest.fixture(scope="module")
def monitored(synth: Synth, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Monitored:
    """The template of a stack where these settings of monitoring are added to a schedule."""

    def of(kind: str, **monitoring: Any) -> dict[str, Any]:
        chosen = with_monitor(settings, **monitoring)
        stack = alone(chosen) if kind == "monitoring" else getattr(synth(chosen)[0], kind)
        return dict(Template.from_stack(stack).to_json())

    def alone(settings: Settings) -> cdk.Stack:
        """Without the other stacks, which take three times as long."""
        app = app_at(tmp_path_factory.mktemp("alone"))
        key = kms.Key.from_key_arn(cdk.Stack(app, "Storage"), "Key", "arn:aws:kms:us-east-1:000000000000:key/any")
        env = cdk.Environment(account="000000000000", region="us-east-1")
        return MonitoringStack(app, settings.names.stack("monitoring"), env=env, settings=settings, key=key)

    return of


@pytest.fixture(scope="module")
def by_model_monitor(monitored: Monitored) -> dict[str, Any]:
    return monitored("endpoint", scheduler="model_monitor")


def one(template: dict[str, Any], type_: str, name: str = "") -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = [r for id_, r in template["Resources"].items() if r["Type"] == type_ and name in id_]
    return found


def flat(node: Any) -> Any:
    """`node` with `*` for each token, and every joined string in one piece."""
    if isinstance(node, dict):
        if "Fn::Join" in node:
            return "".join(part if isinstance(part, str) else "*" for part in node["Fn::Join"][1])
        if len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref")):
            return "*"
        return {key: flat(item) for key, item in node.items()}
    return [flat(item) for item in node] if isinstance(node, list) else node


def test_without_a_schedule_there_is_no_monitor(templates: Templates) -> None:
    assert not [r for r in templates["endpoint"]["Resources"].values() if "Schedule" in r["Type"]]
    assert not [id_ for template in templates.values() for id_ in template["Resources"] if id_.startswith("Monitor")]


def test_the_ordinary_schedule_needs_no_model_monitor(monitored: Monitored) -> None:
    endpoint = monitored("endpoint")
    schedule = one(endpoint, "AWS::Scheduler::Schedule")["Properties"]
    assert schedule["ScheduleExpression"] == "cron(0 * ? * * *)"
    assert "MonitorMachine" in json.dumps(schedule["Target"]["Arn"])
    group = one(endpoint, "AWS::Scheduler::ScheduleGroup")["Properties"]["Name"]
    alarm = one(monitored("monitoring"), "AWS::CloudWatch::Alarm", "Undelivered")["Properties"]
    watched = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    assert [each["Dimensions"] for each in watched] == 2 * [[{"Name": "ScheduleGroup", "Value": group}]]
    assert not [r for r in endpoint["Resources"].values() if r["Type"] == "AWS::SageMaker::MonitoringSchedule"]


def test_outcomes_that_come_late_have_a_schedule_of_their_own(monitored: Monitored) -> None:
    endpoint = monitored("endpoint", outcomes_after_hours=72)
    found = [r["Properties"] for r in endpoint["Resources"].values() if r["Type"] == "AWS::Scheduler::Schedule"]
    inputs = {each["ScheduleExpression"]: json.loads(each["Target"]["Input"]) for each in found}
    # At another minute: the jobs of both are named by when their execution began.
    assert inputs == {"cron(0 * ? * * *)": {}, "cron(30 * ? * * *)": {"only": "outcomes"}}
    assert len({json.dumps(each["Target"]["Arn"]) for each in found}) == 1


def test_model_monitors_schedule_is_there_with_the_endpoint_and_goes_before_it(
    by_model_monitor: dict[str, Any],
) -> None:
    schedule = one(by_model_monitor, "AWS::SageMaker::MonitoringSchedule")
    (endpoint,) = [id_ for id_, r in by_model_monitor["Resources"].items() if r["Type"] == "AWS::SageMaker::Endpoint"]
    assert schedule["Condition"] == "HasModel"
    assert endpoint in schedule["DependsOn"]
    assert not [r for r in by_model_monitor["Resources"].values() if r["Type"] == "AWS::StepFunctions::StateMachine"]


def test_model_monitors_schedule_is_what_the_api_takes(by_model_monitor: dict[str, Any]) -> None:
    request = flat(one(by_model_monitor, "AWS::SageMaker::MonitoringSchedule")["Properties"])
    shape = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateMonitoringSchedule")
    definition = request["MonitoringScheduleConfig"]["MonitoringJobDefinition"]
    definition["RoleArn"] = "arn:aws:iam::000000000000:role/monitor"
    assert ParamValidator().validate(request, shape.input_shape).generate_report() == ""
    assert definition["MonitoringAppSpecification"]["ContainerEntrypoint"][-1] == "monitor"
    (given,) = definition["MonitoringInputs"]
    assert given["EndpointInput"]["EndpointName"] == request["MonitoringScheduleName"].removesuffix("-monitor")
    (made,) = definition["MonitoringOutputConfig"]["MonitoringOutputs"]
    assert made["S3Output"]["S3Uri"].endswith("/monitoring")


def test_an_operator_finds_the_jobs_definition(monitored: Monitored, settings: Settings) -> None:
    parameter = one(monitored("endpoint"), "AWS::SSM::Parameter")["Properties"]
    assert parameter["Name"] == settings.names.monitor_parameter
    definition = json.loads(flat(parameter["Value"]))
    assert definition["MonitoringResources"]["ClusterConfig"]["VolumeKmsKeyId"]


def test_the_job_has_no_volume_key_on_a_machine_with_disks_of_its_own(settings: Settings) -> None:
    training = settings.training.model_copy(update={"processing_instance_type": "ml.r5d.large"})
    on_disks = settings.model_copy(update={"training": training})
    job = monitoring_job(on_disks, bucket="b", image_uri="i", kms_key_arn="k", role_arn="r")
    cluster = job["MonitoringResources"]["ClusterConfig"]
    assert cluster == {"InstanceCount": 1, "InstanceType": "ml.r5d.large", "VolumeSizeInGB": 30}


def test_violations_and_failed_jobs_are_published(monitored: Monitored, settings: Settings) -> None:
    monitoring = monitored("monitoring")
    alarm = one(monitoring, "AWS::CloudWatch::Alarm", "MonitorViolations")["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Period"]) == ("Slipway/Monitoring", "Violations", 3600)
    dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    assert dimensions == {"Endpoint": "shoppers-dev", "MonitoringSchedule": "shoppers-dev-monitor"}
    rule = one(monitoring, "AWS::Events::Rule", "MonitorFailed")["Properties"]
    assert rule["EventPattern"]["detail"] == {
        "ProcessingJobName": [{"prefix": f"{job_prefix(settings.names)}-"}],
        "ProcessingJobStatus": ["Failed"],
    }
    (topic,) = [id_ for id_, r in monitoring["Resources"].items() if r["Type"] == "AWS::SNS::Topic"]
    assert alarm["AlarmActions"] == [{"Ref": topic}]
    assert rule["Targets"][0]["Arn"] == {"Ref": topic}


def test_job_names_stay_within_sagemakers_length_and_apart() -> None:
    long = [Names("a" * 24, "b" * 23 + end) for end in "xy"]
    prefixes = {job_prefix(names) for names in long}
    assert len(prefixes) == 2
    assert all(len(f"{prefix}-20261122140000") <= 63 for prefix in prefixes)
    assert job_prefix(Names("shoppers", "dev")) == "shoppers-dev-monitor"


def test_columns_excluded_from_drift_are_excluded_here_too(settings: Settings) -> None:
    document = settings.model_dump()
    document["data"] |= {"exclude_from_drift": ("Month", "Weekend")}
    arguments = monitor_arguments(Settings.model_validate(document))
    assert [each for each in arguments if each.startswith("--exclude-from-drift")] == [
        "--exclude-from-drift=Month",
        "--exclude-from-drift=Weekend",
    ]


WATCHED: dict[str, Any] = {
    "bias": ({"column": "Weekend", "values": ("TRUE",), "metrics": {"DPPL": 0.1, "DI": 0.3}},),
    "min_ndcg": 0.9,
}


def test_bias_and_attribution_are_monitored_only_on_request(monitored: Monitored, settings: Settings) -> None:
    alarms = [r for r in monitored("monitoring")["Resources"].values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    assert {each["Properties"].get("MetricName", "undelivered") for each in alarms} == {
        "undelivered",
        "PredictionDrift",
        "InputDrift",
        "Violations",
        "QualityViolations",
    }
    assert not [a for a in monitor_arguments(with_monitor(settings)) if a.startswith(("--facet", "--min-ndcg"))]


LABELLED: dict[str, Any] = {"bias": ({"column": "Weekend", "values": ("TRUE",), "metrics": {"RD": 0.1}},)}


@pytest.mark.parametrize(
    ("monitoring", "metric", "name", "rule"),
    [
        (WATCHED, "BiasViolations", "bias", [0, "GreaterThanThreshold", "Maximum"]),
        (WATCHED, "NDCG", "attribution", [0.9, "LessThanThreshold", "Minimum"]),
        (LABELLED, "BiasViolations", "labelled-bias", [0, "GreaterThanThreshold", "Maximum"]),
    ],
)
def test_bias_and_attribution_drift_have_alarms_of_their_own_that_keep_their_state_without_a_report(
    monitored: Monitored, *, monitoring: dict[str, Any], metric: str, name: str, rule: list[Any]
) -> None:
    alarm = one(monitored("monitoring", **monitoring), "AWS::CloudWatch::Alarm", metric)["Properties"]
    assert alarm["AlarmName"] == f"shoppers-dev-monitor-{name}"
    assert [alarm[key] for key in ("Threshold", "ComparisonOperator", "Statistic")] == rule
    assert (alarm["Namespace"], alarm["TreatMissingData"]) == ("Slipway/Monitoring", "ignore")
    assert alarm["AlarmActions"]


def test_job_and_settings_have_the_same_metrics_and_which_need_outcomes() -> None:
    assert set(get_args(BiasMetric)) == BIAS_METRICS.keys()
    assert {name for name, metric in BIAS_METRICS.items() if not metric.labelled} == LABEL_FREE


def test_a_facet_of_every_metric_is_short_enough_for_an_argument(settings: Settings) -> None:
    facet = {
        "column": "PageValues",
        "threshold": 10.5,
        "metrics": dict.fromkeys(BIAS_METRICS, 0.125),
        "reference": "parity",
    }
    (given,) = [each for each in monitor_arguments(with_monitor(settings, bias=(facet,))) if "--facet" in each]
    assert Facet.parse(given.removeprefix("--facet=")).limits.keys() == BIAS_METRICS.keys()


def started_by(template: dict[str, Any]) -> set[str]:
    """The alarms that start training."""
    pattern = one(template, "AWS::Events::Rule", "RetrainingDrifted")["Properties"]["EventPattern"]
    return {name.removeprefix("shoppers-dev-") for name in pattern["detail"]["alarmName"]}


DRIFT = {"drift-PredictionDrift", "drift-InputDrift"}
BOTH: dict[str, Any] = {**WATCHED, "bias": (*WATCHED["bias"], *LABELLED["bias"])}


@pytest.mark.parametrize(
    ("monitoring", "expected"),
    [
        ({}, {*DRIFT, "monitor-quality"}),
        (BOTH, {*DRIFT, "monitor-quality", "monitor-bias", "monitor-labelled-bias", "monitor-attribution"}),
        ({**BOTH, "retrain_on": ("quality",)}, {"monitor-quality"}),
        ({**WATCHED, "retrain_on": ("bias", "data")}, {*DRIFT, "monitor-bias"}),
        ({**WATCHED, "retrain_on": ("attribution",)}, {"monitor-attribution"}),
        ({**WATCHED, "scheduler": "model_monitor"}, {*DRIFT, "monitor-bias", "monitor-attribution"}),
    ],
)
def test_drift_that_the_job_finds_starts_the_same_training_as_the_servers(
    monitored: Monitored, monitoring: dict[str, Any], expected: set[str]
) -> None:
    template = monitored("monitoring", retrain=True, **monitoring)
    assert started_by(template) == expected
    alarms = [r["Properties"]["AlarmName"] for r in template["Resources"].values() if "Alarm" in r["Type"]]
    assert expected <= {name.removeprefix("shoppers-dev-") for name in alarms}
    assert len([r for r in template["Resources"].values() if "StateMachine" in r["Type"]]) == 1


def test_the_job_gets_the_facets_and_limits(settings: Settings) -> None:
    above = {"column": "PageValues", "threshold": 10.0, "metrics": {"DI": 0.5}, "reference": "parity"}
    arguments = monitor_arguments(with_monitor(settings, bias=(*WATCHED["bias"], above), min_ndcg=0.8))
    facets = [Facet.parse(each.removeprefix("--facet=")) for each in arguments if each.startswith("--facet=")]
    assert facets == [
        Facet("Weekend", ("TRUE",), limits={"DPPL": 0.1, "DI": 0.3}),
        Facet("PageValues", threshold=10.0, limits={"DI": 0.5}, parity=True),
    ]
    assert "--min-ndcg=0.8" in arguments


@pytest.mark.parametrize(
    ("monitoring", "reason"),
    [
        ({"schedule": None, **WATCHED}, "monitoring.bias must be left out without monitoring.schedule"),
        ({"schedule": None, "min_ndcg": 0.9}, "monitoring.min_ndcg must be left out without monitoring.schedule"),
        ({"bias": ({"column": "Colour", "metrics": {"DI": 1}},)}, "must name feature columns, got Colour"),
        ({"bias": ({"column": "Weekend", "threshold": 1, "metrics": {"DI": 1}},)}, "Weekend must not have a threshold"),
        ({"bias": ({"column": "PageValues", "metrics": {"DI": 1}},)}, "PageValues must have a threshold"),
        (
            {"bias": ({"column": "PageValues", "values": ("1",), "threshold": 1, "metrics": {"DI": 1}},)},
            "PageValues must not have values",
        ),
        ({"bias": ({"column": "Weekend", "metrics": {"KL": 1}},)}, "'DPPL', 'DI', 'AD', "),
        ({"retrain_on": ("data",)}, "monitoring.retrain_on must be left out without monitoring.retrain"),
        (
            {"retrain": True, "retrain_on": ("bias",)},
            "monitoring.retrain_on must name drift that is watched, data, quality, got bias",
        ),
        (
            {"retrain": True, "retrain_on": ("quality",), "schedule": None},
            "monitoring.retrain_on must name drift that is watched, data, got quality",
        ),
        (
            {"retrain": True, "retrain_on": ("quality",), "scheduler": "model_monitor"},
            "monitoring.retrain_on must name drift that is watched, data, got quality",
        ),
        (
            {**LABELLED, "scheduler": "model_monitor"},
            "must be of DI, DPPL with monitoring.scheduler model_monitor: it brings no outcomes, got RD",
        ),
        (
            {"outcomes_after_hours": 24, "schedule": None},
            "monitoring.outcomes_after_hours must be left out without monitoring.schedule",
        ),
        (
            {"outcomes_after_hours": 24, "scheduler": "model_monitor"},
            "monitoring.outcomes_after_hours must be left out with monitoring.scheduler model_monitor",
        ),
        (
            {"outcomes_after_hours": 24 * 90},
            "outcomes_after_hours must be at most 2135, got 2160: requests are deleted after endpoint.capture_days, 90",
        ),
        ({"retrain": True, "retrain_on": ("violations",)}, "'data', 'quality', 'bias' or 'attribution'"),
        ({"retrain": True, "retrain_on": ()}, "at least 1 item"),
        ({"bias": ({"column": "Weekend", "metrics": {}},)}, "at least 1 item"),
    ],
)
def test_what_cannot_be_monitored_is_refused(settings: Settings, monitoring: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        with_monitor(settings, **monitoring)


def test_requests_that_are_not_captured_cannot_be_examined(settings: Settings) -> None:
    document = settings.model_dump()
    document["endpoint"] |= {"capture_percent": 0}
    document["monitoring"] |= {"schedule": "cron(0 2 ? * * *)"}
    with pytest.raises(InputError, match=r"monitoring\.schedule must be left out with endpoint\.capture_percent 0"):
        parse_settings(document, source="config.toml")


@pytest.mark.parametrize("given", ["rate(1 hour)", "cron(5 * ? * * *)", "cron(0 24 ? * * *)", "cron(0 0/6 ? * * *)"])
def test_a_monitor_runs_once_an_hour_or_once_a_day(settings: Settings, given: str) -> None:
    with pytest.raises(ValueError, match="should match pattern"):
        with_monitor(settings, schedule=given)


def test_the_days_monitor_examines_a_day(settings: Settings) -> None:
    assert with_monitor(settings, schedule="cron(0 2 ? * * *)").monitoring.period_hours == 24
    assert with_monitor(settings).monitoring.period_hours == 1
