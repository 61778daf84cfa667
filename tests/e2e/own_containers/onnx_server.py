"""A model server that is not Slipway's, for the model that Slipway's training makes."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from http_json import serve

MODEL = Path(os.environ.get("SM_BASE_DIR", "/opt/ml"), "model")
CONTRACT = json.loads((MODEL / "contract.json").read_text())
SESSION = onnxruntime.InferenceSession(str(MODEL / "model.onnx"))


def cell(column, value):
    if value is None:
        return np.nan
    if column["kind"] == "category":
        known = column["categories"]
        return known.index(value) if value in known else len(known)
    return float(value)


def answer(request):
    rows = [[cell(column, row[column["name"]]) for column in CONTRACT["columns"]] for row in request["instances"]]
    (scores,) = SESSION.run(None, {"features": np.array(rows, dtype=np.float32)})
    return {"predictions": [{"score": float(score)} for score in scores]}


if __name__ == "__main__":
    assert sys.argv[1:] == ["serve"]
    serve(answer)
