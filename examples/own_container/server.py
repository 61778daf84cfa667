"""A model server by SageMaker's contract alone: Starlette, JSON in and out."""

import json
import os

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from train import ML, NUMBERS, matrix


def serve():
    model = json.loads((ML / "model/model.json").read_text(encoding="utf-8"))
    weights = np.array(model["weights"])

    async def ping(_request):
        return Response()

    async def invocations(request):
        try:
            rows = json.loads(await request.body())["visits"]
            features = matrix([{**row, **{name: row[name] or 0 for name in NUMBERS}} for row in rows], model)
        except (ValueError, KeyError, TypeError) as exc:
            return JSONResponse({"error": f'a request must be {{"visits": [rows]}}: {exc!r}'}, status_code=400)
        return JSONResponse({"probabilities": (1 / (1 + np.exp(-features @ weights))).tolist()})

    routes = [Route("/ping", ping), Route("/invocations", invocations, methods=["POST"])]
    # Inside a container every interface is the container's own; a rehearsal without Docker names another one.
    host = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")  # noqa: S104
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    uvicorn.run(Starlette(routes=routes), host=host, port=port, log_level="warning")
