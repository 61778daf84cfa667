"""`slipway lint`."""

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.journey.options import PROJECT
from slipway.cli.main import main

SHOPPERS = PROJECT / "config" / "shoppers.toml"


def endpoint_template(canary_percent: int = 25, **alarm: Any) -> dict[str, Any]:
    config_name = {"Fn::GetAtt": ["Config", "EndpointConfigName"]}
    selected = {"EndpointName": "shop", "VariantName": "v1", "EndpointConfigName": config_name}
    name = {"Fn::Join": ["", [config_name, "-Latency"]]}
    watched = {
        "AlarmName": name,
        "Namespace": "AWS/SageMaker",
        "MetricName": "ModelLatency",
        "ExtendedStatistic": "p90",
        "Threshold": 500_000,
        "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": [{"Name": key, "Value": value} for key, value in selected.items()],
        "Period": 60,
        "EvaluationPeriods": 1,
        **alarm,
    }
    variant = {"VariantName": "v1", "InitialInstanceCount": 4, "InstanceType": "ml.m5.large"}
    routing = {
        "Type": "CANARY",
        "WaitIntervalInSeconds": 300,
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": canary_percent},
    }
    deployment = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 120},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]},
    }
    endpoint = {"EndpointName": "shop", "EndpointConfigName": config_name, "DeploymentConfig": deployment}
    return {
        "Resources": {
            "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [variant]}},
            "Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": endpoint},
            "Latency": {"Type": "AWS::CloudWatch::Alarm", "Properties": watched},
        }
    }


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(template: object, name: str = "shop.template.json") -> str:
        file = tmp_path / name
        file.write_text(template if isinstance(template, str) else json.dumps(template))
        return str(file)

    return written


def test_the_shipped_use_case_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    for stage in ("dev", "prod"):
        assert main(["lint", "--config", str(SHOPPERS), "--stage", stage]) == 0
        assert capsys.readouterr().out == "0 errors, 0 warnings\n"


def test_traffic_too_small_for_canary_analysis_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--config", str(SHOPPERS), "--requests-per-second", "0.2"]) == 1
    message = capsys.readouterr().out
    for kind in ("ServerErrors", "Latency"):
        assert f"error SG703 shoppers-dev/{kind}: the alarm needs " in message
    assert "warning SG705 shoppers-dev/InputDrift: a server gets 24 rows in the bake" in message
    assert "write rollout.alarm_period_seconds = 300 with a bake as long, or take the plan of" in message
    assert "or a lower rollout.min_requests" in message
    assert main(["lint", "--config", str(SHOPPERS), "--requests-per-second", "0.02"]) == 1
    longest = capsys.readouterr().out
    assert "write a larger first step, or take the plan of `slipway plan --requests-per-second 0.02`" in longest


@pytest.mark.parametrize(
    ("stage", "rate", "code", "message"),
    [
        ("prod", "5", 1, "error SG803 shoppers-prod: 73 % of good models can be proven safe by the 2,100 requests"),
        ("prod", "16", 0, ""),
        ("dev", "5", 0, ""),
    ],
)
def test_traffic_that_canary_analysis_cannot_decide_by_is_a_finding(
    capsys: pytest.CaptureFixture[str], stage: str, rate: str, code: int, message: str
) -> None:
    argv = ["lint", "--config", str(SHOPPERS), "--stage", stage, "--requests-per-second", rate]
    assert main(argv) == code
    *found, _ = capsys.readouterr().out.splitlines()
    assert "".join(found).startswith(message)
    assert len(found) == bool(message)


def test_a_bake_too_short_for_the_minimum_of_canary_analysis_is_a_finding(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "short.toml"
    config.write_text(SHOPPERS.read_text().replace("bake_seconds = 1800", "bake_seconds = 300"))
    assert main(["lint", "--config", str(config), "--stage", "prod", "--requests-per-second", "5"]) == 1
    few = "0 % of good models can be proven safe by the 225 requests of the new fleet, of 500 that "
    assert few in capsys.readouterr().out


def test_unguarded_alarms_of_a_template_are_checked_against_the_traffic(
    capsys: pytest.CaptureFixture[str], write: Any
) -> None:
    main(["lint", write(endpoint_template()), "--requests-per-second", "0.5"])
    assert "error SG702 shop/Latency: p90 of 7.5 requests a period is evaluated on noise" in capsys.readouterr().out


def test_settings_that_make_an_unsafe_rollout_are_errors(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "single.toml"
    config.write_text(SHOPPERS.read_text().replace("instance_count = 4", "instance_count = 1"))
    assert main(["lint", "--config", str(config)]) == 1
    assert "error SG103 shoppers-dev: CanarySize is all of a fleet of 1 instance" in capsys.readouterr().out


def test_warnings_alone_are_allowed(capsys: pytest.CaptureFixture[str], write: Any) -> None:
    assert main(["lint", write(endpoint_template())]) == 0
    out = capsys.readouterr().out
    assert out.startswith("warning SG302 shop: no rollback alarm watches the new fleet's errors")
    assert out.endswith("0 errors, 1 warning\n")


def test_each_finding_is_one_line_with_its_place(capsys: pytest.CaptureFixture[str], write: Any) -> None:
    assert main(["lint", write(endpoint_template(canary_percent=90, Threshold=500))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines[:-1]] == [
        "error SG003 shop",
        "error SG504 shop/Latency",
        "warning SG302 shop",
    ]
    assert lines[-1] == "2 errors, 1 warning"


def test_machines_get_json(capsys: pytest.CaptureFixture[str], write: Any) -> None:
    assert main(["lint", "--json", write(endpoint_template(Threshold=500))]) == 1
    first = json.loads(capsys.readouterr().out)[0]
    assert first.keys() == {"rule", "severity", "where", "what", "reason", "fix"}
    assert (first["rule"], first["severity"], first["where"]) == ("SG504", "error", "shop/Latency")


def test_the_templates_of_a_folder_know_each_others_alarms(
    capsys: pytest.CaptureFixture[str], write: Any, tmp_path: Path
) -> None:
    template = endpoint_template(AlarmName="slow")
    moved = {"Resources": {"Latency": template["Resources"].pop("Latency")}}
    rollback = template["Resources"]["Endpoint"]["Properties"]["DeploymentConfig"]["AutoRollbackConfiguration"]
    rollback["Alarms"] = [{"AlarmName": "slow"}]
    alone = write(template)
    assert main(["lint", alone]) == 1
    assert "error SG304" in capsys.readouterr().out
    write(moved, "alarms.template.json")
    main(["lint", str(tmp_path)])
    assert "SG304" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Resources:\n  A: 1\n", "template must be JSON"),
        ("[]", "template must be a JSON object"),
        ("{}", "a template must have Resources"),
        ('{"Resources": {}}', "templates must have an AWS::SageMaker::Endpoint"),
    ],
)
def test_what_is_no_template_is_bad_input(
    capsys: pytest.CaptureFixture[str], write: Any, content: str, message: str
) -> None:
    assert main(["lint", write(content)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nowhere.json"], ["--config", "nowhere.toml"]])
def test_a_file_that_is_not_there_is_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(["lint", *arguments]) == 2
    assert "must be a readable file, got nowhere" in capsys.readouterr().err


def test_impossible_traffic_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["lint", "--requests-per-second", "0"])
    assert ended.value.code == 2
    assert "got 0" in capsys.readouterr().err


DELIVERY = """
repository = "acme/models"
use_cases = ["config/shoppers.toml"]
[[stages]]
name = "dev"
[[stages]]
name = "prod"
"""


@pytest.mark.parametrize(
    ("prod", "shared"),
    [
        ("", True),
        ('account = "222222222222"', False),
        ('region = "eu-west-1"', False),
    ],
)
def test_two_stages_behind_one_deploy_role_are_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], prod: str, shared: bool
) -> None:
    file = tmp_path / "delivery.toml"
    file.write_text(f"{DELIVERY}{prod}\n")
    assert main(["lint", "--delivery", str(file)]) == 0
    message = capsys.readouterr().out
    assert ("warning SG901 slipway: the stages dev and prod share the deploy role" in message) is shared
    assert message.endswith(f"0 errors, {1 if shared else 0} warning{'' if shared else 's'}\n")
