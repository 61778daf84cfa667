"""The same requests to champion and candidate, in turns, and what comes back."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.gates.local_server import Answer, Server, ServerError
from pipeline_steps.gates.recent_requests import CapturedRequest

_WARM_UP = 20
"""Requests asked before the clock counts: the first ones of a process are slow."""

_ROUNDS = 3
"""How often each request is asked: the quickest answer is the model's, a slower one is the machine's."""

_MORE_ROUNDS_SECONDS = 10.0
"""After so long, no further round is begun."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that the champion answered, and both answers, each with the seconds of its quickest one."""

    request: CapturedRequest
    champion: Answer
    candidate: Answer


@dataclass
class Replayed:
    """`refused` requests were no good to the champion already, and say nothing of the candidate."""

    exchanges: list[Exchange] = field(default_factory=list)
    rounds: int = 1
    refused: int = 0
    broke_off: str = ""
    """Why the candidate's server answers no request, or no more."""


class _SilentError(Exception):
    """The candidate's server does not answer."""


def replay(requests: Sequence[CapturedRequest], *, champion: Server, candidate: Server) -> Replayed:
    """Ask both, first the one and next time the other, so that a busy moment is no one's disadvantage.

    Raises:
        ServerError: the champion's server does not answer.
    """
    found = Replayed()
    started = time.monotonic()
    try:
        _round(requests[:_WARM_UP], champion, candidate, turn=0)
        rounds = [_round(requests, champion, candidate, turn=0)]
        while len(rounds) < _ROUNDS and time.monotonic() - started < _MORE_ROUNDS_SECONDS:
            rounds.append(_round(requests, champion, candidate, turn=len(rounds)))
    except _SilentError as exc:
        found.broke_off = f"the candidate's server must answer every request: {exc}"
        return found
    found.rounds = len(rounds)
    for request, *pairs in zip(requests, *rounds, strict=True):
        old, new = (_worst(answers) for answers in zip(*pairs, strict=True))
        if old.status == HTTPStatus.OK:
            found.exchanges.append(Exchange(request, old, new))
        else:
            found.refused += 1
    return found


def _round(
    requests: Sequence[CapturedRequest], champion: Server, candidate: Server, *, turn: int
) -> list[tuple[Answer, Answer]]:
    answers = []
    for number, request in enumerate(requests, turn):
        first = None if number % 2 else champion.ask(request)
        try:
            answer = candidate.ask(request)
        except ServerError as exc:
            raise _SilentError(str(exc)) from exc
        answers.append((first or champion.ask(request), answer))
    return answers


def _worst(answers: Sequence[Answer]) -> Answer:
    """An answer that is no success, if there is one; the time is the shortest."""
    chosen = max(answers, key=lambda answer: answer.status != HTTPStatus.OK)
    return replace(chosen, seconds=min(answer.seconds for answer in answers))


@dataclass(frozen=True)
class Scores:
    """Both models' scores and labels, a row each; `request` numbers the exchange a row came with."""

    request: NDArray[np.int64]
    champion: NDArray[np.float64]
    candidate: NDArray[np.float64]
    disagrees: NDArray[np.bool_]
    answered: NDArray[np.bool_]
    """By exchange: whether the candidate gave every row a score."""


def read_scores(exchanges: Sequence[Exchange]) -> Scores:
    """Read the predictions in both answers; an exchange the candidate has not answered gives no rows."""
    rows: list[tuple[int, float, float, bool]] = []
    answered = np.zeros(len(exchanges), dtype=np.bool_)
    for number, exchange in enumerate(exchanges):
        expected, found = _predictions(exchange.champion), _predictions(exchange.candidate)
        answered[number] = len(found) == len(expected)
        if answered[number]:
            rows += [
                (number, old_score, new_score, old_label != new_label)
                for (old_score, old_label), (new_score, new_label) in zip(expected, found, strict=True)
            ]
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return Scores(
        request=np.array(columns[0], dtype=np.int64),
        champion=np.array(columns[1], dtype=np.float64),
        candidate=np.array(columns[2], dtype=np.float64),
        disagrees=np.array(columns[3], dtype=np.bool_),
        answered=answered,
    )


def _predictions(answer: Answer) -> list[tuple[float, int]]:
    if answer.status != HTTPStatus.OK:
        return []
    try:
        return [(float(entry["score"]), int(entry["label"])) for entry in json.loads(answer.body)["predictions"]]
    except (ValueError, KeyError, TypeError):
        return []
