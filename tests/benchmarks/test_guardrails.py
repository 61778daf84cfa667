"""The benchmark of the judges: what is not simulated, and what it tells."""

import numpy as np
import pytest

from benchmarks import guardrails
from blueprint.simulation import Outcomes
from blueprint.verdicts import Verdict


def test_the_contract_gate_refuses_the_broken_schema():
    reasons = guardrails.contract_refusals()
    assert any("visits" in reason for reason in reasons)
    assert any("spend" in reason for reason in reasons)


@pytest.fixture(scope="module")
def cells():
    """One cell of the broken schema and one healthy one, by judge."""
    calibration = guardrails.Calibration.at(1.0, rollouts=40, seed=3)
    found = {}
    for fault in (guardrails.FAULTS[0], guardrails.BROKEN_SCHEMA):
        rows = guardrails.measure(fault, 1.0, calibration.ratios.get(fault.name), rollouts=20, seed=3, refused=True)
        found[fault.name] = {row["judge"]: row for row in rows}
    return found


def test_what_the_gate_refuses_meets_no_user_and_the_judge_alone_is_shown_beside_it(cells):
    broken = cells["broken schema"]
    assert (broken["sequential"]["exposed_median"], broken["sequential"]["missed"]) == (0, 0)
    alone = broken["sequential_without_gate"]["exposed_median"]
    assert 0 < alone < broken["static_alarms"]["exposed_median"]


def test_what_the_gate_would_let_pass_is_left_to_the_judge():
    rows = guardrails.measure(guardrails.BROKEN_SCHEMA, 1.0, None, rollouts=20, seed=3, refused=False)
    assert {row["judge"]: row for row in rows}["sequential"]["exposed_median"] > 0


def test_a_healthy_cell_tells_false_rollbacks_and_no_exposure(cells):
    healthy = cells["healthy"]["sequential"]
    assert healthy["false_rollback"] <= 0.05
    assert (healthy["missed"], healthy["exposed_median"], healthy["least_exposed"]) == (None, None, None)
    assert "clairvoyant" not in cells["healthy"]


def test_the_shipped_judge_sends_back_for_lack_of_evidence_and_says_so(cells):
    shipped = cells["healthy"]["sequential_shipped"]
    assert shipped["without_evidence"] > 0.9  # of 120 requests before the verdict is due
    assert shipped["false_rollback"] >= shipped["without_evidence"]
    assert shipped["promoted"] == 1 - shipped["false_rollback"]
    assert shipped["seconds_median"] == 480
    broken = cells["broken schema"]["sequential_shipped"]
    assert (broken["exposed_median"], broken["without_evidence"]) == (0, 0)


def test_errors_in_bursts_send_no_healthy_model_back():
    healthy, faulty = (guardrails.measure_bursts(f, 5.0, rollouts=100, seed=3) for f in guardrails.BURST_FAULTS)
    assert healthy["false_rollback"] <= 0.01
    assert (healthy["fault"], faulty["fault"]) == ("healthy, in bursts of 10", "errors +1 point, in bursts of 10")
    assert healthy.keys() == faulty.keys()
    assert 0 < faulty["missed"] <= 1


def test_a_promotion_exposes_everybody_until_the_hour_ends():
    outcomes = Outcomes(np.array([int(Verdict.PROMOTE)]), np.array([600.0]), np.array([30.0]))
    facts = {"fault": "errors +1 point", "requests_per_second": 2.0, "rollouts": 1, "detectable": True}
    told = guardrails.row("any", outcomes, guardrails.FAULTS[2], facts)
    assert told["exposed_median"] == 30 + 2 * 3000
    assert told["missed"] == 1


@pytest.mark.parametrize(
    ("known", "least", "reason"),
    [(40.0, 30.0, guardrails.OPEN), (60.0, 30.0, guardrails.CLAIRVOYANT), (60.0, None, guardrails.ANY_JUDGE)],
)
def test_a_goal_that_was_not_met_tells_who_could_have_met_it(known, least, reason):
    def told(judge, exposed):
        place = {"fault": "f", "requests_per_second": 1.0, "least_exposed": least}
        return {**place, "judge": judge, "exposed_median": exposed}

    rows = [told("sequential", 90.0), told("peer", 100.0), told("clairvoyant", known)]
    assert guardrails._exposed_more(rows[:1], rows, "peer")["f at 1/s"].endswith(reason)
    assert guardrails._exposed_more([told("sequential", 50.0)], rows, "peer") == {}
