"""A server by SageMaker's contract, of the standard library alone."""

import json
import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def serve(answer):
    """Listen until SIGTERM; `answer` makes a document of a request's, or raises where the request is none."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.respond(200, {})

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                self.respond(200, answer(json.loads(body)))
            except (ValueError, KeyError, TypeError) as exc:
                self.respond(400, {"error": repr(exc)})

        def respond(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 256

    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    host = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")
    Server((host, int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Handler).serve_forever()
