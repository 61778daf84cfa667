"""The replay gate: recent requests through both models' servers, and what their difference proves."""

from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.baseline.baseline import Baseline, ScoreRanks
from pipeline_steps.gates.exchanges import Exchange, Replayed, ReplayScores, read_scores, replay
from pipeline_steps.gates.gate_results import ReplayLimits, ReplayResult, limit_violations
from pipeline_steps.gates.local_server import ServerError, serving
from pipeline_steps.gates.own_error import typical_error
from pipeline_steps.gates.recent_requests import CAPTURED, RecentRequests
from pipeline_steps.gates.replay_metrics import measure_replay
from pipeline_steps.gates.replay_segments import segments
from pipeline_steps.gates.score_proof import ScoreProof, score_shares
from pipeline_steps.server.payload import read_payload


def compare_replay(
    captures: RecentRequests,
    *,
    champion: Artifact,
    candidate: Artifact,
    limits: ReplayLimits,
    proof: ScoreProof | None = None,
) -> ReplayResult:
    """Send the requests to both servers, and compare the responses if there are enough.

    Where the canary compares scores, `proof` is what it tolerates.

    Raises:
        ServerError: the champion's server does not start, or does not respond.
    """
    count = len(captures.requests)
    if count < limits.min_requests:
        return ReplayResult(
            count,
            not_compared=f"not enough {captures.what}: {count} of {limits.min_requests}",
            unreadable=captures.unreadable,
            sent=captures.what,
        )
    replayed = _replayed(captures, champion, candidate)
    if replayed.failure:
        return ReplayResult(count, reasons=(replayed.failure,), unreadable=captures.unreadable, sent=captures.what)
    scores = read_scores(replayed.exchanges, champion.contract.responder)
    found = compare_responses(
        replayed.exchanges,
        champion.contract,
        limits,
        scores=scores,
        rounds=replayed.rounds,
        refused=replayed.refused,
        unreadable=captures.unreadable,
        error=typical_error(champion),
        sent=captures.what,
    )
    if proof is None or found.measures is None:
        return found
    shares = score_shares(scores, _ranks(champion), _ranks(candidate), error=proof.error)
    return replace(found, scores=shares, scores_are_proven=shares.at_most < proof.limit)


def _ranks(model: Artifact) -> ScoreRanks | None:
    return Baseline.from_document(model.document("baseline.json"), model.contract).ranks


def compare_responses(
    exchanges: list[Exchange],
    contract: Contract,
    limits: ReplayLimits,
    *,
    rounds: int,
    scores: ReplayScores | None = None,
    refused: int = 0,
    unreadable: int = 0,
    error: float = 0.0,
    sent: str = CAPTURED,
) -> ReplayResult:
    """Compare both models' responses of so many rounds; `contract` and the typical `error` are the champion's.

    `scores` are those of the exchanges where they have been read already.
    """
    count = len(exchanges)
    if count < limits.min_requests:
        return ReplayResult(
            count,
            not_compared=f"not enough {sent} that the champion scores: {count} of {limits.min_requests}",
            refused=refused,
            unreadable=unreadable,
            sent=sent,
        )
    scores = scores or read_scores(exchanges, contract.responder)
    scored = [exchange for exchange, found in zip(exchanges, scores.scored, strict=True) if found]
    rows = _rows_of(scored, contract)
    chosen = segments(contract, rows, columns=limits.segments, min_rows=limits.min_segment_rows)
    measures = measure_replay(contract.problem, exchanges, scores, list(chosen), rounds=rounds, error=error)
    return ReplayResult(
        count,
        reasons=tuple(limit_violations(limits, measures)),
        rows=len(scores.request),
        refused=refused,
        unreadable=unreadable,
        measures=measures,
        sent=sent,
    )


def _rows_of(exchanges: list[Exchange], contract: Contract) -> NDArray[np.float32]:
    """Read what the champion scored."""
    requests = [exchange.request for exchange in exchanges]
    read = [read_payload(contract, request.body, request.content_type) for request in requests]
    return np.concatenate([np.zeros((0, contract.width), dtype=np.float32), *read])


def _replayed(captures: RecentRequests, champion: Artifact, candidate: Artifact) -> Replayed:
    with ExitStack() as servers:
        try:
            old = servers.enter_context(serving(champion))
        except ServerError as exc:
            raise ServerError(f"the champion's server must start: {exc}") from exc
        try:
            new = servers.enter_context(serving(candidate))
        except ServerError as exc:
            return Replayed(failure=f"the candidate's server must start: {exc}")
        return replay(captures.requests, champion=old, candidate=new)
