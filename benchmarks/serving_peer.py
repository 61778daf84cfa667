"""The peer of the server: FastAPI on uvicorn, and ONNX Runtime, as its tutorials put them together.

Usage: python -m benchmarks.serving_peer MODEL_FOLDER PORT
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class PeerRows(BaseModel):
    """The body of a request."""

    instances: list[dict[str, float | int | bool | str]]


def application(model: Path) -> FastAPI:
    """Read the contract's columns for what a cell becomes; unlike our server, check no value."""
    contract = json.loads((model / "contract.json").read_text())
    threshold, labels = contract["decision"]["threshold"], contract["classes"]
    codes = {
        column["name"]: {value: code for code, value in enumerate(column.get("categories", []))}
        for column in contract["columns"]
    }
    session = onnxruntime.InferenceSession(model / "model.onnx", providers=["CPUExecutionProvider"])
    app = FastAPI()

    @app.get("/ping")
    async def ping() -> None:
        return None

    @app.post("/invocations")
    async def invocations(rows: PeerRows) -> dict[str, Any]:
        cells = [[codes[name].get(row[name], row[name]) for name in codes] for row in rows.instances]
        (scores,) = session.run(None, {"features": np.asarray(cells, dtype=np.float32)})
        return {"predictions": [{"score": float(s), "label": labels[int(s >= threshold)]} for s in scores]}

    return app


if __name__ == "__main__":
    uvicorn.run(application(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
