"""The image of examples/own_container, its server without Starlette."""

import json
import sys
from pathlib import Path

import numpy as np
from http_json import serve

sys.path.insert(0, str(Path(__file__).parents[3] / "examples/own_container"))
from train import ML, NUMBERS, matrix, train


def answer(request):
    rows = [{**row, **{name: row[name] or 0 for name in NUMBERS}} for row in request["visits"]]
    return {"probabilities": (1 / (1 + np.exp(-matrix(rows, MODEL) @ MODEL["weights"]))).tolist()}


if __name__ == "__main__":
    if sys.argv[1:] == ["train"]:
        train()
    else:
        MODEL = json.loads((ML / "model/model.json").read_text())
        serve(answer)
