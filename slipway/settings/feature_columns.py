"""The recipe beside the table: columns it names that are not there, or of another kind, and what needs a target."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from slipway.settings.data import Data
from slipway.settings.feature_methods import CATEGORY_STAGES, NUMBER_STAGES, SELECTION, TEXT_STAGES
from slipway.settings.feature_options import method_name
from slipway.settings.feature_texts import MOST_BUCKETS
from slipway.settings.features import DATE_PARTS, FeatureRule, Features, Kind


def feature_errors(features: Features, data: Data, *, has_target: bool) -> Iterator[str]:
    """What the recipe says of columns that the table does not have, or has of another kind; and of a target."""
    if not has_target:
        yield from _target_errors(features)
    kinds = _column_kinds(data)
    for key, pairs in (("ratios", features.derived.ratios), ("differences", features.derived.differences)):
        sign = "/" if key == "ratios" else "-"
        for pair in pairs:
            if wrong := [name for name in pair if kinds.get(name) != "number"]:
                yield f"features.derived.{key} must name columns of numbers, got {wrong[0]}"
            kinds[f"{pair[0]} {sign} {pair[1]}"] = "number"
    yield from _date_errors(features, data)
    yield from _text_errors(features, data)
    kinds = _with_dates(kinds, features, data)
    for number, rule in enumerate(features.rules):
        yield from (f"features.rules.{number}.{error}" for error in _rule_errors(rule, kinds))


def _text_errors(features: Features, data: Data) -> Iterator[str]:
    names = [name for name, kind in data.columns.items() if kind == "text"]
    if features.texts.vectorise is not None and not names:
        yield "features.texts must be left out without a column of the kind text"
    if (total := sum(_buckets(features, name) for name in names)) > MOST_BUCKETS:
        yield f"features.texts must have at most {MOST_BUCKETS} buckets for all texts together, got {total}"


def drawn_bucket_errors(features: Features, data: Data, buckets: int) -> Iterator[str]:
    """What is wrong with a number of buckets that a job may draw instead of the recipe's."""
    given = features.texts.vectorise
    method = dict(given) if isinstance(given, Mapping) else {"method": given}
    drawn = features.texts.model_copy(update={"vectorise": method | {"buckets": buckets}})
    yield from _text_errors(features.model_copy(update={"texts": drawn}), data)


def _buckets(features: Features, name: str) -> int:
    rules = [
        rule
        for rule in features.rules
        if any(pattern == name or fnmatchcase(name, pattern) for pattern in rule.columns)
    ]
    given = [one for one in (features.texts.vectorise, *(rule.vectorise for rule in rules)) if one is not None]
    stage = TEXT_STAGES["vectorise"]
    chosen = given[-1] if given else "hashed_ngrams"
    method = stage.methods.get(method_name(stage, chosen))
    if method is None:
        return 0
    options = chosen if isinstance(chosen, Mapping) else {}
    return int(options.get("buckets", method.options["buckets"].default))


def _date_errors(features: Features, data: Data) -> Iterator[str]:
    names = _dates(data)
    for number, table in enumerate(features.dates):
        for pattern in table.columns:
            if not any(fnmatchcase(name, pattern) for name in names):
                yield f"features.dates.{number}.columns must name columns of dates, got {pattern}"


def _dates(data: Data) -> list[str]:
    return [name for name, kind in data.columns.items() if kind == "datetime"]


def _with_dates(kinds: Mapping[str, Kind], features: Features, data: Data) -> dict[str, Kind]:
    """The columns that rules may name, by the parts of dates that are chosen."""
    found = dict(kinds)
    for date in _dates(data):
        chosen = [its for its in features.dates if any(fnmatchcase(date, pattern) for pattern in its.columns)]
        if chosen:
            for name in (date, *(f"{date}: {part}" for part in DATE_PARTS)):
                found.pop(name, None)
            found |= chosen[-1].names(date)
    return found


def _target_errors(features: Features) -> Iterator[str]:
    tables = {"numbers": features.numbers.chosen(), "categories": features.categories.chosen()}
    tables |= {f"rules.{number}": rule.chosen() for number, rule in enumerate(features.rules)}
    stages = {**NUMBER_STAGES, **CATEGORY_STAGES}
    given = [(f"{path}.{key}", stages[key], its[key]) for path, its in tables.items() for key in its if key in stages]
    for path, stage, method in (*given, ("select", SELECTION, features.select)):
        name = method_name(stage, method)
        if name in stage.methods and stage.methods[name].needs_target:
            possible = ", ".join(other for other, its in stage.methods.items() if not its.needs_target)
            yield f"features.{path} must be of {possible} with a problem that predicts nothing, got {name}"


def _column_kinds(data: Data) -> dict[str, Kind]:
    """By the name of each column, and of each part of a date, whether it is a number, a category or a text."""
    found: dict[str, Kind] = {}
    for name, kind in data.columns.items():
        if kind == "text":
            found |= {name: "text", f"{name}: characters": "number"}
            continue
        found[name] = "number" if kind in ("number", "datetime") else "category"
        if kind == "datetime":
            found |= {f"{name}: {part}": its for part, its in DATE_PARTS.items()}
    return found


def _rule_errors(rule: FeatureRule, kinds: Mapping[str, Kind]) -> Iterator[str]:
    matched: set[Kind] = set()
    for pattern in rule.columns:
        kinds_found = {kind for name, kind in kinds.items() if name == pattern or fnmatchcase(name, pattern)}
        if not kinds_found:
            yield f"columns must name feature columns, got {pattern}"
        matched |= kinds_found
    for stage in rule.chosen() if matched else ():
        needed: Kind = "category" if stage in CATEGORY_STAGES else "text" if stage in TEXT_STAGES else "number"
        if needed not in matched:
            kind = {"number": "numbers", "category": "categories", "text": "texts"}[needed]
            yield f"{stage} must be left out: it is for {kind}, got {', '.join(rule.columns)}"
