"""Containers of the user's own: their images in ECR, what a server is asked, and where its response has the number."""

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slipway.errors import InputError
from slipway.settings.section import Section, matching, raise_each

_IMAGE = (
    r"^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/([a-z0-9]+(?:[._/-][a-z0-9]+)*)"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$"
)
ImageUri = Annotated[
    str,
    matching(
        _IMAGE,
        "an image in ECR with its tag or digest, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/my-server:1",
        max_length=255,
    ),
]
Command = Annotated[str, matching(r"^[^\r\n]*\S[^\r\n]*$", "a command in one line", max_length=1024)]
VariableName = Annotated[
    str, matching(r"^[a-zA-Z_][a-zA-Z0-9_]*$", "the name of an environment variable", max_length=1024)
]
COMMAND = "local_command"
"""The key of a command, whose words may be files below the folder of the settings' own file."""
_RESERVED = ("SLIPWAY_", "SAGEMAKER_", "AWS_")
_PLACES = {"row", "values"}
"""What a template may name: the row as an object by column, and as a list."""


@dataclass(frozen=True)
class ImageReference:
    """Where an image is; a policy names its repository."""

    account: str
    region: str
    repository: str

    @classmethod
    def of(cls, uri: str) -> Self:
        """Read an `ImageUri`."""
        found = re.match(_IMAGE, uri)
        if found is None:
            raise ValueError(f"must be an image in ECR, got {uri}")
        return cls(found[1], found[2], found[4])


def untagged(uri: str) -> str:
    """The image's repository, without tag or digest."""
    return re.sub(r"(:[^/:]+|@sha256:[0-9a-f]+)$", "", uri)


def located_command(command: str, folder: Path) -> str:
    """The command with each word that is a file below `folder` named from where the command runs.

    Raises:
        InputError: its quotes do not match.
    """
    try:
        words = shlex.split(command)
    except ValueError as exc:
        raise InputError(f"{COMMAND} must be a command, got {command}: {exc}") from exc
    return shlex.join(
        os.path.normpath((folder / word).absolute()) if (folder / word).is_file() else word for word in words
    )


class RowFormat(Section):
    """What one row looks like on its way to a server of your own: the smoke test and a rehearsal's users send it."""

    content_type: Literal["text/csv", "application/json"] = "text/csv"
    """Content type; a row of CSV has the columns in the order of `[data.columns]`, without a header."""
    template: str | None = Field(None, max_length=1024)
    """The JSON body, in which `$row` is the row as an object by column and `$values` as a list; by default `$row`."""

    @model_validator(mode="after")
    def _is_json(self) -> Self:
        raise_each(self._errors())
        return self

    @property
    def body_template(self) -> str:
        """The template, where the body is JSON."""
        return self.template or "$row"

    def _errors(self) -> Iterator[str]:
        if self.template is None:
            return
        if self.content_type != "application/json":
            yield f"template must be left out with content_type {self.content_type}, whose rows are lines of CSV"
            return
        template = Template(self.template)
        if not template.is_valid() or not (named := set(template.get_identifiers())) or named - _PLACES:
            yield f"template must name $row or $values and nothing else, got {self.template}"
            return
        try:
            json.loads(template.substitute(dict.fromkeys(_PLACES, "null")))
        except ValueError:
            yield f"template must be JSON once $row and $values are put in, got {self.template}"


class Output(Section):
    """Where a response of your own server has the number that is compared: the score, the probability, the value."""

    pointer: Annotated[str, matching(r"^(/([^~/]|~[01])*)*$", "a JSON pointer such as /predictions/0")] | None = None
    """JSON pointer to the number, or to a list of one number for each row of the request."""
    column: int | None = Field(None, ge=0, le=10_000)
    """Column of the number in a response of CSV, counted from 0; each line is the response to one row."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.pointer is None) == (self.column is None):
            raise_each(["pointer or column must be given, and not both"])
        return self

    @property
    def content_type(self) -> str:
        """Of the responses."""
        return "text/csv" if self.pointer is None else "application/json"


def environment_errors(environment: Mapping[str, str]) -> Iterator[str]:
    """The limits of a container's environment, and the names that are Slipway's or SageMaker's."""
    for name, value in environment.items():
        if name.startswith(_RESERVED):
            yield f"environment must not name variables that begin with {', '.join(_RESERVED)}, got {name}"
        if len(value) > _LONGEST_VALUE:
            yield f"environment.{name} must have at most {_LONGEST_VALUE} characters, got {len(value)}"


_LONGEST_VALUE = 1024
