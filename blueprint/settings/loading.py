"""From a TOML file to settings, or to every mistake in it."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from blueprint.errors import InputError
from blueprint.settings.section import Section
from blueprint.settings.use_case import Settings


def load_settings(path: Path, stage: str) -> Settings:
    """Read the use case in `path` as `stage` has it.

    Raises:
        InputError: the file, the TOML or a value is wrong; every wrong value is in the message, a line each.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise InputError(f"config must be a readable file, got {path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise InputError(f"config must be TOML, got {path}: {exc}") from exc
    stages = document.pop("stages", {})
    if not isinstance(stages, dict) or not all(isinstance(overrides, dict) for overrides in stages.values()):
        raise InputError(f"{path}: stages must hold one table a stage, got {stages!r}")
    if stage not in stages:
        raise InputError(f"stage must be one of {', '.join(sorted(stages)) or '(none in the file)'}, got {stage}")
    return parse_settings(_merge(document, {**stages[stage], "stage": stage}), source=str(path))


def parse_settings(document: Mapping[str, Any], *, source: str) -> Settings:
    """Validate `document`; `source` is named in the error."""
    try:
        return Settings.model_validate(document)
    except ValidationError as exc:
        raise InputError("\n".join(line for error in exc.errors() for line in _explain(source, dict(error)))) from exc


def _merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _explain(source: str, error: Mapping[str, Any]) -> Iterator[str]:
    """One line a mistake."""
    where = ".".join(text if (text := str(part)).isprintable() else repr(part) for part in error["loc"]) or "settings"
    if error["type"] == "extra_forbidden":
        yield f"{source}: {where} is not a known key"
    elif error["type"] == "missing":
        yield f"{source}: {where} is missing"
    else:
        value = error["input"]
        got = "" if isinstance(value, Mapping | Section) else f", got {value!r}"
        for what in error["msg"].removeprefix("Value error, ").splitlines():
            yield f"{source}: {where}: {what}{got}"
