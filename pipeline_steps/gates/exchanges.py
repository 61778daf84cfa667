"""The same requests to champion and candidate, alternating, and their responses."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.gates.local_server import ServerError, ServerResponse
from pipeline_steps.gates.recent_requests import CapturedRequest
from pipeline_steps.gates.score_differences import PairedScores
from pipeline_steps.problems.problem import Prediction, Responder
from pipeline_steps.server.predictions import read_predictions
from pipeline_steps.server.request_formats import JSON

_WARM_UP = 20
"""Requests sent before the latency is measured: the first ones of a process are slow."""

_ROUNDS = 3
"""How often each request is sent: the quickest response shows the model, a slower one a busy machine."""

_MORE_ROUNDS_SECONDS = 10.0
"""No further round begins after so long."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that the champion scored, and both responses, each with the seconds of the quickest round."""

    request: CapturedRequest
    champion: ServerResponse
    candidate: ServerResponse


@dataclass
class Replayed:
    """`refused` requests had an error from the champion already, and prove nothing about the candidate."""

    exchanges: list[Exchange] = field(default_factory=list)
    rounds: int = 1
    refused: int = 0
    failure: str = ""
    """Why the candidate's server did not respond."""


class Sender(Protocol):
    """A model's server, wherever it is."""

    def send(self, request: CapturedRequest) -> ServerResponse:
        """Send one request, and wait for the response."""
        ...


class _CandidateError(Exception):
    """The candidate's server does not respond."""


def replay(requests: Sequence[CapturedRequest], *, champion: Sender, candidate: Sender) -> Replayed:
    """Send each to both, alternating which is first, so that a busy moment affects both alike.

    Raises:
        ServerError: the champion's server does not respond.
    """
    found = Replayed()
    started = time.monotonic()
    try:
        _round(requests[:_WARM_UP], champion, candidate, offset=0)
        rounds = [_round(requests, champion, candidate, offset=0)]
        while len(rounds) < _ROUNDS and time.monotonic() - started < _MORE_ROUNDS_SECONDS:
            rounds.append(_round(requests, champion, candidate, offset=len(rounds)))
    except _CandidateError as exc:
        found.failure = f"the candidate's server must respond to every request: {exc}"
        return found
    found.rounds = len(rounds)
    for request, *pairs in zip(requests, *rounds, strict=True):
        old, new = (_worst(responses) for responses in zip(*pairs, strict=True))
        if old.status == HTTPStatus.OK:
            found.exchanges.append(Exchange(request, old, new))
        else:
            found.refused += 1
    return found


def _round(
    requests: Sequence[CapturedRequest], champion: Sender, candidate: Sender, *, offset: int
) -> list[tuple[ServerResponse, ServerResponse]]:
    responses = []
    for number, request in enumerate(requests, offset):
        first = None if number % 2 else champion.send(request)
        try:
            response = candidate.send(request)
        except ServerError as exc:
            raise _CandidateError(str(exc)) from exc
        responses.append((first or champion.send(request), response))
    return responses


def _worst(responses: Sequence[ServerResponse]) -> ServerResponse:
    """A response that is no success, if there is one; the time is the shortest."""
    chosen = max(responses, key=lambda response: response.status != HTTPStatus.OK)
    return replace(chosen, seconds=min(response.seconds for response in responses))


@dataclass(frozen=True)
class ReplayScores(PairedScores):
    """The scores of a replay; `request` numbers the exchange."""

    scored: NDArray[np.bool_]
    """By exchange: whether the candidate gave every row a score."""


def read_scores(exchanges: Sequence[Exchange], responder: Responder) -> ReplayScores:
    """Read the predictions in both responses; an exchange the candidate has not scored gives no rows.

    `responder` is the champion's: a class that the candidate added is none that callers know.
    """
    rows: list[tuple[int, float, float, float, float]] = []
    scored = np.zeros(len(exchanges), dtype=np.bool_)
    for number, exchange in enumerate(exchanges):
        expected, found = _predictions(exchange.champion, responder), _predictions(exchange.candidate, responder)
        scored[number] = len(found) == len(expected)
        if scored[number]:
            rows += [
                (number, old_score, new_score, float(old_label or 0), float(new_label or 0))
                for (old_score, old_label), (new_score, new_label) in zip(expected, found, strict=True)
            ]
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return ReplayScores(
        request=np.array(columns[0], dtype=np.int64),
        champion=np.array(columns[1], dtype=np.float64),
        candidate=np.array(columns[2], dtype=np.float64),
        champion_label=np.array(columns[3], dtype=np.float64),
        candidate_label=np.array(columns[4], dtype=np.float64),
        scored=scored,
    )


def _predictions(response: ServerResponse, responder: Responder) -> list[Prediction]:
    if response.status != HTTPStatus.OK:
        return []
    try:
        found = read_predictions(responder, response.body, JSON)
    except (ValueError, KeyError, TypeError, IndexError):
        return []
    return found if all(prediction.label is not None for prediction in found) else []
