from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.evaluation.quality_gate import GATE_METRICS, QualityGate
from pipeline_steps.problems.binary.metrics import Confusion
from pipeline_steps.problems.binary.value import OutcomeValues

GATE = QualityGate("auc", 0.88, min_gain_over_baseline=0, max_loss_to_champion=0.005, max_gap=0.06, accuracy_target=0.9)


def _metrics(value: float) -> dict[str, float]:
    return dict.fromkeys((*GATE_METRICS, "accuracy"), value)


def _decide(
    gate: QualityGate = GATE,
    *,
    candidate: float = 0.93,
    baseline: float = 0.9,
    champion: float | None = None,
    gap: float = 0.03,
) -> dict[str, object]:
    return gate.decide(
        candidate=_metrics(candidate),
        baseline=_metrics(baseline),
        champion=None if champion is None else _metrics(champion),
        train_auc=0.9 + gap,
        validation_auc=0.9,
    )


def test_a_good_candidate_passes_and_says_so() -> None:
    found = _decide()
    assert (found["passed"], found["reasons"]) == (True, "every condition holds")
    assert found["loss_to_champion"] == 0.0
    assert found["gain_over_baseline"] == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"candidate": 0.87, "baseline": 0.8}, "auc 0.8700 is below the threshold 0.88"),
        ({"baseline": 0.95}, "auc gains -0.0200 over the baseline's 0.9500, at least 0 is needed"),
        ({"champion": 0.94}, "auc is 0.0100 below the champion's 0.9400, at most 0.005 is allowed"),
        ({"gap": 0.07}, "train auc 0.9700 is 0.0700 above validation auc, at most 0.06 is allowed"),
    ],
)
def test_each_condition_refuses_with_its_reason(changes: dict[str, float], reason: str) -> None:
    found = _decide(**changes)
    assert (found["passed"], found["reasons"]) == (False, reason)


def test_all_reasons_are_reported_together() -> None:
    assert str(_decide(candidate=0.5, champion=0.9, gap=0.2)["reasons"]).count("; ") == 3


def test_a_value_on_its_bound_passes() -> None:
    gate = QualityGate(
        "auc", 0.75, min_gain_over_baseline=0.25, max_loss_to_champion=0.125, max_gap=0.0, accuracy_target=0.75
    )
    found = _decide(gate, candidate=0.75, baseline=0.5, champion=0.875, gap=0.0)
    assert (found["passed"], found["accuracy_target_met"]) == (True, True)


def test_a_little_worse_than_the_champion_is_tolerated() -> None:
    assert _decide(champion=0.934)["passed"]


def test_the_aim_for_accuracy_is_reported_and_refuses_nothing() -> None:
    found = _decide(replace(GATE, accuracy_target=0.95))
    assert (found["accuracy_target_met"], found["passed"]) == (False, True)


@given(st.floats(0, 1), st.floats(0, 1), st.none() | st.floats(0, 1), st.floats(-0.1, 0.1))
def test_it_passes_when_and_only_when_every_number_it_gives_is_in_bounds(
    candidate: float, baseline: float, champion: float | None, gap: float
) -> None:
    found = _decide(candidate=candidate, baseline=baseline, champion=champion, gap=gap)
    passes = (
        found["value"] >= GATE.threshold
        and found["gain_over_baseline"] >= GATE.min_gain_over_baseline
        and found["loss_to_champion"] <= GATE.max_loss_to_champion
        and found["gap"] <= GATE.max_gap
    )
    assert found["passed"] == passes


def test_outcomes_are_priced() -> None:
    values = OutcomeValues("EUR", true_positive=5.5, false_positive=-2, true_negative=0.1, false_negative=-1)
    found = values.of(Confusion(true_positive=10, false_positive=5, true_negative=80, false_negative=5))
    assert found == {"currency": "EUR", "total": 48.0, "per_1000": 480.0, "rows": 100}
