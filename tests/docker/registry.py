"""A model registry with one approved package, as `evaluate` asks for it."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ARN = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers/1"
_ANSWERS: Mapping[str, Any] = {
    "SageMaker.ListModelPackages": {"ModelPackageSummaryList": [{"ModelPackageArn": _ARN}]},
    "SageMaker.DescribeModelPackage": {
        "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": "s3://models/champion/model.tar.gz"}]}
    },
}


@contextmanager
def registry(champion: bytes) -> Iterator[dict[str, str]]:
    """Serve it on the loopback interface; gives the variables that lead an AWS SDK there."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(json.dumps(_ANSWERS[self.headers["X-Amz-Target"]]).encode(), "application/x-amz-json-1.1")

        def do_GET(self) -> None:
            assert self.path == "/models/champion/model.tar.gz"
            self._answer(champion, "application/octet-stream")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }
        server.shutdown()
