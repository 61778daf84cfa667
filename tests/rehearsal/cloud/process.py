"""The real process with a small image of its own."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.access_key import AccessKey
from slipway.training.image import image_tag

PROJECT = Path(__file__).parents[3]
REPOSITORY = "steps"

STEPS = '''
"""A stand-in for the real image: the container contract with the standard library alone."""
import http.server, json, os, pathlib, shutil, sys, time

base = pathlib.Path(os.environ.get("SM_BASE_DIR", "/opt/ml"))
verb = sys.argv[1]
if verb == "train":
    given = json.loads((base / "input/config/hyperparameters.json").read_text())
    x = float(given.get("x", "0.5"))
    (base / "model/model.json").write_text(json.dumps({"x": x}))
    print(f"validation:auc={1 - (x - 0.7) ** 2:.6f};", flush=True)
elif verb == "prepare":
    for source in sorted((base / "processing/input/data").iterdir()):
        shutil.copy(source, base / "processing/output/copy")
    (base / "processing/output/copy/report.json").write_text(json.dumps({"score": float(sys.argv[2])}))
    print("prepared", flush=True)
elif verb == "replay":
    (base / "output").mkdir(exist_ok=True)
    (base / "output/message").write_text("passed: it is a stand-in")
elif verb == "serve":
    model = json.loads((base / "model/model.json").read_text())

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two segments

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Length", str(len(body)))
            if package := os.environ.get("SLIPWAY_MODEL_PACKAGE_ARN"):
                self.send_header("X-Amzn-SageMaker-Custom-Attributes", "model_package=" + package)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer(200, b"")

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if body == b"slow":
                time.sleep(0.1)
            if body == b"bad":
                self.answer(400, b"this is no row")
            else:
                self.answer(200, f"{model['x']}\\n".encode())

        def log_message(self, *args):
            print("request", flush=True)

    host, port = os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    print("serving", flush=True)
    http.server.ThreadingHTTPServer((host, port), Handler).serve_forever()
'''


def eventually(look: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    """What `look` returns soon after it is true: what takes longer is looked at less often."""
    begun = time.monotonic()
    while not (found := look()):
        waited = time.monotonic() - begun
        assert waited < seconds, f"nothing came of it within {seconds} s"
        time.sleep(min(max(0.02, waited / 10), 0.25))
    return found


@dataclass
class CloudProcess:
    """The started process, and boto3 clients for it."""

    child: "subprocess.Popen[bytes]"
    endpoint_url: str
    key: AccessKey
    workdir: Path
    image: str = ""
    """URI of the one that serves, where a test has had it built."""
    _clients: dict[str, Any] = field(default_factory=dict)

    def __call__(self, service: str) -> Any:
        import boto3  # noqa: PLC0415 (see start_cloud)
        from botocore.config import Config  # noqa: PLC0415

        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint_url,
                region_name="us-east-1",
                aws_access_key_id=self.key.id,
                aws_secret_access_key=self.key.secret,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
            )
        return self._clients[service]

    def fetch(self, method: str, path: str) -> bytes:
        """What no SDK asks for, signed by hand."""
        url = f"{self.endpoint_url}{path}"
        headers = self.key.signed(method, url, service="slipway")
        request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310 -- our own child
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found: bytes = answer.read()
        return found


def start_cloud(workdir: Path, steps_folder: Path, *more: str) -> CloudProcess:
    """Start `python -m rehearsal.cloud` and wait until it is ready."""
    argv = [sys.executable, "-m", "rehearsal.cloud", "--workdir", str(workdir), "--steps-folder", str(steps_folder)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    pipe = subprocess.PIPE
    child = subprocess.Popen([*argv, *more], stdin=pipe, stdout=pipe, stderr=pipe, cwd=PROJECT, env=environment)
    assert child.stdout is not None
    assert child.stderr is not None
    import boto3  # noqa: PLC0415, F401 (while the child starts)

    line = child.stdout.readline()
    assert line, child.stderr.read().decode()
    ready = json.loads(line)
    assert ready["pid"] == child.pid
    key = AccessKey(ready["access_key_id"], ready["secret_access_key"])
    return CloudProcess(child, ready["endpoint_url"], key, workdir)


def end_cloud(cloud: CloudProcess) -> int:
    """Close its standard input, and wait for its end."""
    child = cloud.child
    for client in cloud._clients.values():
        client.close()
    assert child.stdin is not None
    child.stdin.close()
    try:
        return child.wait(timeout=60)
    finally:
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()


def write_steps(folder: Path) -> Path:
    package = folder / "pipeline_steps"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(STEPS)
    return package


def build_image(cloud: Callable[[str], Any], steps_folder: Path) -> str:
    """Have CodeBuild make the image of `steps_folder`; `cloud` gives clients by service. Returns its URI."""
    tag = image_tag(steps_folder)
    ecr, codebuild = cloud("ecr"), cloud("codebuild")
    if not ecr.describe_repositories()["repositories"]:
        ecr.create_repository(repositoryName=REPOSITORY)
        codebuild.create_project(
            name="image",
            source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "REPOSITORY_URI", "value": repository_uri()}],
            },
            serviceRole="arn:aws:iam::000000000000:role/build",
        )
    assert start_build(cloud, tag)["buildStatus"] != "FAILED"
    return f"{repository_uri()}:{tag}"


def repository_uri() -> str:
    return f"000000000000.dkr.ecr.us-east-1.amazonaws.com/{REPOSITORY}"


def start_build(cloud: Callable[[str], Any], tag: str) -> dict[str, Any]:
    variables = [{"name": "IMAGE_TAG", "value": tag, "type": "PLAINTEXT"}]
    started: dict[str, Any] = cloud("codebuild").start_build(
        projectName="image", environmentVariablesOverride=variables
    )["build"]
    return started
