"""The replay gate: recent requests through both models' servers, and what the difference proves."""

from contextlib import ExitStack

from pipeline_steps.artifact.archive import Model
from pipeline_steps.artifact.contract import Contract
from pipeline_steps.gates.exchanges import Exchange, Replayed, read_scores, replay
from pipeline_steps.gates.local_server import ServerError, serving
from pipeline_steps.gates.recent_requests import Captures
from pipeline_steps.gates.replay_metrics import measure
from pipeline_steps.gates.results import Limits, ReplayVerdict, beyond
from pipeline_steps.gates.segments import segments


def judge_replay(captures: Captures, *, champion: Model, candidate: Model, limits: Limits) -> ReplayVerdict:
    """Ask both servers, and judge the answers if there are enough.

    Raises:
        ServerError: the champion's server does not start, or does not answer.
    """
    asked = len(captures.requests)
    if asked < limits.min_requests:
        return ReplayVerdict(
            asked,
            unjudged=f"not enough captured requests: {asked} of {limits.min_requests}",
            unreadable=captures.unreadable,
        )
    replayed = _replayed(captures, champion, candidate)
    if replayed.broke_off:
        return ReplayVerdict(asked, reasons=(replayed.broke_off,), unreadable=captures.unreadable)
    return judge_answers(
        replayed.exchanges,
        champion.contract,
        limits,
        rounds=replayed.rounds,
        refused=replayed.refused,
        unreadable=captures.unreadable,
    )


def judge_answers(
    exchanges: list[Exchange],
    contract: Contract,
    limits: Limits,
    *,
    rounds: int,
    refused: int = 0,
    unreadable: int = 0,
) -> ReplayVerdict:
    """Judge what both models answered in so many rounds; `contract` is the champion's."""
    count = len(exchanges)
    if count < limits.min_requests:
        return ReplayVerdict(
            count,
            unjudged=f"not enough captured requests that the champion answers: {count} of {limits.min_requests}",
            refused=refused,
            unreadable=unreadable,
        )
    scores = read_scores(exchanges)
    answered = [exchange for exchange, found in zip(exchanges, scores.answered, strict=True) if found]
    chosen = segments(contract, answered, columns=limits.segments, min_rows=limits.min_segment_rows)
    measures = measure(exchanges, scores, list(chosen), rounds=rounds)
    return ReplayVerdict(
        count,
        reasons=tuple(beyond(limits, measures)),
        rows=len(scores.request),
        refused=refused,
        unreadable=unreadable,
        measures=measures,
    )


def _replayed(captures: Captures, champion: Model, candidate: Model) -> Replayed:
    with ExitStack() as servers:
        try:
            old = servers.enter_context(serving(champion))
        except ServerError as exc:
            raise ServerError(f"the champion's server must start: {exc}") from exc
        try:
            new = servers.enter_context(serving(candidate))
        except ServerError as exc:
            return Replayed(broke_off=f"the candidate's server must start: {exc}")
        return replay(captures.requests, champion=old, candidate=new)
