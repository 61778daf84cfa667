"""The real `cdk` command line, pointed at the embedded AWS."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.journey.embedded_aws import ACCOUNT, REGION
from rehearsal.journey.options import PROJECT
from rehearsal.process import spawn, stop
from slipway.errors import LaunchError

CDK = PROJECT / "node_modules" / ".bin" / "cdk"
_QUIET = ("--no-notices", "--no-version-reporting", "--no-color", "--ci")
_ERROR_LINES = 20


def run_cdk(arguments: Sequence[str], *, workdir: Path, environment: Mapping[str, str], cwd: Path = PROJECT) -> str:
    """Run `cdk` with `arguments` and return what it printed.

    Raises:
        LaunchError: it exited with an error; the end of its output is in the message.
    """
    if not CDK.exists():
        raise LaunchError(f"{CDK} is missing: run `make setup`")
    home, temporary = workdir / "home", workdir / "tmp"
    for folder in (home, temporary):
        folder.mkdir(exist_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    env |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    env |= {
        "CDK_HOME": str(home),
        "TMPDIR": str(temporary),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    child = spawn(
        [str(CDK), *arguments, *_QUIET],
        cwd=cwd,
        env=env | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        output = child.communicate()[0].decode(errors="replace")
    finally:
        stop(child, grace_seconds=3)
    if child.returncode != 0:
        tail = [line for line in output.splitlines() if line.strip()][-_ERROR_LINES:]
        raise LaunchError("\n".join([f"cdk {arguments[0]} failed with exit code {child.returncode}", *tail]))
    return output


def synth(*, config: Path, stage: str, workdir: Path) -> Path:
    """Synthesize the app; without credentials. Returns the cloud assembly's folder."""
    assembly = workdir / "cdk.out"
    context = ["-c", f"config={config.resolve()}", "-c", f"stage={stage}"]
    # Validating the templates takes three times as long as making them, and does not change them.
    unvalidated = {"CDK_VALIDATION": "false"}
    run_cdk(["synth", "--quiet", "--output", str(assembly), *context], workdir=workdir, environment=unvalidated)
    return assembly


def bootstrap(*, workdir: Path, environment: Mapping[str, str]) -> None:
    # In a folder with a cdk.json, `cdk bootstrap` would synthesize the app first.
    run_cdk(["bootstrap", f"aws://{ACCOUNT}/{REGION}"], workdir=workdir, environment=environment, cwd=workdir)


def deploy(assembly: Path, *, workdir: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Deploy every stack of the assembly. Returns the outputs by stack name."""
    outputs = workdir / "outputs.json"
    arguments = ["deploy", "--all", "--app", str(assembly), "--require-approval", "never"]
    arguments += ["--concurrency", "5", "--progress", "events", "--outputs-file", str(outputs)]
    run_cdk(arguments, workdir=workdir, environment=environment)
    found: dict[str, Any] = json.loads(outputs.read_text())
    return found


def template_hashes(assembly: Path) -> dict[str, str]:
    """The sha256 of every template in the assembly, by file name."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(assembly.rglob("*.template.json"))}
