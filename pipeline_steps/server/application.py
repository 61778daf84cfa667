"""The paths of a SageMaker container, and /openapi.json, which describes what it responds to."""

import json
import math
import sys
import traceback
from functools import cached_property
from http import HTTPStatus

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.server.batch_lines import EXECUTION_PARAMETERS, score_lines
from pipeline_steps.server.messages import HttpError, HttpRequest, Response, error_response
from pipeline_steps.server.openapi import openapi_document
from pipeline_steps.server.payload import read_payload
from pipeline_steps.server.predictions import accepted_type, write_explained_predictions, write_predictions
from pipeline_steps.server.reasons import Explainer, ExplanationRefusedError
from pipeline_steps.server.request_formats import JSON, JSON_LINES, media_type
from pipeline_steps.server.score_recorder import ScoreRecorder
from pipeline_steps.tables.cells import quoted

Features = NDArray[np.float32]


class Application:
    """Handles one request at a time; it keeps no state between them but the recorder's, so any thread may call it.

    `header` is a header line of each of the model's responses. Without an `explainer` no prediction is explained. In a
    `batch` transform job JSON lines are responded to line by line.
    """

    def __init__(
        self,
        contract: Contract,
        scorer: Scorer,
        *,
        recorder: ScoreRecorder | None = None,
        explainer: Explainer | None = None,
        header: str = "",
        batch: bool = False,
    ) -> None:
        self._contract, self._scorer = contract, scorer
        self._responder = contract.responder
        self._record = recorder.record if recorder else None
        self._explainer, self._header, self._batch = explainer, header, batch

    def handle(self, request: HttpRequest) -> Response:
        """Respond to `request`; every error becomes a status."""
        try:
            return self._route(request)
        except HttpError as exc:
            return exc.response
        except Exception:  # noqa: BLE001 (a request's failure must not end the server)
            traceback.print_exc(file=sys.stderr)
            return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "the model failed on this request")

    def _route(self, request: HttpRequest) -> Response:
        if request.path == "/invocations":
            _require_method(request, "POST")
            return self._invoke(request)
        if request.path == "/ping":
            _require_method(request, "GET", "HEAD")
            return Response(HTTPStatus.OK)
        if request.path == "/execution-parameters":
            _require_method(request, "GET", "HEAD")
            return Response(HTTPStatus.OK, json.dumps(EXECUTION_PARAMETERS).encode(), JSON)
        if request.path == "/openapi.json":
            _require_method(request, "GET", "HEAD")
            return Response(HTTPStatus.OK, self._openapi, JSON)
        allowed = "/ping, /invocations, /execution-parameters or /openapi.json"
        raise HttpError(HTTPStatus.NOT_FOUND, f"path must be {allowed}, got {quoted(request.path)}")

    @cached_property
    def _openapi(self) -> bytes:
        return json.dumps(openapi_document(self._contract, self._scorer), ensure_ascii=False).encode()

    def _invoke(self, request: HttpRequest) -> Response:
        accepted, given = accepted_type(request.headers.get("accept", "")), request.headers.get("content-type", "")
        if self._batch and accepted == JSON_LINES == media_type(given):
            return score_lines(self._contract, self._scorer, request.body)
        features = read_payload(self._contract, request.body, given)
        explained = request.is_explained
        if explained:
            self._check_explanation(features, accepted)
        outputs = self._scorer.score(features)
        if not math.isfinite(sum(outputs.ravel().tolist())):  # faster than numpy's for the usual one row
            raise ArithmeticError("the model gave an output that is no finite number")
        if self._record:
            self._record((features, outputs))
        if explained and self._explainer:
            reasons = self._explainer.reasons(features, outputs)
            return write_explained_predictions(self._responder, outputs, reasons, self._header)
        return write_predictions(self._responder, outputs, accepted, self._header)

    def _check_explanation(self, features: Features, accepted: str) -> None:
        if accepted != JSON:
            reason = f"explain gives {JSON}, got a request that accepts {quoted(accepted)}"
            raise HttpError(HTTPStatus.BAD_REQUEST, reason)
        if self._explainer is None:
            raise HttpError(HTTPStatus.BAD_REQUEST, "explain needs the model's baseline.json, which is absent")
        try:
            self._explainer.check(features)
        except ExplanationRefusedError as exc:
            raise HttpError(HTTPStatus.BAD_REQUEST, str(exc)) from exc


def _require_method(request: HttpRequest, *allowed: str) -> None:
    if request.method not in allowed:
        raise HttpError(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"method must be {' or '.join(allowed)}, got {quoted(request.method)}",
            extra=f"Allow: {', '.join(allowed)}\r\n",
        )
