"""From a TOML file to settings, or to every error in it."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from slipway.errors import InputError
from slipway.settings.conflicts import conflicts
from slipway.settings.endpoint_kind import with_kind
from slipway.settings.own_container import COMMAND, located_command
from slipway.settings.renamed import RENAMED
from slipway.settings.rollout_plan import planned
from slipway.settings.section import Section
from slipway.settings.training import PATHS
from slipway.settings.use_case import Settings
from slipway.settings.validation_errors import error_lines

DEFAULT_STAGE = "dev"
"""The stage of a use case that names none."""

_Kind = TypeVar("_Kind", bound=Section)


def load_settings(path: Path, stage: str) -> Settings:
    """Read the use case in `path` as `stage` has it.

    Raises:
        InputError: the file, the TOML or a value is wrong; every wrong value is in the message, a line each.
    """
    return parse_use_case(read_toml(path), stage, path=path)


def parse_use_case(document: dict[str, Any], stage: str, *, path: Path) -> Settings:
    """Validate the use case as `stage` has it; `path` is named in errors.

    Raises:
        InputError: there is no such stage, or a value is wrong.
    """
    stages = _stages(path, document)
    if stage not in stages:
        raise InputError(
            f"stage must be one of {', '.join(sorted(stages)) or '(none in the file)'}, got {stage}: "
            f"[stages.{stage}] in {path} makes another one"
        )
    merged = _merge(document, {**stages[stage], "stage": stage})
    return parse_settings(_located(merged, path.parent), source=str(path))


def _located(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Name files from where the command runs, which the settings name from `folder`."""
    located = dict(document)
    for section in ("training", "endpoint"):
        if isinstance(given := document.get(section), Mapping):
            named = {key: os.path.normpath(folder / path) for key in PATHS if isinstance(path := given.get(key), str)}
            if isinstance(command := given.get(COMMAND), str):
                named[COMMAND] = located_command(command, folder)
            located[section] = {**given, **named}
    return located


def stages_of(path: Path) -> tuple[str, ...]:
    """The stages that the use case in `path` has, in the file's order.

    Raises:
        InputError: the file is not readable TOML with tables as stages.
    """
    return tuple(_stages(path, read_toml(path)))


def read_toml(path: Path) -> dict[str, Any]:
    """The document in `path`.

    Raises:
        InputError: the file is not readable, or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise InputError(f"config must be a readable file, got {path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise InputError(f"config must be TOML, got {path}: {exc}") from exc


def validated(section: type[_Kind], document: Mapping[str, Any], *, source: str) -> _Kind:
    """Validate `document`; `source` is named in the error.

    Raises:
        InputError: a line for every wrong value.
    """
    try:
        return section.model_validate(document)
    except ValidationError as exc:
        raise InputError("\n".join(error_lines(exc, document, section, source=source, renamed=RENAMED))) from exc


def _stages(path: Path, document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Take the stages out of `document`."""
    stages = document.pop("stages", {DEFAULT_STAGE: {}})
    if not isinstance(stages, dict) or not all(isinstance(overrides, dict) for overrides in stages.values()):
        raise InputError(f"{path}: stages must have one table a stage, got {stages!r}")
    return stages


def parse_settings(document: Mapping[str, Any], *, source: str) -> Settings:
    """Validate the settings of one stage; `source` is named in the error.

    Raises:
        InputError: a line for every wrong value, and for every conflict between sections that are right by themselves.
    """
    try:
        whole = planned(with_kind(document))
    except InputError as exc:
        raise InputError(f"{source}: {exc}") from exc
    try:
        return validated(Settings, whole, source=source)
    except InputError as exc:
        raise InputError("\n".join([str(exc), *(f"{source}: {line}" for line in _conflicts(whole))])) from exc


def _conflicts(document: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong between sections, which validation does not compare as long as any section is wrong."""
    found: dict[str, Any] = {}
    wrong = set()
    for name, field in Settings.model_fields.items():
        try:
            if name in document:
                found[name] = _section(name).validate_python(document[name])
            elif field.is_required():
                wrong.add(name)
        except ValidationError:
            wrong.add(name)
    if wrong or not document.keys() <= Settings.model_fields.keys():  # or else validation has compared them
        yield from conflicts(Settings.model_construct(**found), wrong=wrong)


@cache
def _section(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(Settings.model_fields[name].rebuild_annotation())


def _merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
