"""The methods of the recipe: a row for each, with its options."""

from collections.abc import Iterator, Mapping

from scripts.reference.table import table
from slipway.settings.feature_lists import AscendingNumbers, DistinctTexts, Text
from slipway.settings.feature_methods import CATEGORY_STAGES, EXTRACTION, NUMBER_STAGES, SELECTION, TEXT_STAGES
from slipway.settings.feature_options import Method, Option
from slipway.settings.hyperparameters import Bounds, Choice


def features_page() -> str:
    """Stages in their order, each with its methods, and what is without one."""
    rows: list[tuple[str, str, str, str]] = []
    for name, stage in {**NUMBER_STAGES, **CATEGORY_STAGES, **TEXT_STAGES}.items():
        rows.extend(_rows(name, stage.methods))
        rows.append((f"`{name}`", "nothing given", "", stage.nothing))
    rows.extend(_rows("extract", EXTRACTION))
    rows.extend(_rows("select", SELECTION.methods))
    return table(("key", "method", "options", "what it does"), rows)


def _rows(stage: str, methods: Mapping[str, Method]) -> Iterator[tuple[str, str, str, str]]:
    for name, method in methods.items():
        options = ", ".join(_described(option, its) for option, its in method.options.items())
        yield f"`{stage}`", f"`{name}`", options, method.meaning


def _described(name: str, option: Option) -> str:
    if isinstance(option, Bounds):
        default = "optional" if option.default is None else f"by default {option.default:g}"
        return f"`{name}` {option.low:g}..{option.high:g}, {default}"
    if isinstance(option, Choice):
        return f"`{name}` {' or '.join(option.names)}, by default {option.default}"
    if isinstance(option, AscendingNumbers | DistinctTexts | Text):
        return f"`{name}` {option}, {'required' if option.default is None else 'optional'}"
    return f"`{name}` true or false, by default {str(option.default).lower()}"
