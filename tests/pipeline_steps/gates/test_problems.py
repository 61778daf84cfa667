"""Both gates with models of each problem."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from pipeline_steps.evaluation.model_evaluation import evaluated
from pipeline_steps.gates.accepted_difference import AcceptedDifference, measure_difference
from pipeline_steps.gates.artifact_errors import artifact_errors
from pipeline_steps.gates.exchanges import Exchange
from pipeline_steps.gates.expected_differences import expected_limits
from pipeline_steps.gates.gate_results import ReplayLimits, ReplayResult
from pipeline_steps.gates.label_agreement import labels_differ
from pipeline_steps.gates.local_server import ServerResponse
from pipeline_steps.gates.recent_requests import CapturedRequest
from pipeline_steps.gates.replay_gate import compare_responses
from pipeline_steps.gates.score_scale import score_scale
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpRequest
from tests.pipeline_steps.shop import USE_CASE
from tests.tiny_artifacts import NAMES, TinyModel, csv_body, tiny_model, tiny_table

LIMITS = ReplayLimits(
    min_requests=50,
    max_error_percent=0.5,
    max_disagreement_percent=10.0,
    max_score_psi=0.75,
    max_mean_difference=0.1,
    max_segment_difference=0.15,
    max_latency_ratio=3.0,
    latency_floor_ms=10.0,
    min_segment_rows=100,
)


def replayed(champion: TinyModel, candidate: TinyModel, limits: ReplayLimits = LIMITS) -> ReplayResult:
    """Each row of the champion's table as a request of its own."""
    handlers = [Application(model.contract, model.artifact.scorer).handle for model in (champion, candidate)]
    exchanges = []
    for row in csv_body(champion.table).splitlines(keepends=True):
        request = HttpRequest("POST", "/invocations", {"content-type": "text/csv"}, row)
        old, new = (handle(request) for handle in handlers)
        responses = [ServerResponse(response.status, response.body, 0.001) for response in (old, new)]
        exchanges.append(Exchange(CapturedRequest(row, "text/csv"), *responses))
    return compare_responses(exchanges, champion.contract, limits, rounds=3)


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_artifact_has_no_error(name: str) -> None:
    assert artifact_errors(tiny_model(name).artifact) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_model_like_the_champion_passes(name: str) -> None:
    champion = tiny_model(name)
    for candidate in (champion, tiny_model(name, bias=0.05)):
        found = replayed(champion, candidate)
        assert (found.reasons, found.rows) == ((), 500)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_answers_differently_is_refused(name: str) -> None:
    reasons = replayed(tiny_model(name), tiny_model(name, bias=4)).reasons
    assert [reason for reason in reasons if reason.startswith("labels must differ from the champion's")]
    assert all("\n" not in reason for reason in reasons)


@pytest.mark.parametrize("name", NAMES)
def test_a_difference_that_the_evaluation_measured_from_this_champion_refuses_nothing(name: str) -> None:
    champion, candidate = tiny_model(name), tiny_model(name, bias=4 if name == "clustering" else 1.5)
    another = tiny_model(name, bias=-6)
    assert replayed(champion, candidate).reasons, "the usual limits refuse it"
    rows = tiny_table(400, seed=5)
    encoded = champion.contract.encode(rows)
    before, after = (
        evaluated(
            model.contract.problem,
            np.full(400, np.nan),
            model.artifact.scorer.score(encoded),
            model.contract.decision,
            USE_CASE,
        )
        for model in (champion, candidate)
    )
    text = measure_difference(champion.artifact, encoded, before=before, after=after).to_text()
    assert re.fullmatch(r"[A-Za-z0-9 _.:/=+\-@]{1,256}", text), "what a property of a model package may have"
    accepted = AcceptedDifference.from_text(text)
    allowed = replace(LIMITS, **expected_limits(champion.artifact, accepted))
    assert replayed(champion, candidate, allowed).reasons == ()
    assert replayed(champion, another, allowed).reasons, "it differs by more"
    assert expected_limits(another.artifact, accepted) == expected_limits(another.artifact, None), "another champion"


@pytest.mark.parametrize("text", ["", "none", "champion=abc score_psi=1", "champion=abc " + 4 * "x=nan "])
def test_without_a_measured_difference_the_limits_are_the_usual_ones(text: str) -> None:
    assert AcceptedDifference.from_text(text) is None


def test_groups_are_the_same_however_a_model_numbers_them() -> None:
    draws = np.random.default_rng(0)
    champion = draws.integers(0, 4, 500).astype(float)
    renumbered = np.array([3.0, 0.0, 1.0, 2.0])[champion.astype(int)]
    assert not labels_differ("group", champion, renumbered, tolerance=0).any()
    assert labels_differ("category", champion, renumbered, tolerance=0).all()
    split = np.where((champion == 0) & (np.arange(500) % 4 == 0), 9.0, renumbered)
    moved = (champion == 0) & (np.arange(500) % 4 == 0)
    assert labels_differ("group", champion, split, tolerance=0).tolist() == moved.tolist(), "a group too many"
    merged = np.minimum(champion, 2)
    assert labels_differ("group", champion, merged, tolerance=0).sum() == min(
        (champion == 2).sum(), (champion == 3).sum()
    )


def test_scores_without_bounds_are_compared_in_the_champions_own_range() -> None:
    problem = problem_named("regression")
    champion = np.concatenate([np.linspace(1000, 2000, 101), [1e9]])
    scale = score_scale(problem, champion)
    assert scale.unit == pytest.approx(1000, rel=0.05), "one outlier widens no range"
    assert (scale.bins, scale.of) == (10, "the champion's range")
    assert score_scale(problem, np.full(60, 5.0)).unit == 5.0
    assert score_scale(problem, np.zeros(60)).unit == 1.0


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e6])
def test_the_limits_mean_the_same_in_every_unit_of_the_target(unit: float) -> None:
    draws = np.random.default_rng(3)
    old = draws.normal(0, 1, 600)
    contract = tiny_model("regression").contract

    def response(values: np.ndarray) -> list[ServerResponse]:
        bodies = (json.dumps({"predictions": [{"value": value * unit}]}).encode() for value in values.tolist())
        return [ServerResponse(200, body, 0.001) for body in bodies]

    def reasons(new: np.ndarray, error: float = 0.0) -> list[str]:
        request = CapturedRequest(b"1,2,Nov\n", "text/csv")
        pairs = zip(response(old), response(new), strict=True)
        found = compare_responses([Exchange(request, *pair) for pair in pairs], contract, LIMITS, rounds=3, error=error)
        return [reason.partition(" must")[0] for reason in found.reasons]

    assert reasons(old + draws.normal(0, 0.15, 600)) == []
    apart = old + draws.normal(0, 0.5, 600)
    assert reasons(apart) == ["labels"]
    assert reasons(apart, error=unit) == [], "two models that are wrong by as much differ by as much"
    assert reasons(old + 0.55)[:2] == ["labels", "the mean score"]
