"""The benchmark of the guardrails: what it measures."""

import numpy as np
import pytest

from benchmarks import guardrail_cells
from slipway.canary.statistics.evidence import Decision
from slipway.simulation import SimulatedResults


def test_the_contract_gate_refuses_the_broken_schema():
    reasons = guardrail_cells.contract_rejections()
    assert any("visits" in reason for reason in reasons)
    assert any("spend" in reason for reason in reasons)


@pytest.fixture(scope="module")
def cells():
    """One cell of the broken schema and one healthy one, by analysis."""
    calibration = guardrail_cells.Calibration.at(1.0, rollouts=40, seed=3)
    found = {}
    for fault in (guardrail_cells.FAULTS[0], guardrail_cells.BROKEN_SCHEMA):
        rows = guardrail_cells.measure(
            fault, 1.0, calibration.ratios.get(fault.name), rollouts=20, seed=3, rejected=True
        )
        found[fault.name] = {row["method"]: row for row in rows}
    return found


def test_what_the_gate_refuses_meets_no_user_and_canary_analysis_alone_is_shown_beside_it(cells):
    broken = cells["broken schema"]
    assert (broken["sequential"]["exposed_median"], broken["sequential"]["missed"]) == (0, 0)
    alone = broken["sequential_without_gate"]["exposed_median"]
    assert 0 < alone < broken["static_alarms"]["exposed_median"]


def test_what_the_gate_would_let_pass_is_left_to_canary_analysis():
    rows = guardrail_cells.measure(guardrail_cells.BROKEN_SCHEMA, 1.0, None, rollouts=20, seed=3, rejected=False)
    assert {row["method"]: row for row in rows}["sequential"]["exposed_median"] > 0


def test_a_healthy_cell_reports_false_rollbacks_and_no_exposure(cells):
    healthy = cells["healthy"]["sequential"]
    assert healthy["false_rollback"] <= 0.05
    assert (healthy["missed"], healthy["exposed_median"], healthy["least_exposed"]) == (None, None, None)
    assert "clairvoyant" not in cells["healthy"]


def test_the_configured_analysis_rolls_back_for_lack_of_evidence_and_reports_it(cells):
    configured = cells["healthy"]["sequential_shipped"]
    assert configured["without_evidence"] > 0.9  # of 120 requests before the decision is due
    assert configured["false_rollback"] >= configured["without_evidence"]
    assert configured["promoted"] == 1 - configured["false_rollback"]
    assert configured["seconds_median"] == 480
    broken = cells["broken schema"]["sequential_shipped"]
    assert (broken["exposed_median"], broken["without_evidence"]) == (0, 0)


def test_errors_in_bursts_roll_no_healthy_model_back():
    healthy, faulty = (
        guardrail_cells.measure_bursts(f, 5.0, rollouts=40, seed=3) for f in guardrail_cells.BURST_FAULTS
    )
    assert healthy["false_rollback"] <= 0.01
    assert (healthy["fault"], faulty["fault"]) == ("healthy, in bursts of 10", "errors +1 point, in bursts of 10")
    assert healthy.keys() == faulty.keys()
    assert 0 < faulty["missed"] <= 1


def test_a_promotion_exposes_everybody_until_the_hour_ends():
    outcomes = SimulatedResults(np.array([int(Decision.PROMOTE)]), np.array([600.0]), np.array([30.0]))
    facts = {"fault": "errors +1 point", "requests_per_second": 2.0, "rollouts": 1, "detectable": True}
    expected = guardrail_cells.row("any", outcomes, guardrail_cells.FAULTS[2], facts)
    assert expected["exposed_median"] == 30 + 2 * 3000
    assert expected["missed"] == 1
