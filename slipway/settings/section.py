"""What every section of the settings has in common."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=24)]


def _not_the_end_of_options(text: str) -> str:
    if text == "--":
        raise ValueError("must not be --, which a command line takes for the end of its options")
    return text


Argument = AfterValidator(_not_the_end_of_options)
ColumnName = Annotated[str, StringConstraints(pattern=r"^[^,\s][^,\r\n]*$", max_length=120), Argument]
Label = Annotated[str, StringConstraints(pattern=r"^[^\r\n]+$", max_length=120), Argument]
AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
InstanceType = Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]


class Section(BaseModel):
    # Strict: true is no 1 and "25" is no 25. A whole number is still taken where any number is meant.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

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
