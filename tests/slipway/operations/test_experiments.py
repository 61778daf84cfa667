"""`slipway experiment`: what starts and stops one, and what is shown of it."""

import io
import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from slipway.cli.experiment_text import experiment_text
from slipway.experiment.expected_end import expected_end
from slipway.operations.aws_errors import RefusedError
from slipway.operations.experiments import ExperimentStatus, start, status, stop, under_way
from slipway.settings.experiment import Experiment
from slipway.settings.names import Names

GROUP = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev"
REPORT = {
    "begun": datetime(2026, 1, 2, tzinfo=UTC).timestamp(),
    "history": [
        {"at": f"2026-01-0{day}T00:00:00.000Z", "outcomes": counted} for day, counted in ((3, [0, 0]), (5, [150, 250]))
    ],
    "outcomes": 400,
    "planned_size": 1000,
    "mode": "thompson",
    "weights": [0.2, 0.8],
    "estimated_regret": 12.5,
    "arms": [
        {"variant": "primary", "package": f"{GROUP}/2", "requests": 150, "mean": 0.2},
        {
            "variant": "challenger-1",
            "package": f"{GROUP}/1",
            "requests": 250,
            "mean": 0.3,
            "difference": 0.1,
            "low": 0.01,
            "high": 0.19,
        },
    ],
}


class Stage:
    """A deployed stage, as far as experiments are concerned; it is every client, too."""

    def __init__(self, *, has_experiment: bool = True) -> None:
        experiment = Experiment(expected=0.1, effect=0.02) if has_experiment else None
        self.names, self.settings = Names("shoppers", "dev"), SimpleNamespace(experiment=experiment)
        self.artifacts_bucket = "artifacts"
        self.executions: dict[str, dict[str, Any]] = {}
        self.approved, self.report, self.recorded = {"1"}, dict[str, Any](), list[Any]()
        self.pause, self.weights = "go", {"primary": 1.0}

    def client(self, _service: str) -> "Stage":
        return self

    def output(self, *_: str) -> str:
        return "shoppers-dev-experiment"

    def stack(self, _kind: str) -> dict[str, Any]:
        name = "ExperimentFunctionName" if self.settings.experiment else "FunctionName"
        return {"Outputs": [{"OutputKey": name, "OutputValue": "shoppers-dev"}]}

    def get_parameter(self, **_: Any) -> dict[str, Any]:
        return {"Parameter": {"Value": self.pause}}

    def describe_endpoint(self, **_: Any) -> dict[str, Any]:
        variants = [{"VariantName": name, "CurrentWeight": weight} for name, weight in self.weights.items()]
        return {"ProductionVariants": variants}

    def package_arn(self, reference: str) -> str:
        return f"{GROUP}/{reference}"

    @contextmanager
    def act(self, action: str, subject: str, *, reason: str, **detail: Any) -> Any:
        outcome: dict[str, Any] = {}
        yield outcome
        self.recorded.append((action, subject, reason, {**detail, **outcome}))

    def get_paginator(self, operation: str) -> SimpleNamespace:
        found = [{"DurableExecutionArn": arn, **each} for arn, each in self.executions.items()]

        def paginate(*, Statuses: Any = None, **_: Any) -> list[dict[str, Any]]:  # noqa: N803
            if operation == "list_versions_by_function":
                return [{"Versions": [{"Version": "1"}]}]
            return [{"DurableExecutions": [each for each in found if not Statuses or each["Status"] in Statuses]}]

        return SimpleNamespace(paginate=paginate)

    def get_durable_execution(self, *, DurableExecutionArn: str) -> dict[str, Any]:  # noqa: N803
        return self.executions[DurableExecutionArn]

    def invoke(self, *, Payload: bytes, Qualifier: str, **_: Any) -> dict[str, str]:  # noqa: N803
        assert Qualifier == "live"
        arn = f"arn:execution/{len(self.executions)}"
        now = datetime(2026, 1, 1, len(self.executions), tzinfo=UTC)
        self.executions[arn] = {"Status": "RUNNING", "InputPayload": Payload.decode(), "StartTimestamp": now}
        return {"DurableExecutionArn": arn}

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        version = ModelPackageName.rpartition("/")[2]
        return {
            "ModelPackageArn": ModelPackageName,
            "ModelPackageVersion": int(version),
            "ModelApprovalStatus": "Approved" if version in self.approved else "Rejected",
            "ModelPackageStatus": "Completed",
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        }

    def get_object(self, **_: Any) -> dict[str, Any]:
        if not self.report:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": ""}}, "GetObject")
        return {"Body": io.BytesIO(json.dumps(self.report).encode())}


def started(stage: Any, *packages: str) -> str:
    return start(stage, stage, packages, reason="why")


def test_a_start_names_its_challengers_and_is_recorded() -> None:
    stage = Stage()
    arn = started(stage, "1")
    assert json.loads(stage.executions[arn]["InputPayload"]) == {"action": "start", "packages": [f"{GROUP}/1"]}
    assert stage.recorded == [
        ("start experiment", "shoppers-dev", "why", {"packages": [f"{GROUP}/1"], "execution": arn})
    ]


def test_what_cannot_be_an_experiment_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"write \[experiment\]"):
        started(Stage(has_experiment=False))
    with pytest.raises(RefusedError, match="version 3 must be approved to be a challenger, got Rejected"):
        started(Stage(), "3")
    with pytest.raises(RefusedError, match=r"at most experiment\.challengers times, 1, got 2"):
        started(Stage(), "1", "1")
    stage = Stage()
    started(stage)
    with pytest.raises(RefusedError, match="an experiment is under way"):
        started(stage)


def test_a_stop_is_an_execution_of_its_own_and_status_goes_on_showing_the_experiment() -> None:
    stage: Any = Stage()
    first = started(stage)
    stop(stage, stage, reason="sale weekend")
    stage.executions[first] |= {
        "Status": "SUCCEEDED",
        "Result": json.dumps({"outcome": "champion stays", "reason": "its challengers are gone"}),
    }
    stage.report = REPORT
    found = status(stage)
    assert (found.execution, found.outcome, found.reason) == (first, "champion stays", "its challengers are gone")
    assert stage.recorded[-1][:3] == ("stop experiment", "shoppers-dev", "sale weekend")


def test_while_rollouts_are_paused_no_experiment_begins_and_one_under_way_says_what_the_pause_does() -> None:
    stage: Any = Stage()
    started(stage)
    stage.pause = "paused"
    assert "weights stay, and nothing is decided, until `slipway rollout resume`" in experiment_text(status(stage))
    with pytest.raises(RefusedError, match="paused, and no experiment begins: `slipway rollout resume` ends the pause"):
        started(stage)
    assert len(stage.executions) == 1


def test_a_rollouts_status_has_the_experiment_that_runs_or_has_left_challengers_behind() -> None:
    assert under_way(cast("Any", Stage(has_experiment=False))) is None
    stage: Any = Stage()
    assert under_way(stage) is None
    arn = started(stage)
    stage.report, stage.weights = {**REPORT, "begun": 0.0}, {"primary": 1.0, "challenger-1": 3.0}
    found = under_way(stage)
    assert found
    assert (found.shares, found.report) == ({"primary": 0.25, "challenger-1": 0.75}, None), "the report is an older one"
    stage.executions[arn]["Status"] = "FAILED"
    failed = under_way(stage)
    assert failed
    assert "are still there; `slipway experiment stop` removes them" in experiment_text(failed)
    stage.weights = {"primary": 1.0}
    assert under_way(stage) is None


def test_a_person_sees_how_far_it_is_what_each_arm_has_earned_and_when_it_is_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    shares, end = {"primary": 0.2, "challenger-1": 0.8}, expected_end(REPORT, max_days=28)
    lines = experiment_text(ExperimentStatus("arn", "RUNNING", report=REPORT, shares=shares, end=end)).splitlines()
    assert lines == [
        "experiment    RUNNING",
        "outcomes      400 of 1,000 planned (40%), thompson",
        "primary       champion, version 2: mean 0.2 of 150 outcomes, 20% of the requests",
        "challenger-1  challenger, version 1: mean 0.3 of 250 outcomes, 80% of the requests, +0.1 (+0.01 to +0.19)",
        "regret        12.5 by the means as they are now",
        "decides       at 1,000 outcomes, about 2026-01-08 00:00+00:00; at the latest 2026-01-30 00:00+00:00",
    ]
    assert experiment_text(ExperimentStatus(None, "none")) == "experiment    none has been started\n"
    assert "none have been read yet" in experiment_text(ExperimentStatus("arn", "RUNNING"))
    none_yet = {**REPORT, "outcomes": 0, "history": []}
    assert expected_end(none_yet, max_days=28).expected is None
    assert expected_end(REPORT, max_days=4).expected == datetime(2026, 1, 6, tzinfo=UTC)
