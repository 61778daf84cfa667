"""The environment that ministack reads when it is imported, and that leads SDKs to it."""

import os
import tempfile
from pathlib import Path

from rehearsal import access_key
from rehearsal.access_key import AccessKey

ACCOUNT = "000000000000"
REGION = access_key.REGION

# A user's own settings for AWS or for a ministack elsewhere must not reach this process.
_FOREIGN = (
    "AUTH",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "EDGE_PORT",
    "LAMBDA_STRICT",
    "LOCALSTACK_HOSTNAME",
    "LOCALSTACK_PERSISTENCE",
    "LOCALSTACK_SFN_MOCK_CONFIG",
    "MINISTACK_CODEBUILD_EXECUTE",
    "SERVICES",
    "SFN_MOCK_CONFIG",
    "USE_SSL",
)


def client_environment(endpoint_url: str, key: AccessKey) -> dict[str, str]:
    """What a process needs to reach the emulator with any AWS SDK."""
    return {
        **key.environment,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def configure(*, workdir: Path, port: int, speed: float, key: AccessKey) -> None:
    """Set this process's environment; to be called before ministack is imported.

    Everything ministack writes then lies below `workdir`, nothing is persisted, and Docker is never used.
    """
    scratch = workdir / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    for name in _FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(client_environment(f"http://127.0.0.1:{port}", key))
    os.environ.update(_ministack_settings(workdir, scratch, port=port, speed=speed))
    tempfile.tempdir = str(scratch)


def _ministack_settings(workdir: Path, scratch: Path, *, port: int, speed: float) -> dict[str, str]:
    return {
        "AWS_CONFIG_FILE": str(workdir / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(workdir / "aws-credentials"),
        "BIND_HOST": "127.0.0.1",
        # ministack removes every ministack container it finds at start: it shall find no Docker.
        "DOCKER_HOST": f"unix://{workdir / 'no-docker.sock'}",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "INFO",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "0",
        "S3_DATA_DIR": str(workdir / "s3"),
        "S3_PERSIST": "0",
        "SFN_WAIT_SCALE": repr(1 / speed),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(workdir / "state"),
        "TMPDIR": str(scratch),
    }
