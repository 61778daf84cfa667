"""Run a program with SageMaker's own SDK, in the environment that `make setup-sdk` makes."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent
NO_TELEMETRY = """\
SchemaVersion: "1.0"
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""
READY = PROJECT / ".venv-sdk" / ".ready"


def why_absent() -> str | None:
    """None when the SDK is there."""
    return None if READY.is_file() else "they need SageMaker's SDK: run `make setup-sdk`"


def run_with_sdk(
    program: str, request: Mapping[str, Any], folder: Path, *, environment: Mapping[str, str] | None = None
) -> Any:
    """What `program` answers; what else it says is told only when it fails."""
    asked, answer = folder / "request.json", folder / "answer.json"
    asked.write_text(json.dumps(request), encoding="utf-8")
    argv = [str(READY.parent / "bin" / "python"), str(PROGRAMS / program), str(asked), str(answer)]
    ended = subprocess.run(
        argv,
        cwd=folder,
        env={**sdk_environment(folder), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout[-6000:]
    return json.loads(answer.read_text(encoding="utf-8"))


def sdk_environment(folder: Path) -> dict[str, str]:
    """Nobody's settings and credentials, and no questions to AWS that the SDK asks by itself."""
    settings = folder / "sagemaker.yaml"
    settings.write_text(NO_TELEMETRY, encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(settings),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(settings),
        "SAGEMAKER_VALIDATE_ROLE": "false",
    }
