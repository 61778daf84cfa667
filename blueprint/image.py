"""The content hash that names the one container image of `pipeline_steps/`."""

import hashlib
from pathlib import Path

_IGNORED = {"__pycache__"}


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
