"""Requests of a batch transform job: a line of JSON a row, and a line for each, also where a row is refused."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.features.columns import ValueRefusedError
from pipeline_steps.problems.problem import Outputs
from pipeline_steps.server.bodies import Body, refuse_constant
from pipeline_steps.server.messages import Response
from pipeline_steps.server.request_formats import JSON_LINES
from pipeline_steps.server.row_encoding import encode_rows

BATCH_VARIABLE = "SAGEMAKER_BATCH"
"""`true` in the containers of a batch transform job, and absent elsewhere."""

EXECUTION_PARAMETERS = {"MaxConcurrentTransforms": 2, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}
"""For a job whose request leaves them open. Two: one request is on its way while another is scored."""

ERROR = "error"
"""The member of a row's line that has no prediction: no prediction of any problem has it."""

_SCORED_AT_ONCE = 4096


def is_batch(environment: Mapping[str, str]) -> bool:
    """Whether SageMaker runs this container for a batch transform job."""
    return environment.get(BATCH_VARIABLE, "").strip().lower() == "true"


def score_lines(contract: Contract, scorer: Scorer, body: Body) -> Response:
    """Give a prediction or the reason for none for each line, in order: one status for all would fail the whole job."""
    lines = bytes(body).split(b"\n")
    if lines and not lines[-1].strip():
        lines.pop()
    parts = (lines[start : start + _SCORED_AT_ONCE] for start in range(0, len(lines), _SCORED_AT_ONCE))
    text = "".join(f"{line}\n" for part in parts for line in _scored(contract, scorer, part))
    return Response(HTTPStatus.OK, text.encode("utf-8", "replace"), JSON_LINES)


def _scored(contract: Contract, scorer: Scorer, lines: Sequence[bytes]) -> Iterator[str]:
    encoded = _encoded(contract, [_parsed(contract, line) for line in lines])
    blocks = [each for each in encoded if isinstance(each, np.ndarray)]
    entries = _entries(contract, scorer.score(np.concatenate(blocks))) if blocks else iter(())
    return (next(entries) if isinstance(each, np.ndarray) else _error(each.reason) for each in encoded)


@dataclass(frozen=True)
class _Refused:
    """A line without a prediction."""

    reason: str


def _parsed(contract: Contract, line: bytes) -> Any:
    """The line's JSON, or why there is none."""
    try:
        text = line.decode()
        if len(text) > contract.longest_row:
            longest = contract.longest_row
            return _Refused(f"the row must be at most {longest} characters long, which its columns never need")
        return json.loads(text, parse_constant=refuse_constant)
    except UnicodeDecodeError as exc:
        return _Refused(f"the row must be UTF-8 text: {exc}")
    except (ValueError, RecursionError) as exc:
        return _Refused(f"the row must be a line of JSON: {exc}")


def _encoded(contract: Contract, parsed: Sequence[Any]) -> list[NDArray[np.float32] | _Refused]:
    """Each row's numbers, [1, width]; all rows at once, and only where one is refused each by itself."""
    rows = [each for each in parsed if not isinstance(each, _Refused)]
    try:
        features = encode_rows(contract, rows, first=1, text=False) if rows else np.empty((0, 0), dtype=np.float32)
    except ValueRefusedError:
        return [each if isinstance(each, _Refused) else _alone(contract, each) for each in parsed]
    at = iter(features)
    return [each if isinstance(each, _Refused) else next(at)[np.newaxis] for each in parsed]


def _alone(contract: Contract, row: Any) -> NDArray[np.float32] | _Refused:
    try:
        return encode_rows(contract, [row], first=1, text=False)
    except ValueRefusedError as exc:
        return _Refused(str(exc).removeprefix("row 1: "))


def _entries(contract: Contract, outputs: Outputs) -> Iterator[str]:
    finite = np.isfinite(outputs.reshape(len(outputs), -1).sum(axis=1, dtype=np.float64))
    entries = contract.responder.json_entries(np.nan_to_num(outputs, nan=0.0, posinf=0.0, neginf=0.0))
    for entry, is_finite in zip(entries, finite, strict=True):
        yield entry if is_finite else _error("the model gave an output that is no finite number")


def _error(reason: str) -> str:
    return json.dumps({ERROR: " ".join(reason.split())}, ensure_ascii=False)
