"""JSON files whose bytes depend on their content alone."""

import hashlib
import json
from pathlib import Path
from typing import Any

from pipeline_steps.errors import DataError, StepError


def to_json(document: Any) -> str:
    """Render with sorted keys; NaN and infinity are refused, for JSON has none."""
    return json.dumps(document, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def write_json(path: Path, document: Any) -> None:
    """Write `document` to `path`; its folder is created if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(document), encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read the JSON object in `path`.

    Raises:
        StepError: there is no such file, or it holds something else.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise StepError(f"{path} must be a readable file: {exc.strerror}") from exc
    return json_object(str(path), content)


def the_one_file(folder: Path, pattern: str) -> Path:
    """Find the one file of `folder` that matches: CDK names an asset by its hash.

    Raises:
        DataError: there is none, or there are several.
    """
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        names = ", ".join(path.name for path in found[:5]) or "none"
        raise DataError(f"the input must hold exactly one {pattern.removeprefix('*')} file, got {names} in {folder}")
    return found[0]


def json_object(name: str, content: bytes) -> dict[str, Any]:
    """Parse the JSON object in `content`; errors call it `name`.

    Raises:
        StepError: it is something else.
    """
    try:
        document = json.loads(content)
    except ValueError as exc:
        raise StepError(f"{name} must hold JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise StepError(f"{name} must hold a JSON object, got {type(document).__name__}")
    return document


def sha256_of(path: Path) -> str:
    """Hash the bytes of `path`.

    Raises:
        StepError: there is no such file.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise StepError(f"{path} must be a readable file: {exc.strerror}") from exc
