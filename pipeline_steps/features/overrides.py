"""Hyperparameters of the recipe: `features.numbers.scale = none` takes the place of what the use case has there."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline_steps.errors import ArgumentError
from pipeline_steps.features.stage_names import CATEGORY_KEYS, NUMBER_KEYS, TEXT_KEYS, name_key
from pipeline_steps.tables.cells import quoted

PREFIX = "features."
_TABLES = {"numbers": NUMBER_KEYS, "categories": CATEGORY_KEYS, "texts": TEXT_KEYS}


def overridden(document: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Give a recipe with the values of hyperparameters, whose names are paths in it; the recipe stays as it is.

    A path ends at a stage, whose method the value names, or at an option of the method that the recipe has there.

    Raises:
        ArgumentError: a path leads nowhere.
    """
    found: dict[str, Any] = json.loads(json.dumps(document))
    # stages before their options
    for name, text in sorted(given.items(), key=lambda item: (item[0].count("."), item[0])):
        match name.removeprefix(PREFIX).split("."):
            case ["numbers" | "categories" | "texts" as table, stage] if stage in _TABLES[table]:
                _set_method(found.setdefault(table, {}), stage, text)
            case ["numbers" | "categories" | "texts" as table, stage, option] if stage in _TABLES[table]:
                _set_option(found.get(table, {}), stage, option, text, name)
            case ["select"]:
                _set_method(found, "select", text)
            case ["select", option]:
                _set_option(found, "select", option, text, name)
            case ["extract", method, option] if method in found.get("extract", {}):
                found["extract"][method][option] = _value(text)
            case _:
                raise ArgumentError(f"hyperparameter {name} must lead to a key of the recipe, got {quoted(text)}")
    return found


def _set_method(table: dict[str, Any], stage: str, text: str) -> None:
    value = _value(text)
    key = name_key(stage)
    if isinstance(value, str) and isinstance(table.get(stage), Mapping) and table[stage].get(key) == value:
        return  # the method that it has, with its options
    table[stage] = value


def _set_option(table: dict[str, Any], stage: str, option: str, text: str, name: str) -> None:
    method = table.get(stage)
    if method is None:
        raise ArgumentError(f"hyperparameter {name} must be of a method that the recipe has, got none for {stage}")
    if method == "none":
        return  # another hyperparameter has switched it off
    table[stage] = {name_key(stage): method} if isinstance(method, str) else method
    table[stage][option] = _value(text)


def _value(text: str) -> Any:
    """Read a number or a truth value; what is neither is a name."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text
