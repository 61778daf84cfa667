"""Endpoints of real processes: created, updated behind alarms, rolled back, deleted."""

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import InputError
from slipway.settings.limits import MOST_SERVERLESS_BYTES
from tests.rehearsal.cloud.process import PROJECT
from tests.rehearsal.endpoints.account import Users, canary, endpoint_config, model, processes_of, until

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


def test_a_new_endpoint_serves_its_model(account: Any) -> None:
    account.create("blue")
    answer = account.ask(b"3,4")
    assert json.loads(answer.body) == {"model": "blue", "got": "3,4"}
    assert (answer.status, answer.config_name, answer.variant) == (200, "blue", "primary")


def test_describe_shows_what_sagemaker_shows(account: Any) -> None:
    account.create("blue")
    described = account.describe()
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "blue"
    (variant,) = described["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (4, 1.0)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == "repo:good"


def test_no_user_is_sent_to_a_server_that_is_not_ready(account: Any) -> None:
    account.fleets.create("shop", endpoint_config("blue"), model("blue", start_seconds=0.3))
    assert account.describe()["EndpointStatus"] == "Creating"
    with pytest.raises(LookupError):
        account.ask()
    account.settled()
    assert account.ask().status == 200


def test_a_server_that_does_not_start_fails_the_endpoint_with_its_last_words(account: Any) -> None:
    account.fleets.create("shop", endpoint_config("blue"), model("blue", start_error="no contract.json"))
    described = account.settled()
    assert described["EndpointStatus"] == "Failed"
    assert "no contract.json" in described["FailureReason"]


def test_an_image_that_does_not_exist_fails_the_endpoint(account: Any) -> None:
    models = model("blue")
    models["blue"]["Image"] = "repo:unknown"
    account.fleets.create("shop", endpoint_config("blue"), models)
    assert "no image repo:unknown has been built" in account.settled()["FailureReason"]


def test_a_server_that_is_too_slow_to_start_fails_the_endpoint(account: Any) -> None:
    config = endpoint_config("blue", ContainerStartupHealthCheckTimeoutInSeconds=1)
    account.fleets.create("shop", config, model("blue", start_seconds=30))
    assert "did not pass the ping health check in 1 s" in account.settled()["FailureReason"]


def test_the_servers_log_reaches_the_endpoints_log_group(account: Any) -> None:
    account.create("blue")
    until(lambda: any(line == "serving blue" for _, _, line in account.logs))
    group, stream, _ = account.logs[0]
    assert group == "/aws/sagemaker/Endpoints/shop"
    assert stream.startswith("primary/")


def test_a_server_that_dies_is_started_again(account: Any) -> None:
    account.create("blue")
    assert account.ask(b"die").status == 0
    until(lambda: account.ask().status == 200)
    assert any("ended with status 3" in line for _, _, line in account.logs)


def test_a_good_canary_is_promoted_and_every_user_is_served(account: Any) -> None:
    account.create("blue")
    account.alarms["errors"] = "OK"
    with Users(account) as users:
        account.update("green", canary("errors", wait=300, final=60))
        described = account.settled()
    assert described["EndpointConfigName"] == "green"
    assert "FailureReason" not in described
    assert {answer.status for answer in users.answers} == {200}
    assert users.served_by("blue") > users.served_by("green") > 0


def test_a_shadow_that_fails_and_is_slow_is_no_users_concern_and_leaves_with_the_next_update(account: Any) -> None:
    account.create("blue")
    with Users(account) as users:
        account.update_with_shadow("blue-2", "candidate", canary(), status=500, seconds=0.2)
        (shadow,) = account.settled()["ShadowProductionVariants"]
        until(lambda: account.total("InvocationModelErrors", VariantName="shadow") > 0)
        account.update("blue-3", canary())
        assert "ShadowProductionVariants" not in account.settled()
    assert (shadow["VariantName"], shadow["CurrentInstanceCount"]) == ("shadow", 4)
    assert {answer.status for answer in users.answers} == {200}
    assert not account.total("InvocationModelErrors")
    assert len(account.processes()) == 1


def test_a_candidate_that_does_not_start_as_a_shadow_leaves_the_old_fleet_in_service(account: Any) -> None:
    account.create("blue")
    account.update_with_shadow("blue-2", "candidate", canary(), start_error="no such column")
    described = account.settled()
    assert described["EndpointConfigName"] == "blue"
    assert "variant shadow" in described["FailureReason"]


def test_a_rollout_ends_where_a_thousand_connections_are_open(account: Any) -> None:
    account.create("blue")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1024)]
    try:
        account.update("green", canary(wait=60))
        assert account.settled()["EndpointConfigName"] == "green"
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_canary_serves_exactly_its_share_while_it_bakes(account: Any) -> None:
    account.create("blue")
    account.update("green", canary(wait=3600))
    until(lambda: account.phases()[-1] == "Baking")
    answers = [account.ask() for _ in range(40)]
    assert sum(answer.config_name == "green" for answer in answers) == 10


def test_an_alarm_sends_everybody_back_and_only_users_of_the_new_fleet_have_met_it(account: Any) -> None:
    account.create("blue")
    account.alarms["errors"] = "OK"
    with Users(account) as users:
        account.update("green", canary("errors", wait=3600), image="repo:fault-errors")
        until(lambda: account.total("Invocation5XXErrors", EndpointConfigName="green") > 0)
        account.alarms["errors"] = "ALARM"
        described = account.settled()
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "blue"
    assert "rollback alarm errors went into ALARM" in described["FailureReason"]
    failed = [answer.config_name for answer in users.answers if answer.status != 200]
    assert set(failed) == {"green"}
    # the last requests' metrics are published after their answers
    until(lambda: account.total("InvocationModelErrors", EndpointConfigName="green") == len(failed))
    assert account.phases()[-3:] == ["RollingBack", "RolledBack", "InService"]
    rolling_back = account.fleets.timeline("shop")[-3]
    assert (rolling_back["alarm"], rolling_back["green_share"]) == ("errors", 0.0)
    assert account.ask().config_name == "blue"


@pytest.mark.parametrize(
    ("alarms", "reported"), [({"errors": "ALARM"}, "was in ALARM before"), ({}, "there is no rollback")]
)
def test_an_update_that_cannot_be_watched_is_not_begun(account: Any, alarms: dict[str, str], reported: str) -> None:
    account.create("blue")
    account.alarms.update(alarms)
    account.update("green", canary("errors"))
    described = account.settled()
    assert reported in described["FailureReason"]
    assert described["EndpointConfigName"] == "blue"
    assert "Provisioning" not in account.phases()


def test_a_deployment_config_that_sagemaker_refuses_changes_nothing(account: Any) -> None:
    account.create("blue")
    with pytest.raises(InputError, match="CanarySize"):
        account.update("green", canary(percent=90))
    assert account.describe()["EndpointStatus"] == "InService"


def test_an_update_during_an_update_is_refused(account: Any) -> None:
    account.create("blue")
    account.update("green", canary(wait=3600))
    with pytest.raises(ValueError, match="while another operation is in progress"):
        account.update("amber", canary())


def test_users_are_served_while_metrics_cannot_be_published(account: Any) -> None:
    account.create("blue")
    account.publish_fails = True
    account.ask()
    until(lambda: account.refused > 0)
    account.publish_fails = False
    account.ask()
    until(lambda: account.total("Invocations") == 1)


def test_when_alarms_cannot_be_read_any_more_everybody_goes_back(account: Any) -> None:
    account.create("blue")
    account.alarms["errors"] = "OK"
    account.update("green", canary("errors", wait=3600))
    until(lambda: account.phases()[-1] == "Baking")
    account.alarms = None
    assert "AttributeError" in account.settled()["FailureReason"]
    assert {account.ask().config_name for _ in range(8)} == {"blue"}


def test_a_failed_endpoint_can_be_updated_to_a_model_that_starts(account: Any) -> None:
    account.create("blue", start_error="no contract.json")
    account.update("green", canary())
    assert account.settled()["EndpointStatus"] == "InService"
    assert account.ask().config_name == "green"


def test_model_data_that_cannot_be_fetched_leaves_the_old_model_in_service(account: Any) -> None:
    account.create("blue")
    account.fleets.update(
        "shop", endpoint_config("green"), {"green": {"Image": "repo:good", "ModelDataUrl": "s3://gone"}}, None
    )
    described = account.settled()
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "blue")
    assert described["FailureReason"]
    assert account.ask().status == 200


def test_autoscaled_capacity_and_weights_are_retained_when_asked(account: Any) -> None:
    account.create("blue")
    account.fleets.set_weights("shop", [{"VariantName": "primary", "DesiredWeight": 2.0, "DesiredInstanceCount": 8}])
    (variant,) = account.describe()["ProductionVariants"]
    assert (account.describe()["EndpointStatus"], variant["DesiredWeight"]) == ("Updating", 2.0)
    with pytest.raises(ValueError, match="in progress"):
        account.fleets.set_weights("shop", [{"VariantName": "primary", "DesiredWeight": 1.0}])
    assert account.ask().status == 200
    account.settled()
    account.fleets.update("shop", endpoint_config("green"), model("green"), None, retain_all_variant_properties=True)
    (variant,) = account.settled()["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (8, 2.0)


CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://artifacts/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}


def test_captured_requests_name_the_fleet_that_answered(account: Any) -> None:
    account.create("blue", config={**endpoint_config("blue"), "DataCaptureConfig": CAPTURE})
    assert account.describe()["DataCaptureConfig"]["CaptureStatus"] == "Started"
    account.ask(b"1,2", inference_id="a", custom_attributes="trace=7")
    account.fleets.update("shop", {**endpoint_config("green"), "DataCaptureConfig": CAPTURE}, model("green"), None)
    account.settled()
    account.ask(b"3,4", inference_id="b")
    account.fleets.close()
    lines = [json.loads(line) for _, _, content, _ in account.objects for line in content.splitlines()]
    found = [(line["eventMetadata"]["inferenceId"], line["eventMetadata"]["customAttributes"]) for line in lines]
    assert found == [("a", ["trace=7", "model_package=blue"]), ("b", ["model_package=green"])]
    assert [line["captureData"]["endpointInput"]["data"] for line in lines] == ["1,2", "3,4"]


@pytest.mark.parametrize(("excluded", "captured"), [(set(), False), ({"DataCaptureConfig"}, True)])
def test_retained_properties_include_data_capture_unless_it_is_excluded(
    account: Any, excluded: set[str], captured: bool
) -> None:
    account.create("blue")
    config = {**endpoint_config("green"), "DataCaptureConfig": CAPTURE}
    account.fleets.update(
        "shop",
        config,
        model("green"),
        None,
        retain_all_variant_properties=True,
        excluded_properties=excluded,
    )
    assert ("DataCaptureConfig" in account.settled()) == captured


def test_the_models_environment_reaches_the_server_with_a_compressed_metric_interval(account: Any) -> None:
    models = model("blue")
    models["blue"]["Environment"] = {"SLIPWAY_ENDPOINT_NAME": "shop"}
    account.fleets.create("shop", endpoint_config("blue"), models)
    account.settled()
    environment = json.loads(account.ask(b"environment").body)["got"]
    assert environment["SLIPWAY_ENDPOINT_NAME"] == "shop"
    assert float(environment["SLIPWAY_METRIC_SECONDS"]) == pytest.approx(10 / 300)


def test_two_variants_share_the_requests_by_weight(account: Any) -> None:
    config = endpoint_config("blue", InitialVariantWeight=3.0)
    config["ProductionVariants"].append(
        {**config["ProductionVariants"][0], "VariantName": "b", "InitialVariantWeight": 1.0}
    )
    account.create("blue", config=config)
    answers = [account.ask().variant for _ in range(8)]
    assert (answers.count("primary"), answers.count("b")) == (6, 2)
    assert account.ask(target_variant="b").variant == "b"
    with pytest.raises(LookupError, match="variant must be one of primary, b, got c"):
        account.ask(target_variant="c")


def test_a_serverless_endpoint_takes_and_gives_at_most_4_mb(account: Any) -> None:
    config = endpoint_config("blue", ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 5})
    del config["ProductionVariants"][0]["InstanceType"]
    account.create("blue", config=config)
    assert account.ask(b"1" * (MOST_SERVERLESS_BYTES - 100)).status == 200
    with pytest.raises(ValueError, match=r"the request must have at most 4194304 bytes .*, got 4194305"):
        account.ask(b"1" * (MOST_SERVERLESS_BYTES + 1))
    with pytest.raises(ValueError, match="the response must have at most 4194304 bytes"):
        account.ask(b"1" * MOST_SERVERLESS_BYTES)  # which it repeats, with the model's name


def test_metrics_tell_the_new_fleet_from_the_old_one(account: Any) -> None:
    account.create("blue")
    for _ in range(5):
        account.ask()
    until(lambda: account.total("Invocations") == 5)
    assert account.total("Invocations", EndpointConfigName="blue") == 5
    assert account.total("InvocationsPerInstance") == pytest.approx(5 / 4)
    assert account.total("Invocation5XXErrors") == 0
    assert account.total("ModelLatency") > 0
    assert account.total("OverheadLatency") > 0


def test_the_traffic_of_every_second_is_kept_by_fleet(account: Any) -> None:
    account.create("blue")
    for _ in range(5):
        account.ask()
    account.fleets.close()
    rows = [json.loads(line) for line in (account.folder / "fleets" / "traffic-shop.jsonl").read_text().splitlines()]
    assert sum(row["requests"] for row in rows) == 5
    assert {row["config"] for row in rows} == {"blue"}
    assert all(0 < row["p50_us"] <= row["p99_us"] for row in rows)


@linux
def test_nothing_is_left_after_an_endpoint_is_deleted(account: Any) -> None:
    account.create("blue")
    assert len(account.processes()) == 1
    account.fleets.delete("shop")
    assert account.processes() == []
    with pytest.raises(LookupError):
        account.describe()
    assert [path.suffix for path in (account.folder / "fleets").iterdir()] == [".jsonl"]


@linux
def test_closing_in_the_middle_of_a_rollout_leaves_nothing(account: Any) -> None:
    account.create("blue")
    account.update("green", canary(wait=3600))
    until(lambda: account.phases()[-1] == "Baking")
    account.fleets.close()
    assert account.processes() == []


@linux
def test_servers_and_controllers_die_with_a_parent_that_was_killed(account: Any, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    script = f"""
        import pathlib
        from tests.rehearsal.endpoints.account import Account, canary, until
        folder = pathlib.Path({str(folder)!r})
        folder.mkdir()
        account = Account(folder)
        account.create("blue")
        account.update("green", canary(wait=3600))
        until(lambda: account.phases()[-1] == "Baking")
        print(account.describe()["EndpointStatus"], flush=True)
        input()
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "Updating\n"
        assert len(processes_of(folder)) == 4  # itself, two servers, the rollout's controller
        parent.send_signal(signal.SIGKILL)
    until(lambda: processes_of(folder) == [])


def test_an_unknown_endpoint_is_told_with_the_known_ones(account: Any) -> None:
    account.create("blue")
    with pytest.raises(LookupError, match="endpoint must be one of shop, got cart"):
        account.fleets.describe("cart")
    with pytest.raises(ValueError, match="endpoint name must be new, got shop"):
        account.fleets.create("shop", {}, {})
