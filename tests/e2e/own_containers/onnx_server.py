"""A model server that is not Slipway's: the standard library and ONNX Runtime, JSON in and out."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnxruntime

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


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            instances = json.loads(body)["instances"]
            rows = [[cell(column, row[column["name"]]) for column in CONTRACT["columns"]] for row in instances]
        except (ValueError, KeyError, TypeError) as exc:
            return self.answer(400, {"error": repr(exc)})
        (scores,) = SESSION.run(None, {"features": np.array(rows, dtype=np.float32)})
        return self.answer(200, {"predictions": [{"score": float(score)} for score in scores]})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    assert sys.argv[1:] == ["serve"]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    address = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0"), int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    server = ThreadingHTTPServer(address, Handler)
    server.request_queue_size = 256
    server.serve_forever()
