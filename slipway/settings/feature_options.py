"""What a method of the recipe is: its name's meaning, its options, and what is wrong with those that are given."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.settings.feature_lists import AscendingNumbers, DistinctTexts, Text
from slipway.settings.hyperparameters import Bounds, Choice

NONE = "none"


@dataclass(frozen=True)
class Flag:
    """True or false."""

    default: bool

    def takes(self, value: object) -> bool:
        return isinstance(value, bool)

    def __str__(self) -> str:
        return "true or false"


@dataclass(frozen=True)
class Only(Choice):
    """One name, where other methods have several, and why."""

    reason: str = ""

    def __str__(self) -> str:
        return f"{self.default}: {self.reason}"


Option = Bounds | Choice | Flag | AscendingNumbers | DistinctTexts | Text


@dataclass(frozen=True)
class Method:
    """What it does, in words that follow its name, and its options; some learn from the target.

    `together` says what is wrong with options that are right by themselves.
    """

    meaning: str
    options: Mapping[str, Option] = field(default_factory=dict)
    needs_target: bool = False
    together: Callable[[Mapping[str, Any]], Iterator[str]] | None = None

    @property
    def required(self) -> list[str]:
        """The options that must be given."""
        return [
            name
            for name, its in self.options.items()
            if isinstance(its, AscendingNumbers | DistinctTexts) and its.default is None
        ]


@dataclass(frozen=True)
class Stage:
    """The methods that a column, or the table, has one of.

    Attributes:
        key: of the table form, which key has the method's name.
        nothing: what `none` means there.
    """

    methods: Mapping[str, Method]
    nothing: str
    key: str = "method"


def stage_errors(stage: Stage, given: object) -> Iterator[str]:
    """What is wrong with a method's name, or with a table of its name and options, in words that follow the key."""
    names, name = dict.fromkeys((NONE, *stage.methods)), given
    options: Mapping[str, Any] = {}
    if isinstance(given, Mapping):
        name, options = given.get(stage.key, ""), {key: value for key, value in given.items() if key != stage.key}
    if not isinstance(name, str) or name not in names:
        yield f" must be one of {', '.join(names)}, or a table with {stage.key} and its options, got {name!r}"
    elif name in stage.methods:
        yield from option_errors(stage.methods[name], options)
    elif options:
        yield f" must have no options with {NONE}, got {', '.join(options)}"


def method_name(stage: Stage, given: object) -> str:
    """The name of a method that is given by it, or as a table."""
    return str(given.get(stage.key, "") if isinstance(given, Mapping) else given)


def option_errors(method: Method, options: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the options of a method."""
    found = list(_single_errors(method, options))
    yield from found
    if method.together and not found:
        yield from method.together(options)


def _single_errors(method: Method, options: Mapping[str, Any]) -> Iterator[str]:
    for name in method.required:
        if name not in options:
            yield f".{name} must be given, as {method.options[name]}"
    for name, value in options.items():
        if (option := method.options.get(name)) is None:
            yield f" must have no option {name}; there is {', '.join(method.options) or 'none'}"
        elif not _takes(option, value):
            yield f".{name} must be {option}, got {value!r}"


def _takes(option: Option, value: object) -> bool:
    if isinstance(option, Bounds):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and option.takes(str(value))
    return option.takes(value) if not isinstance(option, Choice) else isinstance(value, str) and option.takes(value)
