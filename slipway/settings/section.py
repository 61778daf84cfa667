"""What every section of the settings has in common."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

ALLOWED_TEXTS: dict[str, str] = {}
"""What a text must be, in words, by the pattern that it must match."""


def matching(pattern: str, words: str, *, max_length: int | None = None) -> StringConstraints:
    """Texts that match `pattern`; `words` say in an error what such a text is."""
    ALLOWED_TEXTS[pattern] = words
    return StringConstraints(pattern=pattern, max_length=max_length)


Slug = Annotated[
    str,
    matching(
        r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        "lower-case letters, digits and single hyphens, beginning with a letter",
        max_length=24,
    ),
]


def _not_the_end_of_options(text: str) -> str:
    if text == "--":
        raise ValueError("must not be --, which a command line takes for the end of its options")
    return text


Argument = AfterValidator(_not_the_end_of_options)
ColumnName = Annotated[
    str,
    matching(
        r"^[^,\s][^,\r\n]*$",
        "the name of a column without a comma or line break, and not beginning with a blank",
        max_length=120,
    ),
    Argument,
]
Label = Annotated[
    str, matching(r"^[^\r\n]+$", "a text that is not empty and has no line break", max_length=120), Argument
]
AccountId = Annotated[str, matching(r"^\d{12}$", "an account of 12 digits, in quotes")]
Region = Annotated[str, matching(r"^[a-z]{2}(-[a-z]+)+-\d$", "a region such as eu-west-1")]
InstanceType = Annotated[str, matching(r"^ml\.[a-z0-9-]+\.[a-z0-9]+$", "an instance type such as ml.m5.large")]


class Section(BaseModel):
    # Strict: true is no 1 and "25" is no 25. A whole number is still taken where any number is meant.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    def differs_in(self, name: str) -> bool:
        """Whether a key has another value than its default."""
        default = type(self).model_fields[name].get_default(call_default_factory=True)
        return bool(getattr(self, name) != default)

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, values: Any) -> Any:
        """TOML has lists, what is frozen has tuples."""
        if not isinstance(values, dict):
            return values
        return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def raise_each(errors: Iterable[str]) -> None:
    """Pydantic takes one error a validator: several travel as the lines of one message."""
    if lines := list(errors):
        raise ValueError("\n".join(lines))
