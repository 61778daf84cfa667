"""Scores to response bodies, in the type the caller accepts."""

from collections.abc import Sequence
from http import HTTPStatus

from pipeline_steps.server.messages import HttpError, Response
from pipeline_steps.server.payload import CSV, JSON
from pipeline_steps.tables.cells import shown

_ACCEPTED = {JSON: JSON, "application/*": JSON, "*/*": JSON, CSV: CSV, "text/*": CSV}


def accepted_type(accept: str) -> str:
    """Choose the type of the answer by the Accept header's order; JSON when it is empty.

    Raises:
        HttpError: 406, neither type is accepted.
    """
    if not accept:
        return JSON
    for part in accept.split(","):
        media_type, _, parameters = part.partition(";")
        if (chosen := _ACCEPTED.get(media_type.strip().lower())) and parameters.replace(" ", "") != "q=0":
            return chosen
    raise HttpError(HTTPStatus.NOT_ACCEPTABLE, f"accept must allow {JSON} or {CSV}, got {shown(accept)}")


def write_predictions(scores: Sequence[float], threshold: float, media_type: str, header: str = "") -> Response:
    """Write one score a row; JSON has the label beside it. `header` is one more header line with its line break."""
    # nine digits tell every float32 from its neighbours
    if media_type == CSV:
        return Response(HTTPStatus.OK, "".join([f"{score:.9g}\n" for score in scores]).encode(), CSV, header)
    entries = [f'{{"score":{score:.9g},"label":{int(score >= threshold)}}}' for score in scores]
    return Response(HTTPStatus.OK, f'{{"predictions":[{",".join(entries)}]}}\n'.encode(), JSON, header)
