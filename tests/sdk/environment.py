"""Run a program with SageMaker's own SDK, in the environment that `make setup-sdk` makes."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.process import spawn, stop

PROJECT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent
READY = PROJECT / ".venv-sdk" / ".ready"
_MOST_SECONDS = 600
_PASSED_ON = ("PATH", "DOCKER_HOST")


def why_absent() -> str | None:
    """None when the SDK is there."""
    return None if READY.is_file() else "they need SageMaker's SDK: run `make setup-sdk`"


def run_with_sdk(
    program: str, request: Mapping[str, Any], folder: Path, *, environment: Mapping[str, str] | None = None
) -> Any:
    """What `program` writes to stdout; what else it writes is reported only when it fails."""
    asked, answer = folder / "request.json", folder / "answer.json"
    asked.write_text(json.dumps(request), encoding="utf-8")
    argv = [str(READY.parent / "bin" / "python"), str(PROGRAMS / program), str(asked), str(answer)]
    variables = {**sdk_environment(folder), **(environment or {})}
    with (folder / "log").open("wb") as log:
        child = spawn(argv, env=variables, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            child.wait(timeout=_MOST_SECONDS)
        finally:
            status = stop(child, grace_seconds=5)
    assert status == 0, (folder / "log").read_text(encoding="utf-8", errors="replace")[-6000:]
    return json.loads(answer.read_text(encoding="utf-8"))


def sdk_environment(folder: Path) -> dict[str, str]:
    """Nobody's settings and credentials, and no questions to AWS that the SDK asks by itself."""
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "XDG_CONFIG_DIRS": str(folder),
        "SAGEMAKER_VALIDATE_ROLE": "false",
    }
