"""The one container image of `pipeline_steps/`: the content hash that names it, and what it is built from."""

import hashlib
import re
from pathlib import Path

from slipway.errors import InputError

_IGNORED = {"__pycache__"}
_BASE = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)
_STAGE = re.compile(r"^\s*FROM\s", re.MULTILINE | re.IGNORECASE)
_USER = re.compile(r"^\s*USER\s+(\S+)", re.MULTILINE | re.IGNORECASE)
_NAME = re.compile(r"[\w./:-]+(@sha256:[0-9a-f]{64})?", re.ASCII)


def image_tag(folder: Path) -> str:
    """Hash names and bytes of every file in `folder`, caches left out.

    Returns:
        16 hexadecimal digits: the same tree gives the same tag on every machine.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        if path.is_file() and not _IGNORED.intersection(path.relative_to(folder).parts):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def base_image(folder: Path) -> str:
    """The image that the one of `folder` is built from, by its Dockerfile.

    Raises:
        InputError: it names none, or one by a digest that is none.
    """
    found = _BASE.search((folder / "Dockerfile").read_text(encoding="utf-8"))
    if found is None or not _NAME.fullmatch(found[1]):
        named = found[1] if found else "none"
        raise InputError(f"{folder / 'Dockerfile'}: ARG BASE_IMAGE must be NAME:TAG or NAME@sha256:…, got {named}")
    return found[1]


def require_root(folder: Path) -> None:
    """Refuse an image of another user than root, as far as the Dockerfile of `folder` names it.

    Source: "Use Your Own Inference Code": SageMaker expects all containers to run with root users.

    Raises:
        InputError: its last stage ends with another user.
    """
    path = folder / "Dockerfile"
    last_stage = _STAGE.split(path.read_text(encoding="utf-8"))[-1] if path.is_file() else ""
    users: list[str] = _USER.findall(last_stage)
    if users and users[-1].partition(":")[0] not in {"root", "0"}:
        raise InputError(
            f"the image must run as root, because SageMaker mounts /opt/ml as root with mode 0755; {path} ends with "
            f"USER {users[-1]}: remove that line"
        )


def is_pinned(image: str) -> bool:
    """Whether `image` is named by its digest; a tag can be moved."""
    return "@sha256:" in image
