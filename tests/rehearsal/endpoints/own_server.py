"""A model server that is not ours: 8080 or the port that it is given, JSON in and out, in the standard library alone.

Its arguments after `serve` are the faults that a test gives it, before.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FAULTS = set(sys.argv[1:-1])
MODEL = Path(os.environ.get("SM_BASE_DIR", "/opt/ml")) / "model"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            total = sum(json.loads(body)["features"])
        except (ValueError, TypeError, KeyError):
            if "dies" in FAULTS:
                os._exit(3)
            self.answer(500 if "blames itself" in FAULTS else 400, b'{"error": "features must be numbers"}')
            return
        if "writes" in FAULTS:
            (MODEL / "cache.json").write_text("{}")
        text = f"score {total}" if "talks" in FAULTS else json.dumps({"predictions": [{"score": total}]})
        self.answer(200, text.encode(), "" if "shy" in FAULTS else "application/json")

    def log_message(self, *_):
        pass


if "stays" in FAULTS:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "absent" in FAULTS:
    sys.exit("no weights in the model folder")
port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
ThreadingHTTPServer((os.environ.get("SAGEMAKER_BIND_TO_HOST", "127.0.0.1"), port), Handler).serve_forever()
