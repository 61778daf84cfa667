"""CloudFormation templates from files: JSON, and YAML with the short forms of its functions."""

import json
from pathlib import Path
from typing import Any

from slipway.errors import InputError

_YAML = (".yaml", ".yml")
SUFFIXES = (".template.json", *(f".template{suffix}" for suffix in _YAML))
"""Of the files that are read where a folder is named."""


def read_template(file: Path) -> dict[str, Any]:
    """The template in `file`; what is not called .yaml or .yml is JSON.

    Raises:
        InputError: the file is not readable, or no JSON or YAML object; or it is YAML and PyYAML is not installed.
    """
    kind = "YAML" if file.suffix in _YAML else "JSON"
    try:
        text = file.read_text(encoding="utf-8-sig")
        template = _from_yaml(text) if kind == "YAML" else json.loads(text)
    except OSError as exc:
        raise InputError(f"template must be a readable file, got {file}: {exc.strerror}") from exc
    except ModuleNotFoundError as exc:
        raise InputError(f"{file}: a template in YAML needs PyYAML: pip install pyyaml") from exc
    except ValueError as exc:
        raise InputError(f"template must be {kind}, got {file}: {exc}") from exc
    if not isinstance(template, dict):
        raise InputError(f"template must be a {kind} object, got {file}")
    return template


def _from_yaml(text: str) -> Any:
    import yaml  # noqa: PLC0415 — the extra `lint` brings it

    # As JSON would have it: a date is a string, and `!Ref x` is {"Ref": "x"}.
    loader: Any = type("Loader", (yaml.SafeLoader,), {})
    loader.add_multi_constructor("!", _function)
    loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 — a SafeLoader
    except yaml.YAMLError as exc:
        raise ValueError(" ".join(str(exc).split())) from exc


def _function(loader: Any, name: str, node: Any) -> dict[str, Any]:
    match node.id:
        case "scalar":
            value: Any = loader.construct_scalar(node)
        case "sequence":
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}
