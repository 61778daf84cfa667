"""The replay between two servers of the user's own: errors, numbers and latency, by what they answer."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipeline_steps.errors import StepError
from pipeline_steps.gates.gate_results import ReplayLimits, ReplayResult
from pipeline_steps.gates.own_output import OwnOutput
from pipeline_steps.gates.own_servers import compare_own_servers
from pipeline_steps.gates.recent_requests import CapturedRequest, RecentRequests
from pipeline_steps.gates.score_proof import ScoreProof

LIMITS = ReplayLimits(
    min_requests=20,
    max_error_percent=0.5,
    max_disagreement_percent=10,
    max_score_psi=0.75,
    max_mean_difference=0.1,
    max_segment_difference=0.15,
    max_latency_ratio=3.0,
    latency_floor_ms=10_000,
    min_segment_rows=100,
)
Answer = Callable[[float], Any]


def failing(status: int) -> ClientError:
    return ClientError({"Error": {"Code": "ModelError"}, "OriginalStatusCode": status}, "InvokeEndpoint")


@dataclass
class Endpoint:
    """Two variants, by what each makes of a request's number; an error is raised."""

    champion: Answer
    candidate: Answer

    def invoke_endpoint(self, *, TargetVariant: str, Body: bytes, **_: str) -> dict[str, Any]:  # noqa: N803
        answer = getattr(self, TargetVariant)(float(json.loads(Body)))
        if isinstance(answer, Exception):
            raise answer
        return {"Body": io.BytesIO(json.dumps({"scores": [answer]}).encode())}


def compared(
    candidate: Answer,
    champion: Answer = lambda number: number,
    *,
    requests: int = 60,
    proof: ScoreProof | None = None,
) -> ReplayResult:
    sent = tuple(CapturedRequest(str(number / 60).encode(), "application/json") for number in range(requests))
    endpoint = Endpoint(champion, candidate)
    output = OwnOutput(pointer="/scores")
    return compare_own_servers(
        RecentRequests(sent), runtime=endpoint, endpoint="e", output=output, limits=LIMITS, proof=proof
    )


def test_a_candidate_with_about_the_same_numbers_passes() -> None:
    found = compared(lambda number: number + 0.01)
    assert (found.reasons, found.rows, found.not_compared) == ((), 60, "")


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (lambda number: failing(500) if number > 0.7 else number, "must fail in at most 0.5 percent"),
        (lambda number: "none" if number > 0.7 else number, "must fail in at most 0.5 percent"),
        (lambda number: 1 - number, "labels must differ from the champion's"),
        (lambda number: number + 0.5, "the mean score must stay within"),
    ],
)
def test_errors_and_other_numbers_refuse_it(candidate: Answer, reason: str) -> None:
    assert any(reason in each for each in compared(candidate).reasons)


@pytest.mark.parametrize(("shift", "proven"), [(0.01, True), (0.7, False)])
def test_of_numbers_that_lie_alike_the_canary_need_prove_nothing(shift: float, proven: bool) -> None:
    found = compared(lambda number: number + shift, requests=300, proof=ScoreProof(0.05, 0.05))
    assert found.scores_are_proven is proven
    assert found.scores
    assert found.scores.requests == 300


def test_what_the_champion_does_not_answer_with_a_number_proves_nothing() -> None:
    found = compared(lambda number: number, lambda number: failing(400) if number > 0.5 else "none")
    assert (found.reasons, found.refused) == ((), 60)
    assert found.not_compared == "not enough requests that the champion answers with a number: 0 of 20"


def test_too_few_requests_refuse_nothing() -> None:
    assert compared(lambda _: failing(500), requests=5).not_compared == "not enough captured requests: 5 of 20"


def test_a_call_that_aws_refuses_is_no_answer_of_either_model() -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "InvokeEndpoint")
    with pytest.raises(StepError, match="could not be invoked"):
        compared(lambda _: denied)
