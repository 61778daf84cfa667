"""A model registry with at most one approved package, and the store its artifact lies in, as jobs ask for them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ARN = "arn:aws:sagemaker:us-east-1:111122223333:model-package/shop/3"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
NOWHERE = KEYS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
"""The environment of a job whose registry does not answer."""


@contextmanager
def registry(champion: bytes | None, *, registered: str = "") -> Iterator[dict[str, str]]:
    """Serve it on the loopback interface; gives the variables that lead an AWS SDK there.

    `registered` is the hash of the files that were approved; a package without one is an early one.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(json.dumps(_described(self.headers["X-Amz-Target"], request)).encode())

        def do_GET(self) -> None:
            assert self.path.split("?")[0] == "/artifacts/champion/model.tar.gz"
            assert champion is not None
            self._answer(champion)

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    def _described(target: str, request: Any) -> dict[str, Any]:
        if target == "SageMaker.ListModelPackages":
            package = {"ModelPackageArn": ARN, "CreationTime": 1.0, "ModelPackageStatus": "Completed"}
            return {"ModelPackageSummaryList": [package] if champion else []}
        assert (target, request) == ("SageMaker.DescribeModelPackage", {"ModelPackageName": ARN})
        container = {"Image": "image", "ModelDataUrl": "s3://artifacts/champion/model.tar.gz"}
        properties = {"model_sha256": registered} if registered else {}
        return {"InferenceSpecification": {"Containers": [container]}, "CustomerMetadataProperties": properties}

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
        finally:
            server.shutdown()
