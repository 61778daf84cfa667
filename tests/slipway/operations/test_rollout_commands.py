"""`slipway rollout …` against a use case in the embedded AWS."""

import json
from pathlib import Path

import pytest

from slipway.cli.main import main
from slipway.operations.executions import listed_executions
from slipway.rollout.audit import verify
from slipway.rollout.steps import RolloutStep
from tests.slipway.operations.conftest import CONFIG, NAMES, World, number

WHY = ("--reason", "sale weekend")


def phases(world: World) -> list[tuple[str, str]]:
    return [(entry["action"], entry["detail"]["phase"]) for entry in world.entries()]


def test_without_a_model_status_reports_what_to_expect(world: World) -> None:
    code, out, _ = world.slipway("rollout", "status")
    assert code == 0
    assert "shoppers-dev does not exist yet" in out
    assert "none; rollouts begin when a model is approved" in out


def test_pause_stops_rollouts_resume_lets_them_continue_and_status_reports_both_and_their_end(world: World) -> None:
    code, out, _ = world.slipway("rollout", "pause", *WHY)
    assert (code, out) == (
        0,
        "rollouts of shoppers-dev are paused; `slipway rollout resume --reason …` ends the pause\n",
    )
    arn = world.package()
    execution = world.start(arn)
    world.at(execution, RolloutStep.PAUSED)
    code, out, _ = world.slipway("rollout", "status")
    assert f"version {number(arn)} since" in out
    assert "is paused" in out
    assert "sale weekend" in out
    assert world.slipway("rollout", "resume", "--reason", "sale is over")[0] == 0
    world.at(execution, RolloutStep.WATCH)
    assert phases(world) == [("pause", "intended"), ("pause", "done"), ("resume", "intended"), ("resume", "done")]
    world.stop(execution, "alarm c-Latency")
    out = world.slipway("rollout", "status")[1]
    assert f"version {number(arn)} ended STOPPED at" in out
    assert "alarm c-Latency" in out


def test_pausing_twice_is_refused(world: World) -> None:
    world.pause("paused")
    code, _, err = world.slipway("rollout", "pause", *WHY)
    assert (code, err) == (1, "slipway: rollouts of shoppers-dev are paused already\n")
    assert not world.entries()


def test_resuming_what_is_not_paused_is_refused_with_the_command_that_approves(world: World) -> None:
    code, _, err = world.slipway("rollout", "resume", *WHY)
    assert code == 1
    assert "are not paused; to approve a version use `slipway rollout approve --package N --reason …`" in err


def test_approving_starts_the_registrys_way_and_is_recorded(world: World) -> None:
    arn = world.package()
    code, out, _ = world.slipway("rollout", "approve", "--package", number(arn), "--yes", *WHY)
    assert (code, out) == (0, f"version {number(arn)} is approved; its rollout starts by itself\n")
    found = world.cloud("sagemaker").describe_model_package(ModelPackageName=arn)
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "sale weekend")
    intention, outcome = world.entries()
    assert intention["subject"] == arn
    assert intention["actor"] == world.cloud("sts").get_caller_identity()["Arn"]
    assert intention["detail"] == {
        "phase": "intended",
        "reason": "sale weekend",
        "before": "PendingManualApproval",
        "paused": False,
    }
    assert outcome["detail"] == {"phase": "done", "intention": 1}


def test_approving_while_rollouts_are_paused_reports_that_it_waits(world: World) -> None:
    arn = world.package()
    world.pause("paused")
    assert "rollouts are paused" in world.slipway("rollout", "approve", "--package", number(arn), "--yes", *WHY)[1]


def test_approving_without_a_terminal_needs_yes(world: World) -> None:
    arn = world.package()
    code, _, err = world.slipway("rollout", "approve", "--package", number(arn), *WHY)
    assert (code, err) == (2, "slipway: standard input must be a terminal to confirm, got none: add --yes\n")
    assert world.cloud("sagemaker").describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] != "Approved"


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1)])
def test_approving_asks_for_confirmation(world: World, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    arn = world.package()
    monkeypatch.setattr("sys.stdin", Terminal())
    found, _, err = world.slipway("rollout", "approve", "--package", number(arn), *WHY)
    assert found == code
    assert f"version {number(arn)} of shoppers-dev, auc 0.9312, PendingManualApproval" in err
    assert bool(world.entries()) == (code == 0)


def test_a_rejected_package_needs_reapprove(world: World) -> None:
    arn = world.package()
    world.cloud("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription="alarm c-ServerErrors"
    )
    code, _, err = world.slipway("rollout", "approve", "--package", arn, "--yes", *WHY)
    assert code == 1
    assert f"version {number(arn)} was rejected (alarm c-ServerErrors)" in err
    assert world.slipway("rollout", "approve", "--package", arn, "--yes", "--reapprove", *WHY)[0] == 0


def test_an_approved_package_that_does_not_serve_is_rolled_out_again(world: World) -> None:
    arn = world.package("Approved")
    done = world.json("rollout", "approve", "--package", number(arn), "--yes", *WHY)
    assert "started again" in done["done"]
    (execution,) = listed_executions(world.cloud("lambda"), world.function)
    started = world.execution(execution["DurableExecutionArn"])
    assert json.loads(started["InputPayload"]) == {"ModelPackageArn": arn}
    code, _, err = world.slipway("rollout", "approve", "--package", number(arn), "--yes", *WHY)
    assert code == 1
    assert f"a rollout of version {number(arn)} is under way" in err


@pytest.mark.parametrize(
    ("package", "code", "reported"),
    [
        ("9999", 1, "there is no model package"),
        ("latest", 2, "must be a version number or an ARN of group shoppers-dev, got latest"),
        ("arn:aws:sagemaker:us-east-1:000000000000:model-package/other/1", 2, "an ARN of group shoppers-dev"),
    ],
)
def test_a_package_that_is_none_of_the_groups_is_refused(world: World, package: str, code: int, reported: str) -> None:
    found, _, err = world.slipway("rollout", "approve", "--package", package, "--yes", *WHY)
    assert found == code
    assert reported in err
    assert not world.entries()


def test_with_nothing_under_way_there_is_nothing_to_abort(world: World) -> None:
    code, _, err = world.slipway("rollout", "abort", *WHY)
    assert (code, err) == (1, "slipway: no rollout of endpoint shoppers-dev is under way\n")
    assert not world.entries()


def test_a_paused_rollout_is_rejected_and_the_pause_stays_as_it_was(world: World) -> None:
    world.pause("paused")
    arn = world.package("Approved")
    execution = world.start(arn)
    world.at(execution, RolloutStep.PAUSED)
    code, out, err = world.slipway("rollout", "abort", *WHY)
    assert code == 0, err
    assert "the rollout ended rejected: an operator aborted the rollout before it began" in out
    assert json.loads(world.execution(execution)["Result"])["by"] == "operator"
    assert world.pause_value() == "paused"
    assert phases(world) == [("abort", "intended"), ("abort", "done")]


def test_an_update_is_rolled_back_by_sagemaker_itself(world: World) -> None:
    old, new = world.package("Approved"), world.package("Approved")
    world.serve("blue", old)
    alarms = world.config("green", new)
    execution = world.start(new)
    world.at(execution, RolloutStep.WATCH)
    world.update("green", alarms)

    status = world.json("rollout", "status")
    assert status["endpoint"]["pending"]["package"] == new
    assert status["endpoint"]["pending"]["variant_status"] == "Baking"
    assert status["endpoint"]["live"]["package"] == old
    assert [alarm["name"] for alarm in status["alarms"]] == alarms
    assert [(each["execution"]["package"], each["step"]) for each in status["under_way"]] == [(new, "watch the update")]
    code, out, _ = world.slipway("rollout", "pause", *WHY)
    assert code == 0
    assert "an update to green is under way and continues, because SageMaker cannot pause a bake" in out

    code, out, err = world.slipway("rollout", "abort", "--reason", "wrong offers", "--timeout", "60")
    assert code == 0, err
    assert out == "the endpoint is back on blue\n"
    assert "green is being rolled back by metric" in err
    assert world.endpoint()["EndpointConfigName"] == "blue"
    intention, outcome = world.entries()[-2:]
    assert (intention["action"], intention["subject"], intention["detail"]["reason"]) == ("abort", new, "wrong offers")
    assert intention["detail"]["execution"] == execution
    assert outcome["detail"]["ended"] == "the endpoint is back on blue"
    assert verify(world.entries()) is None


def test_the_audit_lists_who_did_what(world: World) -> None:
    world.slipway("rollout", "pause", *WHY)
    world.slipway("rollout", "resume", *WHY)
    code, out, _ = world.slipway("rollout", "audit")
    assert code == 0
    assert "pause      shoppers-dev  by arn:aws" in out
    assert f"intact: 4 entries, head {world.entries()[-1]['hash']}" in out


def test_entries_cut_off_at_the_end_are_found_by_a_head(world: World) -> None:
    world.slipway("rollout", "pause", *WHY)
    head = world.entries()[-1]["hash"]
    assert world.slipway("rollout", "audit", "--head", head)[0] == 0
    world.cloud("s3").delete_object(Bucket="artifacts", Key=f"{NAMES.audit_prefix}00000002.json")
    assert world.slipway("rollout", "audit")[0] == 0
    code, out, _ = world.slipway("rollout", "audit", "--head", head)
    assert code == 1
    assert "BROKEN at sequence 2" in out


def test_the_log_goes_on_behind_an_entry_that_was_destroyed(world: World) -> None:
    world.slipway("rollout", "pause", *WHY)
    world.cloud("s3").put_object(Bucket="artifacts", Key=f"{NAMES.audit_prefix}00000002.json", Body=b"[]")
    assert world.slipway("rollout", "resume", *WHY)[0] == 0
    code, out, _ = world.slipway("rollout", "audit")
    assert code == 1
    assert "BROKEN at sequence 2" in out
    assert "     4  " in out


def test_what_cannot_be_recorded_is_not_done(world: World) -> None:
    world.cloud("s3").delete_object(Bucket="artifacts", Key="model.tar.gz")
    world.cloud("s3").delete_bucket(Bucket="artifacts")
    code, _, err = world.slipway("rollout", "pause", *WHY)
    assert code == 1
    assert "nothing was done, because the audit log cannot be written" in err
    assert not world.cloud("ssm").describe_parameters()["Parameters"]
    world.cloud("s3").create_bucket(Bucket="artifacts")


def test_a_stage_that_is_not_deployed_is_reported_in_one_line(world: World) -> None:
    code, _, err = world.slipway("rollout", "status", "--stage", "prod")
    assert code == 1
    assert err.startswith("slipway: stack shoppers-prod-rollout is not deployed in us-east-1")
    assert err.count("\n") == 1


def test_without_credentials_the_error_names_what_to_set(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    code, _, err = world.slipway("rollout", "status")
    assert code == 1
    assert err.startswith("slipway: AWS credentials are needed (AWS_PROFILE, or AWS_ACCESS_KEY_ID")
    assert err.count("\n") == 1


def test_an_account_that_does_not_respond_is_reported(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    code, _, err = world.slipway("rollout", "status")
    assert code == 1
    assert err.startswith("slipway: AWS cannot be reached")


def test_the_credentials_of_another_account_change_nothing(world: World, tmp_path: Path) -> None:
    config = tmp_path / "shoppers.toml"
    config.write_text('account = "111122223333"\n' + CONFIG.read_text())
    assert main(["rollout", "pause", "--config", str(config), *WHY]) == 2
    assert (
        "credentials must be of account 111122223333, where shoppers-dev is deployed, got 000000000000"
        in world.capsys.readouterr().err
    )


def test_a_reason_is_required_and_one_line(world: World) -> None:
    with pytest.raises(SystemExit) as ended:
        world.slipway("rollout", "pause")
    assert ended.value.code == 2
    assert world.slipway("rollout", "pause", "--reason", "two\nlines")[0] == 2


@pytest.mark.parametrize("action", ["status", "approve", "pause", "resume", "abort", "audit"])
def test_help_teaches(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rollout", action, "--help"])
    assert ended.value.code == 0
    assert "exit codes" in capsys.readouterr().out
