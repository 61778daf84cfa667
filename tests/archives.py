"""Model archives of made-up files."""

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any


def archive_of(files: Mapping[str, Any]) -> bytes:
    """A `model.tar.gz` of contents by name; what is not bytes is written as JSON."""
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode="w:gz") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stored.getvalue()
