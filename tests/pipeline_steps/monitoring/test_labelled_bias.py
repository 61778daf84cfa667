"""Whom a model is wrong about, by Clarify's metrics that need labels."""

from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.bins import Bins
from pipeline_steps.baseline.groups import Group, Groups, Truth
from pipeline_steps.features.columns import CategoryColumn
from pipeline_steps.monitoring.bias import Bias, bias_section, bias_violations, measured_bias, not_evaluated
from pipeline_steps.monitoring.bias_metrics import BIAS_METRICS, BiasEstimate
from pipeline_steps.monitoring.captured_rows import CapturedRows
from pipeline_steps.monitoring.facets import Facet
from pipeline_steps.problems.binary.metrics import Confusion
from tests.contracts import binary_contract

SEX = CategoryColumn("sex", ("F", "M"), 2, accepts_unknown=True, missing=True)
CONTRACT = binary_contract((SEX,), target="hired", positive_label="yes")
NO_BINS = Bins("any", np.array([0, 1, np.inf], dtype=np.float32), np.array([0, 1, 0, 0]))
F, M = 0.0, 1.0
LABELLED = ["AD", "DCA", "DCR", "RD", "SD", "DAR", "DRR", "TE"]
WOMEN = Facet("sex", ("F",), limits=dict.fromkeys(LABELLED, 0.1))

MEN_DOC = Confusion(true_positive=650, false_positive=100, true_negative=200, false_negative=50)
WOMEN_DOC = Confusion(true_positive=200, false_positive=50, true_negative=180, false_negative=70)
"""Ten times the example of "Specificity difference (SD)" in SageMaker's developer guide: facets a and d."""


def group(of: Confusion) -> Group:
    return Group(of.rows, of.true_positive + of.false_positive, of)


def times(number: int, of: Confusion) -> Confusion:
    return Confusion(*(number * count for count in astuple(of)))


def measured(name: str, women: Confusion, men: Confusion) -> BiasEstimate | None:
    return BIAS_METRICS[name].measure(group(women), group(men))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AD", 850 / 1000 - 380 / 500),
        ("DCA", 700 / 750 - 270 / 250),
        ("DCR", 230 / 250 - 300 / 250),
        ("RD", 650 / 700 - 200 / 270),
        ("SD", 0.1159),  # as the guide has it: 18 / (18 + 5) - 20 / (20 + 10)
        ("DAR", 650 / 750 - 200 / 250),
        ("DRR", 180 / 250 - 200 / 250),
        ("TE", 70 / 50 - 50 / 100),
    ],
)
def test_each_metric_is_clarifys(name: str, expected: float) -> None:
    found = measured(name, WOMEN_DOC, MEN_DOC)
    assert found
    assert found.value == pytest.approx(expected, abs=5e-5)
    alike = measured(name, MEN_DOC, MEN_DOC)
    assert alike
    assert alike.value == BIAS_METRICS[name].parity == 0


def test_every_metric_that_needs_labels_was_just_named() -> None:
    assert [name for name, metric in BIAS_METRICS.items() if metric.labelled] == LABELLED


@pytest.mark.parametrize("name", LABELLED)
def test_the_error_is_what_chance_gives(name: str) -> None:
    draws = np.random.default_rng(7)

    def drawn(of: Confusion) -> Confusion:
        cells = [of.true_positive, of.false_positive, of.true_negative, of.false_negative]
        return Confusion(*draws.multinomial(of.rows, np.array(cells) / of.rows).tolist())

    found = [measured(name, drawn(WOMEN_DOC), drawn(MEN_DOC)) for _ in range(2000)]
    spread = np.std([each.value for each in found if each])
    reported = measured(name, WOMEN_DOC, MEN_DOC)
    assert reported
    assert reported.error == pytest.approx(spread, rel=0.15)


NO_ROWS = Confusion(0, 0, 0, 0)
ALL_NEGATIVE = Confusion(true_positive=0, false_positive=40, true_negative=400, false_negative=0)
ALL_POSITIVE = Confusion(true_positive=400, false_positive=0, true_negative=0, false_negative=40)
NEVER_WRONG = Confusion(true_positive=100, false_positive=0, true_negative=400, false_negative=0)


@pytest.mark.parametrize(
    ("women", "unknown"),
    [
        (NO_ROWS, set(LABELLED)),
        (Confusion(10, 5, 9, 5), set(LABELLED)),  # of 29 rows
        (ALL_NEGATIVE, {"RD"}),
        (ALL_POSITIVE, {"SD", "TE"}),
        (NEVER_WRONG, {"TE"}),
    ],
)
def test_a_rate_of_no_rows_is_not_measured(women: Confusion, unknown: set[str]) -> None:
    found = {name: measured(name, women, MEN_DOC) for name in LABELLED}
    assert {name for name, each in found.items() if each is None} == unknown
    assert {name for name in LABELLED if measured(name, MEN_DOC, women) is None} == unknown
    assert all(np.isfinite(each.value) and each.error > 0 for each in found.values() if each)


def table(*groups: tuple[float, Confusion]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, scores and outcomes of the rows that are counted."""
    rows = [
        (sex, predicted, real)
        for sex, of in groups
        for count, predicted, real in (
            (of.true_positive, 0.9, 1.0),
            (of.false_positive, 0.9, 0.0),
            (of.true_negative, 0.1, 0.0),
            (of.false_negative, 0.1, 1.0),
        )
        for _ in range(count)
    ]
    sexes, scores, truth = np.array(rows, dtype=np.float32).T
    return sexes[:, None], scores, truth


def held_out(*groups: tuple[float, Confusion], labelled: bool = True) -> Baseline:
    features, scores, truth = table(*groups)
    return Baseline(
        (NO_BINS,), NO_BINS, None, (Groups.count(features[:, 0], scores >= 0.5, truth > 0 if labelled else None),)
    )


def found_in(
    *groups: tuple[float, Confusion], baseline: Baseline, facet: Facet = WOMEN, known: Any = True
) -> list[Bias]:
    """What a period of these rows shows, of which the outcomes are `known`, bool or bool [rows]."""
    features, scores, truth = table(*groups)
    refused, labels = np.zeros(features.shape, dtype=bool), (scores >= 0.5).astype(np.float64)
    rows = CapturedRows(features, refused, scores, {}, {}, 0, labels=labels)  # type: ignore[arg-type]
    truth = np.where(known, truth, np.nan)
    return measured_bias(CONTRACT, baseline, rows, [facet], truth=truth)


EVEN = held_out((F, MEN_DOC), (M, MEN_DOC))
UNEVEN = held_out((F, WOMEN_DOC), (M, MEN_DOC))


def test_a_period_is_compared_with_the_models_own_held_out_rows() -> None:
    groups = (F, times(10, WOMEN_DOC)), (M, times(10, MEN_DOC))
    found = found_in(*groups, baseline=held_out((F, times(10, MEN_DOC)), (M, times(10, MEN_DOC))))
    drifted = {each.metric for each in found if each.drifted}
    assert drifted == {"DCR", "RD", "TE"}  # DCA and SD are beyond 0.1 too, though not beyond what chance explains
    violations = list(bias_violations(found))
    assert {each["metric_name"] for each in violations} == drifted
    assert {each["constraint_check_type"] for each in violations} == {"bias_drift_check"}
    assert "DCR of F is -0.280 +/- " in violations[0]["description"]
    same = found_in((F, WOMEN_DOC), (M, MEN_DOC), baseline=UNEVEN)
    assert [each.lacking for each in same] == [""] * len(LABELLED)
    assert not any(each.drifted for each in same)


def test_a_facet_may_be_compared_with_parity() -> None:
    facet = Facet("sex", ("F",), limits={"TE": 0.1}, parity=True)
    (te,) = found_in((F, times(10, WOMEN_DOC)), (M, times(10, MEN_DOC)), baseline=UNEVEN, facet=facet)
    assert te.usual == BiasEstimate(0.0)
    assert te.drifted


def test_only_rows_with_an_outcome_count() -> None:
    contract_errors = Confusion(true_positive=10, false_positive=400, true_negative=10, false_negative=400)
    known = np.repeat([True, True, False], [WOMEN_DOC.rows, MEN_DOC.rows, contract_errors.rows])
    facet = Facet("sex", ("F",), limits={"AD": 0.1, "DPPL": 0.1})
    groups = (F, WOMEN_DOC), (M, MEN_DOC), (F, contract_errors)
    ad, dppl = found_in(*groups, baseline=UNEVEN, facet=facet, known=known)
    assert (ad.now and ad.now.value, ad.rows) == (pytest.approx(0.09), 1500)
    assert (dppl.now and dppl.now.value, dppl.rows) == (pytest.approx(0.75 - 660 / 1320), 2320)


def test_without_outcomes_nothing_is_evaluated_and_the_report_says_so() -> None:
    found = found_in((F, WOMEN_DOC), (M, MEN_DOC), baseline=UNEVEN, known=False)
    assert [(each.now, each.drifted, each.lacking) for each in found] == [(None, False, "no labels")] * len(LABELLED)
    assert list(bias_violations(found)) == []
    assert not_evaluated(found) == "no labels (8)"
    ((entry, *_),) = [group["metrics"] for group in bias_section(CONTRACT, found)["facets"]["sex"]]
    assert entry == {
        "name": "AD",
        "description": "Accuracy Difference (AD)",
        "value": None,
        "baseline": pytest.approx(0.09),
        "error": "no labels, not evaluated",
    }


def test_few_outcomes_and_a_baseline_without_them_are_distinguished() -> None:
    some = np.zeros(1500, dtype=bool)
    some[:20] = some[-20:] = True
    few = found_in((F, WOMEN_DOC), (M, MEN_DOC), baseline=UNEVEN, known=some)
    assert {each.lacking for each in few} == {"too few labels to measure by"}
    older = found_in((F, WOMEN_DOC), (M, MEN_DOC), baseline=held_out((F, MEN_DOC), (M, MEN_DOC), labelled=False))
    assert {each.lacking for each in older} == {"no baseline"}
    assert not any(each.drifted for each in older)
    assert not_evaluated(older) == "no baseline (8)"
    assert not_evaluated(found_in((F, WOMEN_DOC), (M, MEN_DOC), baseline=EVEN)) == ""


def test_an_empty_group_is_not_evaluated() -> None:
    found = found_in((M, MEN_DOC), baseline=UNEVEN)
    assert [each.lacking for each in found] == ["too few labels to measure by"] * len(LABELLED)


def test_the_baseline_keeps_the_outcomes() -> None:
    features, scores, truth = table((F, WOMEN_DOC), (M, MEN_DOC), (np.nan, NEVER_WRONG))
    counted = Groups.count(features[:, 0], scores >= 0.5, truth > 0)
    women, men = Groups.from_document(counted.to_document()).split(counted.values == F)
    assert (women, men) == (group(WOMEN_DOC), group(MEN_DOC))
    older = {key: each for key, each in counted.to_document().items() if not key.startswith("tru")}
    assert Groups.from_document(older).split(counted.values == F)[0] == Group(WOMEN_DOC.rows, 250)


@pytest.mark.parametrize(
    "broken",
    [
        {"truly_positive": [1], "true_positive": [1, 1]},
        {"truly_positive": [5, 1], "true_positive": [1, 2]},  # more hits than were positive
        {"truly_positive": [5, 5], "true_positive": [4, 0]},  # more hits than positive predictions
        {"truly_positive": [9, 5], "true_positive": [1, 1]},  # more misses than rows were left
        {"truly_positive": [0, 0], "true_positive": [-1, 0]},
    ],
)
def test_outcomes_that_do_not_fit_are_refused(broken: dict[str, list[int]]) -> None:
    counts = {"values": [0, 1], "rows": [9, 9], "positive": [3, 4]}
    fitting = Groups.from_document({**counts, "truly_positive": [5, 5], "true_positive": [2, 4]})
    assert isinstance(fitting.truth, Truth)
    with pytest.raises(ValueError, match="outcomes that fit each of 2 values"):
        Groups.from_document({**counts, **broken})
