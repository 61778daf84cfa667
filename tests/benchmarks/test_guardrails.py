"""The benchmark of the guardrails as a command: what it measures of the proposed plans, in parts."""

import json

import pytest

from benchmarks import guardrails
from benchmarks.measured_rows import MeasuredRows
from benchmarks.proposed_plans import print_proposed

PART = ("--proposed", "--rates", "100", "--rollouts", "10", "--jobs", "1")


def rows(path):
    return {row["fault"]: row for row in json.loads(path.read_text())}


def test_parts_are_added_to_the_file_and_not_measured_again(tmp_path, capsys):
    path = tmp_path / "rows.json"
    guardrails.main([*PART, "--cells", "+2 points", "--json", str(path)])
    first = rows(path)
    marked = {**first["errors +2 points"], "seconds_median": -1.0}
    MeasuredRows(path).add(marked)
    capsys.readouterr()
    guardrails.main([*PART, "--cells", "+2 points", "x3", "--json", str(path)])
    found = rows(path)
    assert found["errors +2 points"] == marked
    assert found.keys() == {"errors +2 points", "latency x3", "healthy, cold, x3 for 10 s"}
    assert "errors +2 points at 100/s" in capsys.readouterr().out
    guardrails.main([*PART, "--cells", "+2 points", "--json", str(path), "--seed", "7"])
    again = rows(path)["errors +2 points"]
    assert (again["seed"], again["seconds_median"]) == (
        7,
        pytest.approx(first["errors +2 points"]["seconds_median"], abs=60),
    )


def test_a_row_of_a_proposed_plan_has_its_promotions_and_how_the_others_ended(tmp_path):
    path = tmp_path / "rows.json"
    guardrails.main([*PART, "--cells", "at the margin", "--json", str(path)])
    (row,) = rows(path).values()
    assert (row["method"], row["requests_per_second"], row["beyond_margin"]) == ("proposed", 100, True)
    assert row["promoted"] + row["on_evidence"] + row["without_evidence"] == pytest.approx(1)
    assert (row["promoted"], row["false_rollback"]) == (pytest.approx(0, abs=0.2), None)
    assert row["missed"] == row["promoted"]


@pytest.mark.parametrize("wrong", [("--rollouts", "0"), ("--rates", "3"), ("--cells", "no such")])
def test_what_cannot_be_measured_is_refused(wrong, capsys):
    with pytest.raises(SystemExit) as refused:
        guardrails.main([*PART, *wrong])
    assert wrong[1] in f"{refused.value}{capsys.readouterr().err}"


def test_the_goals_that_are_not_met_are_printed(capsys):
    made_by = {
        "rollouts": 2000,
        "method": "proposed",
        "requests_per_second": 5.0,
        "exposed_median": None,
        "by_alarm": 0.0,
    }
    plan = {"seconds": 4200}
    good = {**made_by, "fault": "healthy", "promoted": 0.85, "false_rollback": 0.02, "on_evidence": 0.02}
    bad = {**made_by, "fault": "errors +1 point", "promoted": 0.06, "false_rollback": None, "on_evidence": 0.9}
    print_proposed([{**good, "beyond_margin": False, "plan": plan}, {**bad, "beyond_margin": True, "plan": plan}])
    printed = capsys.readouterr().out
    assert "good models promoted >= 90 %: NOT met: healthy at 5/s 85.00%" in printed
    assert "rolled back on evidence <= 1 %: NOT met: healthy at 5/s 2.00%" in printed
    assert "promoted <= 5 %: NOT met: errors +1 point at 5/s 6.00%" in printed
    assert "within a day: met" in printed
