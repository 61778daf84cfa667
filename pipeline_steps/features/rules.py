"""Which methods a recipe gives to which column: defaults by kind, and rules by name or pattern."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Any

from pipeline_steps.errors import StepError
from pipeline_steps.features.chain import NamedMethod
from pipeline_steps.features.method import Feature, Method
from pipeline_steps.features.methods import CATEGORY_STAGES, NONE, NUMBER_STAGES, TEXT_STAGES, Stage
from pipeline_steps.features.stage_names import CATEGORY_KEYS, NUMBER_KEYS, TEXT_STAGE
from pipeline_steps.features.text_options import METHOD as HASHED_NGRAMS
from pipeline_steps.features.text_options import text_options

Plan = Mapping[str, Any]
"""By stage, what the settings have for it."""


def plans(document: Mapping[str, Any], features: Sequence[Feature], defaults: Mapping[str, str]) -> tuple[Plan, ...]:
    """Give each feature its plan; later rules win.

    Args:
        document: the recipe as `use_case.json` has it.
        features: of the table, those that were derived among them.
        defaults: for the names of features with a default, which: `numbers` or `categories`.

    Raises:
        StepError: a rule names no column, or a method that none of its columns can have.
    """
    found: list[dict[str, Any]] = [dict(document.get(defaults.get(feature.name, ""), {})) for feature in features]
    for number, rule in enumerate(document.get("rules", ())):
        given = {key: value for key, value in rule.items() if key not in ("columns", TEXT_STAGE)}
        if not given:  # of texts alone, whose options are found by the names of the table's columns
            continue
        places = list(_matching(features, rule["columns"], number))
        for stage in given:
            if not any(stage in _keys_of(features[place]) for place in places):
                kind = "numbers" if stage in NUMBER_KEYS else "categories"
                names = ", ".join(features[place].name for place in places)
                raise StepError(f"features.rules.{number}.{stage} must be left out: it is for {kind}, got {names}")
        for place in places:
            found[place] |= {key: value for key, value in given.items() if key in _keys_of(features[place])}
    for place, feature in enumerate(features):
        if feature.text:
            found[place] = {TEXT_STAGE: {"method": HASHED_NGRAMS, **asdict(text_options(document, feature.text))}}
    return tuple(found)


def _matching(features: Sequence[Feature], patterns: Sequence[str], number: int) -> Iterator[int]:
    for pattern in patterns:
        places = [
            place
            for place, one in enumerate(features)
            if not one.text and (pattern == one.name or fnmatchcase(one.name, pattern))
        ]
        if not places:
            raise StepError(f"features.rules.{number}.columns must name feature columns, got {pattern}")
        yield from places


def _keys_of(feature: Feature) -> tuple[str, ...]:
    return CATEGORY_KEYS if feature.is_category else NUMBER_KEYS


def stages_of(feature: Feature) -> Mapping[str, Stage]:
    """The stages that a feature may have, in their order."""
    if feature.text:
        return TEXT_STAGES
    return CATEGORY_STAGES if feature.is_category else NUMBER_STAGES


def steps_of(plan: Plan, stages: Mapping[str, Stage]) -> list[NamedMethod]:
    """Make the methods of a plan, in the order of the stages.

    Raises:
        StepError: there is no such method, or it has no such option.
    """
    made = ((name, _method(name, stage, plan[name])) for name, stage in stages.items() if name in plan)
    return [
        NamedMethod(f"{name} {_name(stages[name], plan[name])}", method) for name, method in made if method is not None
    ]


def _method(name: str, stage: Stage, given: Any) -> Method | None:
    if _name(stage, given) == NONE and NONE not in stage.methods:
        return None
    return _method_of(f"features {name}", stage, given)


def _method_of(what: str, stage: Stage, given: Any) -> Method:
    method = _name(stage, given)
    if method not in stage.methods:
        raise StepError(f"{what} must be one of {', '.join(dict.fromkeys((NONE, *stage.methods)))}, got {method}")
    options = {} if isinstance(given, str) else {key: value for key, value in given.items() if key != stage.key}
    try:
        made: Method = stage.methods[method](**options)
    except TypeError as exc:
        raise StepError(f"{what} {method} does not take these options: {exc}") from exc
    return made


def _name(stage: Stage, given: Any) -> str:
    return str(given if isinstance(given, str) else given.get(stage.key))
