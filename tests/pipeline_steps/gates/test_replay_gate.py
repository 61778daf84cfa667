"""The replay gate, with given responses, and with servers that are real or fail."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from pipeline_steps.errors import ArgumentError
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.gates.exchanges import Exchange, replay
from pipeline_steps.gates.expected_differences import accurate_models_differ_percent
from pipeline_steps.gates.gate_results import ContractResult, ReplayLimits, ReplayResult, message
from pipeline_steps.gates.local_server import ServerError, ServerResponse
from pipeline_steps.gates.recent_requests import CapturedRequest
from pipeline_steps.gates.replay_gate import compare_responses
from tests.contracts import binary_contract

MONTHS = ("Nov", "Dec", "Feb")
CONTRACT = binary_contract(
    (
        CategoryColumn("month", MONTHS, 3, accepts_unknown=True, missing=True),
        NumberColumn("age", 0, 99, missing=False),
    )
)
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


def response(scores: Sequence[float], *, seconds: float = 0.001, status: int = 200) -> ServerResponse:
    predictions = [{"score": score, "label": int(score >= 0.5)} for score in scores]
    return ServerResponse(status, json.dumps({"predictions": predictions}).encode(), seconds)


def quick(_number):
    return 0.001, 0.001


def exchanges(count, change, *, seed=0, seconds=quick, rows=1):
    """Visitors of random months; `change` makes the candidate's score of month and champion's score."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        months = [str(random.choice(MONTHS)) for _ in range(rows)]
        old = random.beta(0.5, 2, rows)
        new = [float(np.clip(change(month, score), 0, 1)) for month, score in zip(months, old, strict=True)]
        before, after = seconds(number)
        request = CapturedRequest("".join(f"{month},30\n" for month in months).encode(), "text/csv")
        found.append(Exchange(request, response(old.tolist(), seconds=before), response(new, seconds=after)))
    return found


def compared(count, change, *, limits=LIMITS, rounds=3, **more):
    return compare_responses(exchanges(count, change, **more), CONTRACT, limits, rounds=rounds)


def same(month, score):
    return score


@pytest.mark.parametrize("count", [50, 200, 2000])
def test_equal_responses_pass(count):
    found = compared(count, same)
    assert (found.reasons, found.not_compared, found.requests, found.rows) == ((), "", count, count)


def test_too_few_requests_are_not_compared_and_the_result_says_so():
    found = compared(49, lambda _month, _score: 1.0)
    assert found.reasons == ()
    assert found.not_compared == "not enough captured requests that the champion scores: 49 of 50"
    assert found.to_document()["compared"] is False


def test_a_noisy_but_healthy_candidate_is_never_refused():
    noise = np.random.default_rng(7)
    refused = [
        reason
        for seed in range(25)
        for reason in compared(400, lambda _month, score: score + noise.normal(0, 0.08), seed=seed).reasons
    ]
    assert refused == []


def test_a_few_scores_that_cross_the_edge_of_a_step_are_no_change():
    """As the leaves of a small tree do when it is trained again."""
    before = [0.12, 0.19, 0.41, 0.78] * 100
    found = exchanges(len(before), same)
    for number, score in enumerate(before):
        moved = response([score + 0.04])
        found[number] = Exchange(found[number].request, response([score]), moved)
    assert compare_responses(found, CONTRACT, LIMITS, rounds=3).reasons == ()


def test_a_model_of_another_kind_may_spread_the_scores_that_a_few_leaves_gave():
    found = exchanges(400, same)
    for number, move in enumerate(np.random.default_rng(0).uniform(-0.14, 0.14, len(found))):
        score = (0.15, 0.35)[number % 2]
        found[number] = Exchange(found[number].request, response([score]), response([score + float(move)]))
    result = compare_responses(found, CONTRACT, LIMITS, rounds=3)
    assert result.measures.stability_index.at_least > LIMITS.max_score_psi
    assert result.reasons == ()


def test_scores_that_lose_their_spread_are_refused():
    found = exchanges(400, same)
    for number, exchange in enumerate(found):
        score = (0.02, 0.42)[number % 2]
        found[number] = Exchange(exchange.request, response([score]), response([0.22]))
    result = compare_responses(found, CONTRACT, LIMITS, rounds=3)
    assert [reason.partition(",")[0] for reason in result.reasons] == [
        "scores must stay within a stability index of 0.75 of the champion's"
    ]
    assert result.measures.distance.found == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("accuracy", "classes", "percent"),
    [(0.98, 2, 10), (0.8, 2, 32), (0.8, 6, 35.2), (0.5, 2, 50), (None, 0, 10), (7, 2, 10)],
)
def test_labels_may_differ_by_as_much_as_the_errors_of_two_equally_accurate_models(accuracy, classes, percent):
    assert accurate_models_differ_percent(accuracy, classes) == pytest.approx(percent)


@pytest.mark.parametrize("count", [60, 300, 1000])
def test_shifted_scores_are_refused(count):
    (first, *_) = compared(count, lambda _month, score: score**0.4).reasons
    assert first.startswith(("labels must differ", "scores must stay within", "the mean score must stay within 0.1"))


def test_a_shift_in_one_segment_is_refused_by_its_name():
    (reason,) = compared(900, lambda month, score: score + 0.25 * (month == "Dec")).reasons
    assert reason.startswith("the mean score where month is Dec must stay within 0.15 of the champion's, got +0.2")


def test_a_small_segment_is_not_compared():
    found = compared(200, lambda month, score: score + 0.25 * (month == "Dec"))
    assert found.reasons == ()
    assert found.measures.segments == ()


def test_segments_are_named_as_the_users_sent_them():
    found = exchanges(600, same)
    for number, text in enumerate([b"", b"Aug", b"Nov"] * 200):
        request = CapturedRequest(text + b",30\n", "text/csv")
        found[number] = Exchange(request, found[number].champion, found[number].candidate)
    measures = compare_responses(found, CONTRACT, LIMITS, rounds=3).measures
    assert {segment.value: segment.rows for segment in measures.segments} == {
        "(missing)": 200,
        "(other)": 200,
        "Nov": 200,
    }


def test_only_the_named_segments_are_compared():
    with pytest.raises(ArgumentError, match="--segment must be one of month, got age"):
        compared(60, same, limits=ReplayLimits(**(vars(LIMITS) | {"segments": ("age",)})))


def test_labels_that_flip_are_refused():
    found = compared(500, lambda _month, score: 0.55 if 0.25 < score < 0.5 else score)
    assert found.reasons[0].startswith("labels must differ from the champion's in at most 10 percent of the rows")


def test_one_odd_request_of_many_rows_proves_nothing():
    found = exchanges(60, same)
    odd = exchanges(1, lambda _month, _score: 1.0, rows=1000)
    assert compare_responses(found + odd, CONTRACT, LIMITS, rounds=3).reasons == ()


@pytest.mark.parametrize(("failing", "refused"), [(1, False), (30, True)])
def test_requests_that_fail_are_refused_once_they_are_more_than_chance(failing, refused):
    found = exchanges(300, same)
    for number in range(failing):
        broken = response([], status=500)
        found[number * 10] = Exchange(found[number * 10].request, found[number * 10].champion, broken)
    result = compare_responses(found, CONTRACT, LIMITS, rounds=3)
    assert any("must fail in at most 0.5 percent" in reason for reason in result.reasons) == refused
    assert result.rows == 300 - failing


def test_a_candidate_without_responses_is_refused():
    found = [Exchange(one.request, one.champion, response([], status=500)) for one in exchanges(60, same)]
    (reason,) = compare_responses(found, CONTRACT, LIMITS, rounds=3).reasons
    assert "must fail in at most 0.5 percent, got 100" in reason


@pytest.mark.parametrize("body", [b"", b"no json", b'{"predictions": [{"label": 1}]}', b'{"predictions": []}'])
def test_a_response_without_a_score_a_row_is_a_failure(body):
    found = [Exchange(one.request, one.champion, ServerResponse(200, body, 0.001)) for one in exchanges(60, same)]
    assert "got 100" in compare_responses(found, CONTRACT, LIMITS, rounds=3).reasons[0]


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [(0.005, 0.030, True), (0.005, 0.012, False), (0.0005, 0.008, False), (0.030, 0.005, False)],
)
def test_a_slow_candidate_is_refused_unless_it_is_quick_enough(before, after, refused):
    reasons = compared(100, same, seconds=lambda _number: (before, after)).reasons
    assert [reason.partition(" must")[0] for reason in reasons] == ["latency at p50"] * refused


def test_a_slow_tail_is_refused_once_there_are_enough_requests():
    def seconds(number):
        return 0.005, 0.2 if number % 20 == 0 else 0.005

    assert compared(500, same, seconds=seconds).reasons == ()
    assert compared(2000, same, seconds=seconds, rounds=1).reasons == (), "a busy machine may have been the reason"
    (reason,) = compared(2000, same, seconds=seconds).reasons
    assert reason.startswith("latency at p99 must be at most 3 times the champion's 5 ms, got 200 ms")


class Fake:
    """A server whose n-th response is given."""

    def __init__(self, answers):
        self.sent = []
        self._responses = answers

    def send(self, request):
        self.sent.append(request)
        found = self._responses(len(self.sent))
        if isinstance(found, Exception):
            raise found
        return found


REQUESTS = [CapturedRequest(f"Nov,{number}\n".encode(), "text/csv") for number in range(30)]


def test_each_request_is_sent_to_both_three_times_after_a_warm_up():
    champion, candidate = (Fake(lambda number: response([0.5], seconds=number)) for _ in range(2))
    found = replay(REQUESTS, champion=champion, candidate=candidate)
    assert champion.sent == candidate.sent == [*REQUESTS[:20], *REQUESTS * 3]
    assert [one.request for one in found.exchanges] == REQUESTS
    assert found.exchanges[0].champion.seconds == 21, "the quickest one after the warm-up"


def test_champion_and_candidate_alternate_in_being_first():
    order = []

    def noted(name):
        return Fake(lambda _number: order.append(name) or response([0.5]))

    replay(REQUESTS[:2], champion=noted("champion"), candidate=noted("candidate"))
    assert order[:4] == ["champion", "candidate", "candidate", "champion"]


def test_a_request_that_the_champion_refuses_does_not_count():
    champion = Fake(lambda number: response([], status=400) if number % 2 else response([0.5]))
    found = replay(REQUESTS[:20], champion=champion, candidate=Fake(lambda _number: response([0.5])))
    assert (len(found.exchanges), found.refused) == (10, 10)


def test_a_candidate_that_fails_only_the_second_time_has_failed():
    candidate = Fake(lambda number: response([], status=500) if number > 60 else response([0.5]))
    found = replay(REQUESTS, champion=Fake(lambda _number: response([0.5])), candidate=candidate)
    assert {one.candidate.status for one in found.exchanges} == {500}


def test_a_candidate_that_stops_responding_ends_the_replay():
    candidate = Fake(lambda number: ServerError("the server ended with status -11") if number > 25 else response([0.5]))
    found = replay(REQUESTS, champion=Fake(lambda _number: response([0.5])), candidate=candidate)
    assert found.failure == "the candidate's server must respond to every request: the server ended with status -11"


def test_a_champion_that_stops_responding_fails_the_job():
    champion = Fake(lambda _number: ServerError("gone"))
    with pytest.raises(ServerError, match="gone"):
        replay(REQUESTS, champion=champion, candidate=Fake(lambda _number: response([0.5])))


def test_the_message_is_the_result_in_at_most_255_characters():
    fine, refused = ContractResult(()), ContractResult(("column a must stay", "column b must stay"))
    assert message(fine, ReplayResult(60)) == "passed"
    assert message(fine, ReplayResult(12, not_compared="not enough captured requests: 12 of 50")) == (
        "passed, without a replay: not enough captured requests: 12 of 50"
    )
    assert message(refused, ReplayResult(0)) == "contract: column a must stay (and 1 more)"
    assert message(fine, ReplayResult(60, reasons=("scores\nmust stay",))) == "replay: scores must stay"
    long = message(fine, ReplayResult(60, reasons=("é" * 1000,)))
    assert (len(long), long[-1]) == (255, "…")
