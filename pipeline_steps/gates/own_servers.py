"""The replay between two servers that are not Slipway's: variants of one endpoint, and the number in their answers."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import numpy as np

from pipeline_steps.baseline.baseline import ScoreRanks
from pipeline_steps.errors import StepError
from pipeline_steps.gates.exchanges import Exchange, ReplayScores, replay
from pipeline_steps.gates.gate_results import ReplayLimits, ReplayResult, limit_violations
from pipeline_steps.gates.local_server import ServerResponse
from pipeline_steps.gates.own_output import OwnOutput
from pipeline_steps.gates.recent_requests import CapturedRequest, RecentRequests
from pipeline_steps.gates.replay_metrics import measure_replay
from pipeline_steps.gates.score_proof import ScoreProof, score_shares
from pipeline_steps.problems.problem import LabelKind


@dataclass(frozen=True)
class AnyNumber:
    """What is known of such a number: it may be any."""

    headline_range: tuple[float, float] = (-math.inf, math.inf)
    label_kind: LabelKind = "number"


@dataclass(frozen=True)
class ServerVariant:
    """One of the endpoint's servers."""

    runtime: Any
    endpoint: str
    name: str
    accept: str

    def send(self, request: CapturedRequest) -> ServerResponse:
        """Invoke it; what the container fails is a response with its own status.

        Raises:
            StepError: AWS refused the call, or could not be reached.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (0.4 s, and only here)

        started = time.perf_counter()
        try:
            response = self.runtime.invoke_endpoint(
                EndpointName=self.endpoint,
                TargetVariant=self.name,
                ContentType=request.content_type,
                Accept=self.accept,
                Body=request.body,
            )
            body = response["Body"].read()
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ModelError":
                raise StepError(f"variant {self.name} of {self.endpoint} could not be invoked: {exc}") from exc
            failed = int(exc.response.get("OriginalStatusCode") or HTTPStatus.INTERNAL_SERVER_ERROR)
            return ServerResponse(failed, b"", time.perf_counter() - started)
        except BotoCoreError as exc:
            raise StepError(f"variant {self.name} of {self.endpoint} could not be invoked: {exc}") from exc
        return ServerResponse(HTTPStatus.OK, body, time.perf_counter() - started)


def compare_own_servers(
    captures: RecentRequests,
    *,
    runtime: Any,
    endpoint: str,
    output: OwnOutput,
    limits: ReplayLimits,
    proof: ScoreProof | None = None,
) -> ReplayResult:
    """Send the requests to both variants, `champion` and `candidate`, and compare errors, numbers and latency.

    Where the canary compares numbers, `proof` is what it tolerates: both models are compared by the champion's ranks.
    """
    count, unreadable = len(captures.requests), captures.unreadable
    if count < limits.min_requests:
        words = f"not enough captured requests: {count} of {limits.min_requests}"
        return ReplayResult(count, not_compared=words, unreadable=unreadable)
    champion, candidate = (ServerVariant(runtime, endpoint, name, output.accept) for name in ("champion", "candidate"))
    replayed = replay(captures.requests, champion=champion, candidate=candidate)
    answered = [each for each in replayed.exchanges if output.numbers(each.champion.body)]
    refused = replayed.refused + len(replayed.exchanges) - len(answered)
    if len(answered) < limits.min_requests:
        words = f"not enough requests that the champion answers with a number: {len(answered)} of {limits.min_requests}"
        return ReplayResult(len(answered), not_compared=words, refused=refused, unreadable=unreadable)
    scores = read_numbers(answered, output)
    measures = measure_replay(AnyNumber(), answered, scores, [], rounds=replayed.rounds)
    ranks = ScoreRanks.of(scores.champion.astype(np.float32)) if proof and len(scores.champion) else None
    shares = score_shares(scores, ranks, ranks, error=proof.error) if proof else None
    return ReplayResult(
        len(answered),
        reasons=tuple(limit_violations(limits, measures)),
        rows=len(scores.request),
        refused=refused,
        unreadable=unreadable,
        measures=measures,
        scores=shares,
        scores_are_proven=bool(proof and shares and shares.at_most < proof.limit),
    )


def read_numbers(exchanges: Sequence[Exchange], output: OwnOutput) -> ReplayScores:
    """Read the number of each row in both answers; where the candidate gives fewer or more, the request has failed."""
    rows: list[tuple[int, float, float]] = []
    scored = np.zeros(len(exchanges), dtype=np.bool_)
    for place, exchange in enumerate(exchanges):
        before = output.numbers(exchange.champion.body)
        after = output.numbers(exchange.candidate.body) if exchange.candidate.status == HTTPStatus.OK else []
        scored[place] = len(before) == len(after)
        if scored[place]:
            rows += [(place, old, new) for old, new in zip(before, after, strict=True)]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 3)
    champion, candidate = table[:, 1], table[:, 2]
    return ReplayScores(
        request=table[:, 0].astype(np.int64),
        champion=champion,
        candidate=candidate,
        champion_label=champion,
        candidate_label=candidate,
        scored=scored,
    )
