"""Hyperparameters of the recipe, such as `features.numbers.scale`: what a search may draw, and what it may not."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from slipway.settings.feature_methods import CATEGORY_STAGES, EXTRACTION, NATIVE, NUMBER_STAGES, SELECTION, TEXT_STAGES
from slipway.settings.feature_options import Flag, Option, Stage, method_name, stage_errors
from slipway.settings.feature_texts import PowerOfTwo
from slipway.settings.features import Features
from slipway.settings.hyperparameters import ALGORITHMS, Bounds
from slipway.settings.ranges import CategoricalRange, ContinuousRange, ParameterRange

PREFIX = "features."
_TABLES: Mapping[str, Mapping[str, Stage]] = {
    "numbers": NUMBER_STAGES,
    "categories": CATEGORY_STAGES,
    "texts": TEXT_STAGES,
}


def is_of_recipe(name: str) -> bool:
    """Whether a hyperparameter is the recipe's, and no algorithm's."""
    return name.startswith(PREFIX)


def recipe_value_errors(features: Features, name: str, *texts: str) -> Iterator[str]:
    """What is wrong with values of a hyperparameter of the recipe, in words that begin with its name."""
    found = _found(features, name)
    if found is None:
        yield f"{name} must lead to a key of [features], such as features.numbers.scale"
        return
    for text in texts:
        if isinstance(found, Stage) and _is_given(features, name, found, text):
            continue  # with its options
        if isinstance(found, Stage):
            yield from (f"{name}{error}" for error in stage_errors(found, text))
        elif not _takes(found, text):
            yield f"{name} must be {found}, got {text}"


def recipe_range_errors(features: Features, name: str, bounds: ParameterRange) -> Iterator[str]:
    """What is wrong with a range of a hyperparameter of the recipe."""
    found = _found(features, name)
    if isinstance(bounds, CategoricalRange):
        yield from recipe_value_errors(features, name, *bounds.values)
    elif found is not None and (not isinstance(found, Bounds) or isinstance(found, PowerOfTwo)):
        yield f"{name} must be categorical, got {bounds.type}"
    elif isinstance(found, Bounds) and found.whole and isinstance(bounds, ContinuousRange):
        yield f"{name} must be integer or categorical, got continuous"
    else:
        yield from recipe_value_errors(features, name, str(bounds.min), str(bounds.max))


def drawn_option_errors(
    features: Features, fixed: Mapping[str, str], ranges: Mapping[str, ParameterRange]
) -> Iterator[str]:
    """What is wrong with options of one method that jobs may draw together, in words that begin with the method."""
    for table, stages in _TABLES.items():
        for key, stage in stages.items():
            given = getattr(getattr(features, table), key)
            method, path = stage.methods.get(method_name(stage, given)), f"{PREFIX}{table}.{key}"
            drawn = _drawn_values(f"{path}.", fixed, ranges)
            if method is None or method.together is None or not drawn:
                continue
            options = dict(given) if isinstance(given, Mapping) else {}
            for values in product(*drawn.values()):
                if errors := list(method.together(options | dict(zip(drawn, values, strict=True)))):
                    yield f"{path}{errors[0]}"
                    break


def _drawn_values(
    prefix: str, fixed: Mapping[str, str], ranges: Mapping[str, ParameterRange]
) -> dict[str, list[int | str]]:
    """By option: every value of a choice, or the least and the greatest."""
    found: dict[str, list[int | str]] = {}
    for name, value in fixed.items():
        if name.startswith(prefix):
            found[name.removeprefix(prefix)] = [_number_or_text(value)]
    for name, bounds in ranges.items():
        if name.startswith(prefix):
            ends = bounds.values if isinstance(bounds, CategoricalRange) else (str(bounds.min), str(bounds.max))
            found[name.removeprefix(prefix)] = [_number_or_text(value) for value in ends]
    return found


def _number_or_text(value: str) -> int | str:
    return int(value) if value.isdecimal() else value


def most_buckets(fixed: Mapping[str, str], ranges: Mapping[str, ParameterRange]) -> int | None:
    """The greatest number of buckets that a job may draw for a text; None where the recipe alone says it."""
    drawn = _drawn_values(f"{PREFIX}texts.vectorise.", fixed, ranges).get("buckets", [])
    return max((value for value in drawn if isinstance(value, int)), default=None)


def native_errors(
    features: Features, algorithm: str, fixed: Mapping[str, str], ranges: Mapping[str, ParameterRange]
) -> Iterator[str]:
    """Where missing values would reach an algorithm that takes none, in words that begin with the section."""
    if ALGORITHMS[algorithm].takes_missing:
        return
    others = ", ".join(name for name in NUMBER_STAGES["missing"].methods if name != NATIVE)
    rest = f"must be of {others} with {algorithm}, which takes no missing values, got {NATIVE}"
    path, drawn = f"{PREFIX}numbers.missing", ranges.get(f"{PREFIX}numbers.missing")
    values = (
        drawn.values if isinstance(drawn, CategoricalRange) else (fixed.get(path, _name(features.numbers.missing)),)
    )
    if NATIVE in values:
        yield f"{path} {rest}"
    for number, rule in enumerate(features.rules):
        if _name(rule.missing) == NATIVE:
            yield f"{PREFIX}rules.{number}.missing {rest}"


def _name(given: Any) -> str:
    return method_name(NUMBER_STAGES["missing"], given)


def _takes(option: Option, text: str) -> bool:
    return text in ("true", "false") if isinstance(option, Flag) else option.takes(text)


def _found(features: Features, name: str) -> Stage | Option | None:
    """Find what a path ends at: a stage, or an option of the method that the recipe has there."""
    keys = name.removeprefix(PREFIX).split(".")
    if keys == ["numbers", "missing_indicator"]:
        return Flag(default=False)
    if keys[0] == "extract":
        method = EXTRACTION.get(keys[1]) if keys[1:] and keys[1] in features.extract else None
        return method.options.get(".".join(keys[2:])) if method else None
    if keys[0] == "select":
        stage, given, rest = SELECTION, features.select, keys[1:]
    elif keys[0] in _TABLES and keys[1:] and keys[1] in _TABLES[keys[0]]:
        stage, given, rest = _TABLES[keys[0]][keys[1]], getattr(getattr(features, keys[0]), keys[1]), keys[2:]
    else:
        return None
    return _option(stage, given, ".".join(rest)) if rest else stage


def _is_given(features: Features, name: str, stage: Stage, text: str) -> bool:
    """Whether the recipe itself has this method there."""
    keys = name.removeprefix(PREFIX).split(".")
    given = features.select if keys[0] == "select" else getattr(getattr(features, keys[0]), keys[1])
    return given is not None and method_name(stage, given) == text


def _option(stage: Stage, given: Any, option: str) -> Option | None:
    method = stage.methods.get(method_name(stage, given))
    return method.options.get(option) if method else None
