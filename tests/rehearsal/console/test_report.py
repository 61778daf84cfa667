import errno
import html
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree as ET

import pytest

from rehearsal.commands.rehearse import exit_code
from rehearsal.console.data_profile import data_profile
from rehearsal.console.picture_labels import labels
from rehearsal.console.picture_set import Pictures
from rehearsal.console.report import page, summary, write_report
from rehearsal.journey.evaluation_summary import decision_in_words, is_proven_better
from rehearsal.journey.options import PROJECT, RehearsalOptions
from rehearsal.journey.rehearsal_result import PhaseFailure, RehearsalResult
from rehearsal.journey.report_document import report_document
from rehearsal.journey.rollout_conclusion import note_proof
from rehearsal.journey.rollout_result import RolloutResult
from rehearsal.journey.starvation import INCONCLUSIVE
from rehearsal.journey.training_run import TrainingRun
from rehearsal.journey.user_table import UserTable
from slipway.errors import LaunchError
from slipway.rollout.audit import entry
from slipway.settings import load_settings
from tests.rehearsal.console.evaluations import SVG, VALUE, evaluation


def profile() -> dict[str, Any]:
    return {
        "rows": {"source": 12000, "kept": 11990, "duplicates": 10, "train": 7000},
        "remarks": ["column Weekend is always <no> in the train split"],
        "sha256": {"source": "s", "train": "a", "validation": "b", "test": "c"},
        "columns": [
            {"name": "PageValues", "kind": "number", "histogram": {"edges": [0.0, 1.0, 2.0], "counts": [5, 3]}},
            {"name": "Month", "kind": "category", "top": [{"value": "<May>", "count": 7}]},
            {"name": "\ud800\x00", "kind": "category", "top": []},
        ],
    }


@pytest.fixture
def result(tmp_path: Path) -> RehearsalResult:
    trials = [{"objective": 0.91}, {"objective": None}, {"objective": 0.93}]
    rollouts = [
        RolloutResult("arn:1", None, "first", "promoted", requests=40, exposed=40, failed_by_new_fleet=0),
        RolloutResult("arn:2", None, "canary", "promoted", requests=200, exposed=120, failed_by_new_fleet=0),
        RolloutResult(
            "arn:3", "errors", "canary", "rolled_back", "config-5xx", requests=90, exposed=0, failed_by_new_fleet=0
        ),
    ]
    rollouts[1].started_at, rollouts[1].ended_at = 100.0, 110.0
    rollouts[2].started_at, rollouts[2].ended_at = 120.0, 130.0
    rollouts[2].moments += [(125.0, "alarm")]
    audited = entry(None, time="2026-01-01T00:00:00Z", actor="machine", action="promoted", subject="arn:2", detail={})
    return RehearsalResult(
        options=RehearsalOptions(config=PROJECT / "config/shoppers.toml", out=tmp_path),
        settings=load_settings(PROJECT / "config/shoppers.toml", "dev"),
        table=UserTable(Path("t.csv"), "t.csv", 12000, "d" * 64, Path("earlier"), 7200, Path("requests.csv")),
        started=90.0,
        seconds=100.0,
        templates={"a.template.json": "e" * 64},
        runs=[TrainingRun("arn:run", [], "arn:2", evaluation(), profile(), trials, pictures={"the curve": SVG})],
        rollouts=rollouts,
        fleets={"blue": [(100.0, 20.0), (101.0, 15.0)], "green": [(101.0, 5.0)]},
        timings={"deploy": 5.0},
        audit=[audited],
    )


def page_text(result: RehearsalResult) -> str:
    return page(result, Pictures())


def cut_off(fault: str | None) -> RolloutResult:
    return RolloutResult("arn:3", fault, "canary", requests=70, failed=5, dropped=2, started_at=120.0, ended_at=125.0)


def test_the_json_report_has_exactly_the_documented_keys(result: RehearsalResult) -> None:
    document = report_document(result)
    assert set(document) == {
        "outcome", "failure", "seconds", "speed", "data", "problem", "algorithm", "primary_metric", "decision",
        "pipeline", "metrics", "models", "coefficients", "reported", "gate", "rollouts", "experiment", "batch",
        "lineage", "users", "templates", "timings", "endpoint_kind", "scaling",
    }  # fmt: skip
    assert document["data"]["splits"] == {"train": "a", "validation": "b", "test": "c"}
    assert document["metrics"]["champion"] is None
    assert set(document["rollouts"][0]) == {
        "model_package", "fault", "type", "verdict", "proven", "by", "reason", "shadow", "requests", "exposed",
        "failed", "failed_by_new_fleet", "dropped", "not_sent", "late_p99_ms", "seconds",
    }  # fmt: skip


def test_both_reports_are_written_whole_and_nothing_else_is_left(result: RehearsalResult, tmp_path: Path) -> None:
    (tmp_path / "cloud.log").touch()  # of an earlier run that failed
    assert write_report(result, tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.json"}
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(report_document(result)))
    first = (tmp_path / "report.html").read_text()
    write_report(result, tmp_path)
    assert (tmp_path / "report.html").read_text() == first


def test_the_page_shows_every_picture_and_escapes_text_from_the_data(result: RehearsalResult, tmp_path: Path) -> None:
    result.failure = PhaseFailure("train first model", LaunchError("the gate refused the candidate: auc 0.5"))
    write_report(result, tmp_path)
    written = (tmp_path / "report.html").read_text()
    assert written.count("<svg") == 3 + len(profile()["columns"])
    assert "<May>" not in written
    assert "<Page>" not in written
    assert "<no>" not in written
    assert "config-5xx" in written


def test_the_page_begins_with_the_kind_of_endpoint(result: RehearsalResult) -> None:
    assert "<td>endpoint</td><td>real-time</td>" in page_text(result).partition("<h2>")[0]


def test_a_model_package_is_shown_by_its_name_and_its_arn_can_be_copied(result: RehearsalResult) -> None:
    arn = "arn:aws:sagemaker:eu-central-1:111111111111:model-package/shoppers-dev/2"
    result.rollouts[1] = replace(result.rollouts[1], model_package=arn)
    shown = f'<td><details title="{arn}"><summary>shoppers-dev/2</summary><code>{arn}</code></details></td>'
    assert shown in page_text(result)


COEFFICIENTS = {
    "meaning": "each coefficient adds to the log-odds of the label; its factor is the odds ratio",
    "alpha": 0.01,
    "scale": "numbers by their standard deviation, categories and missing values as 0 or 1",
    "terms": [{"words": "Month is <May>: the odds of <yes> are multiplied by 2.72", "coefficient": 1.0}] * 20,
    "left_out": 3,
}


def ranked_by_score() -> dict[str, Any]:
    return {**evaluation()["segments"], "loss": "anomaly score", "is_error": False}


PROBLEMS = {
    "binary": evaluation(
        decision={"chosen": {"threshold": 0.31}, "curve": None}, value=VALUE, coefficients=COEFFICIENTS
    ),
    "multiclass": evaluation(
        "multiclass", "f1_macro", decision={"chosen": {"values": [[0, -1], [-1, 0]]}, "curve": None}
    ),
    "regression": evaluation(
        "regression",
        "rmse",
        "minimize",
        decision={"chosen": {"interval": {"coverage": 0.9, "half_width": 4.5}, "shift": 1.25}, "curve": None},
    ),
    "anomaly": evaluation(
        "anomaly",
        against={"auc": "permuted rows"},
        segments=ranked_by_score(),
        decision={"chosen": {"threshold": 0.6}, "curve": None},
    ),
    "clustering": evaluation("clustering", "silhouette", importance=None, segments=None),
}
NAMED = {"anomaly": "auc against permuted rows"}
DECISIONS = {
    "binary": "positive from a score of 0.31 on",
    "multiclass": "the label of the highest expected value",
    "regression": "the predicted number plus 1.25, where errors cost least; an interval of 4.5 to each side",
    "anomaly": "anomalous from a score of 0.6 on",
    "clustering": "Decision: the nearest cluster.",
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_page_says_of_every_problem_what_was_measured_and_decided(problem: str, result: RehearsalResult) -> None:
    result.runs[0].evaluation = PROBLEMS[problem]
    shown, document = page_text(result), report_document(result)
    primary = PROBLEMS[problem]["primary_metric"]
    assert document["primary_metric"] == primary
    assert document["models"] == PROBLEMS[problem]["intervals"]
    for text in (
        f"test {NAMED.get(problem, primary['name'])} 0.93 (0.92 to 0.94)",
        DECISIONS[problem],
        "0.89 (0.88 to 0.9)</td>",
        "balanced: what is lost is within noise",
        "passed: every condition holds",
    ):
        assert text in shown
    assert f"model    test {NAMED.get(problem, primary['name'])} 0.93 (0.92 to 0.94)" in summary(result)
    assert ("Segments with the highest anomaly score" in shown) == (problem == "anomaly")


@pytest.mark.parametrize(("shift", "words"), [(-2.5, "minus 2.5, where errors"), (0.0, "as it is: no number added")])
def test_the_decision_about_a_number_says_what_becomes_of_the_prediction(shift: float, words: str) -> None:
    assert decision_in_words({"shift": shift}, "regression").startswith(f"the predicted number {words}")


def test_the_page_says_what_the_rows_became_and_what_the_data_warns_of(result: RehearsalResult) -> None:
    shown = page_text(result)
    assert "<td>duplicates</td><td>10</td>" in shown
    assert "column Weekend is always &lt;no&gt; in the train split" in shown


def test_the_page_says_why_a_champion_was_not_compared_and_what_it_had_seen(result: RehearsalResult) -> None:
    unlike = {"model_package_arn": "arn:9", "words": "not comparable: column <optin> is gone"}
    result.runs[0].evaluation |= {"champion_not_comparable": unlike, "champion_seen_test_rows": 12}
    shown = page_text(result)
    assert "Champion: not comparable: column &lt;optin&gt; is gone (arn:9)." in shown
    assert "trained on 12 of the test rows" in shown


@pytest.mark.parametrize(("highest", "better"), [(-0.002, True), (0.001, False)])
def test_a_model_is_better_where_its_loss_to_the_champion_is_proven_negative(highest: float, better: bool) -> None:
    found = evaluation(champion={"auc": 0.9}, gate={"loss_to_champion_high": highest})
    assert is_proven_better(found) is better
    assert not is_proven_better({**found, "champion": None})


def test_a_model_that_went_live_for_lack_of_evidence_is_reported_as_not_proven(result: RehearsalResult) -> None:
    _, better, _ = result.rollouts
    better.config = "config"
    detail = {"decision": 0, "explanation": "extend: too little traffic"}
    log = [entry(None, time="t", actor="machine", action="promoted", subject=better.model_package, detail=detail)]
    note_proof(result.rollouts, log)
    assert [row["proven"] for row in report_document(result)["rollouts"]] == [None, False, None]
    assert "rollout  canary: promoted, but not proven safe;" in summary(result)
    assert f"{better.model_package}: extend: too little traffic" in page_text(result)
    assert "\n         extend: too little traffic\n" in summary(result)
    note_proof(result.rollouts, [log[0] | {"detail": detail | {"decision": 1}}])
    assert "rollout  canary: promoted;" in summary(result)


def test_what_a_candidate_has_shown_as_a_shadow_is_reported(result: RehearsalResult) -> None:
    _, good, bad = result.rollouts
    begun = entry(None, time="t", actor="machine", action="shadow begun", subject=good.model_package, detail={})
    proven = begun | {"action": "shadow ended", "detail": {"decision": 1, "explanation": "promote: 900 requests"}}
    worse = proven | {
        "action": "shadow decision",
        "subject": "other",
        "detail": {"decision": 2, "explanation": "worse"},
    }
    bad.model_package, bad.by = "other", "shadow"
    note_proof(result.rollouts, [begun, proven, worse])
    rows = report_document(result)["rollouts"]
    assert [row["shadow"] and row["shadow"]["decision"] for row in rows] == [None, "promote", "roll_back"]
    assert "rollout  canary: proven as a shadow, promoted;" in summary(result)
    assert "as a shadow: promote: 900 requests" in page_text(result)


def test_the_summary_names_the_alarm_that_stopped_the_bad_model(result: RehearsalResult) -> None:
    assert "canary with fault errors: rolled back by config-5xx" in summary(result)


def test_a_launch_as_it_should_be_has_no_shortcomings(result: RehearsalResult) -> None:
    assert result.shortcomings == []


def test_a_promoted_bad_model_and_a_dropped_request_are_shortcomings(result: RehearsalResult) -> None:
    result.rollouts[2].outcome = "promoted"
    result.rollouts[1].dropped = 2
    assert len(result.shortcomings) == 2
    assert "got none for 2" in result.shortcomings[1]


def test_errors_of_the_bad_model_are_counted_and_those_of_any_other_model_are_a_shortcoming(
    result: RehearsalResult,
) -> None:
    bad = result.rollouts[2]
    bad.exposed, bad.failed, bad.failed_by_new_fleet = 9, 3, 3
    assert result.shortcomings == []
    assert report_document(result)["users"] == {
        "requests": 330, "failed": 3, "dropped": 0, "not_sent": 0, "met_bad_model": 9, "failed_by_bad_model": 3,
    }  # fmt: skip
    assert "9 requests reached the bad model, 3 of them failed" in summary(result)
    bad.failed_by_new_fleet = 1
    result.rollouts[1].failed = result.rollouts[1].failed_by_new_fleet = 1
    assert result.shortcomings == ["only the bad model may respond with errors, got 3 errors of other models"]


def test_a_rollout_on_a_busy_machine_is_inconclusive_and_neither_a_wrong_outcome_nor_a_dropped_request(
    result: RehearsalResult,
) -> None:
    starved = result.rollouts[1]
    starved.outcome, starved.reason = INCONCLUSIVE, "this machine was busy: it was late; it ended rolled back"
    starved.dropped = starved.failed = 2
    assert result.shortcomings == []
    assert result.inconclusive == [starved.reason]
    starved.proven = False
    assert f"inconclusive: {starved.reason}" in summary(result)
    assert "rollout  canary: inconclusive; " in summary(result)
    assert exit_code(result) == 3
    result.rollouts[2].outcome = "promoted"
    assert result.shortcomings == [
        "the rollouts should end promoted, promoted, rolled_back, got promoted, inconclusive, promoted"
    ]
    assert exit_code(result) == 1


def test_a_bad_model_that_no_alarm_stopped_is_a_shortcoming(result: RehearsalResult) -> None:
    result.rollouts[2].by = None
    assert result.shortcomings == ["an alarm should stop the model with fault errors, got none in ALARM"]


def test_an_interrupt_while_the_page_is_drawn_costs_its_pictures_only(result: RehearsalResult, tmp_path: Path) -> None:
    class Interrupted(list[Any]):
        def __iter__(self) -> NoReturn:
            raise KeyboardInterrupt

    result.runs[0].trials = Interrupted(result.runs[0].trials)
    with pytest.raises(KeyboardInterrupt):
        write_report(result, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["outcome"] == "succeeded"
    assert "config-5xx" in (tmp_path / "report.html").read_text()


def test_a_picture_that_cannot_be_drawn_is_named_and_costs_nothing_else(
    result: RehearsalResult, tmp_path: Path
) -> None:
    del result.runs[0].trials[0]["objective"]
    problems = write_report(result, tmp_path)
    assert problems == ["the picture tuning could not be drawn: KeyError: 'objective'"]
    written = (tmp_path / "report.html").read_text()
    assert written.count("<svg") == 2 + len(profile()["columns"])
    assert html.escape(problems[0]) in written


def test_a_report_that_cannot_be_written_leaves_the_earlier_one(
    result: RehearsalResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text("earlier")

    def full(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(result, tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"report.json": "earlier"}


LOG = ("2026-01-01 INFO <ready>", "2026-01-01 ERROR what went wrong")


def test_a_launch_that_failed_before_any_training_has_a_report_with_reason_and_log(
    result: RehearsalResult, tmp_path: Path
) -> None:
    bare = RehearsalResult(result.options, result.settings, result.table, 90.0, seconds=3.0)
    bare.failure = PhaseFailure("deploy", LaunchError("cdk deploy failed with exit code 1\nShoppers: <denied>"), LOG)
    assert write_report(bare, tmp_path) == []
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["outcome"] == "failed"
    assert document["failure"] == {
        "stage": "deploy", "reason": "cdk deploy failed with exit code 1\nShoppers: <denied>", "log": list(LOG),
    }  # fmt: skip
    assert (document["metrics"], document["rollouts"], document["data"]["splits"]["test"]) == (None, [], None)
    written = (tmp_path / "report.html").read_text()
    assert "deploy: cdk deploy failed with exit code 1" in written
    assert "Shoppers: &lt;denied&gt;" in written
    assert "INFO &lt;ready&gt;" in written
    assert "not as it should be: deploy: cdk deploy failed with exit code 1" in summary(bare)


def test_a_candidate_that_the_gate_refused_is_reported_with_its_metrics(result: RehearsalResult) -> None:
    result.runs[0].steps = [{"StepName": "Refuse", "StepStatus": "Failed", "StartTime": datetime.now(UTC)}]
    result.failure = PhaseFailure("train first model", LaunchError("the gate refused the candidate: auc 0.5"))
    result.rollouts.clear()
    document = report_document(result)
    assert (document["outcome"], document["metrics"]["auc"]) == ("refused", 0.93)


def test_an_interrupted_rollout_is_reported_as_far_as_it_came(result: RehearsalResult) -> None:
    result.rollouts[2:] = [cut_off("errors")]
    result.failure = PhaseFailure("bad model", KeyboardInterrupt())
    document = report_document(result)
    assert (document["outcome"], document["failure"]["reason"]) == ("interrupted", "interrupted")
    assert [rollout["verdict"] for rollout in document["rollouts"]] == ["promoted", "promoted", "none"]


def test_what_only_the_embedded_aws_counts_of_a_rollout_that_was_cut_off_is_unknown_and_not_0(
    result: RehearsalResult,
) -> None:
    result.rollouts[2:] = [cut_off("errors")]
    result.failure = PhaseFailure("bad model", LaunchError("the embedded AWS ended: killed by SIGKILL"))
    document, text = report_document(result), summary(result)
    bad = document["rollouts"][2]
    assert [bad[name] for name in ("requests", "exposed", "failed", "failed_by_new_fleet")] == [70, None, 5, None]
    assert document["users"] == {
        "requests": 310, "failed": 5, "dropped": 2, "not_sent": 0, "met_bad_model": None, "failed_by_bad_model": None,
    }  # fmt: skip
    counts = "70 requests, an unknown number by the new fleet, 5 failed, 2 dropped"
    assert f"rollout  canary with fault errors: cut off; {counts}\n" in text
    assert "users    how many requests reached the bad model is unknown, because its rollout was cut off\n" in text
    assert result.shortcomings == ["bad model: the embedded AWS ended: killed by SIGKILL"]
    shown = page_text(result)
    assert "<td>cut off</td>" in shown
    assert shown.count("<td>unknown</td>") == 2


def test_a_launch_that_came_to_no_bad_model_has_no_line_on_its_users(result: RehearsalResult) -> None:
    result.rollouts[1:] = [cut_off(None)]
    result.failure = PhaseFailure("better model", KeyboardInterrupt())
    assert report_document(result)["users"]["met_bad_model"] == 0
    assert "users    " not in summary(result)


NAMES = ["$10%-$20%", "<$10", "a & b", "", "a" * 300, "a" * 300 + "b", "größe Σ 日本", "two\nlines", "\ud800\x00", "-1"]
COUNTS = {"edges": [0.0, 1.0], "counts": [3]}


COLUMNS: list[dict[str, Any]] = [
    {"kind": "category", "top": [{"value": name, "count": 2} for name in NAMES[:8]]},
    {"kind": "category", "top": [{"value": name, "count": 1} for name in NAMES[4:]]},
    {"kind": "category", "top": []},
    {"kind": "category"},
    {"kind": "number", "histogram": COUNTS},
    {"kind": "number", "histogram": {"edges": [5.0, 5.0], "counts": [9]}},
    {"kind": "number", "histogram": {"edges": [None, float("inf")], "counts": [9]}},
    {"kind": "number", "missing": 9, "unique": 0},
]


def test_no_name_and_no_column_can_break_a_picture() -> None:
    columns = [{"name": name, **COLUMNS[place % len(COLUMNS)]} for place, name in enumerate(NAMES)]
    drawn = data_profile({"columns": columns})
    assert drawn.count("<svg") == len(columns)
    for picture in re.findall("<svg.*?</svg>", drawn, re.DOTALL):
        ET.fromstring(picture)  # noqa: S314 (our own)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["$10%-$20%", "<$10"], ["$10%-$20%", "<$10"]),
        (["customer segment north", "customer segment south"], ["…north", "…south"]),
        (
            ["a" * 30 + "x" * 30 + "1", "a" * 30 + "x" * 30 + "2", "b" * 30],
            ["1 aaaaaaaa…", "2 aaaaaaaa…", "3 bbbbbbbb…"],
        ),
        (["two\nlines", ""], ["two\N{REPLACEMENT CHARACTER}lines", ""]),
    ],
)
def test_labels_are_short_and_differ_where_the_names_do(names: list[str], shown: list[str]) -> None:
    assert labels(names, width=11) == shown


def test_an_audit_log_that_was_changed_is_a_shortcoming(result: RehearsalResult) -> None:
    assert result.shortcomings == []
    result.audit[0]["actor"] = "somebody else"
    assert result.shortcomings == ["the audit log's entries must follow each other, but entry 1 does not"]


def test_the_page_shows_who_did_what(result: RehearsalResult) -> None:
    shown = page_text(result)
    assert result.audit[0]["hash"] in shown
    assert "<td>promoted</td>" in shown


HYPERPARAMETERS = {"alpha": None, "class_weight": "", "monotone": {}, "directions": {"income": 1, "age": -1}}


def test_the_page_says_what_a_linear_models_coefficients_do(result: RehearsalResult) -> None:
    result.runs[0].evaluation = {**PROBLEMS["binary"], "hyperparameters": HYPERPARAMETERS}
    shown = page_text(result)
    assert ">0.01, by cross-validation of the training rows</td>" in shown
    assert "<td>class_weight</td><td>not set</td>" in shown
    assert "<td>monotone</td><td>not set</td>" in shown
    assert "income rising, age falling</td>" in shown
    assert shown.count("Month is &lt;May&gt;: the odds of &lt;yes&gt; are multiplied by 2.72</td><td>1</td>") == 15
    assert "its factor is the odds ratio, the 15 strongest of 23." in shown
    assert report_document(result)["coefficients"] == COEFFICIENTS
    with_texts = {**COEFFICIENTS, "left_out": 19, "text_buckets": 16}
    result.runs[0].evaluation = {**PROBLEMS["binary"], "coefficients": with_texts}
    shown = page_text(result)
    assert "the 15 strongest of 23; those of 16 buckets of texts, which have no names, are left out." in shown
