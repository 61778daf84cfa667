"""The query whose rows are scored instead of a prefix: its text, and what its role may read."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from slipway.settings.section import Section, matching, raise_each

DEFAULT_WORKGROUP = "primary"
MOST_CHARACTERS = 262_144 - 2_144
"""Of Athena's QueryString, and of what a state machine hands to a task in bytes, less what is put around the query."""

MOST_POLICY_CHARACTERS = 5500
"""Of the ARNs of what a query reads: IAM takes 10,240 of a role's inline policies, and 6,144 of a managed one."""
_ARN_OF_GLUE = len('"arn:aws-us-gov:glue:us-gov-west-1:000000000000:database/",')
_ARN_OF_S3 = len('"arn:aws-us-gov:s3:::*",')

_IS_SELECT = re.compile(r"(SELECT|WITH)\b", re.IGNORECASE)

Database = Annotated[
    str, matching(r"^[a-z0-9_-]+$", "a database of the Glue data catalog, in lower case", max_length=255)
]
Table = Annotated[
    str,
    matching(
        r"^([a-z0-9_-]+\.)?[a-z0-9_-]+$",
        "a table of the Glue data catalog in lower case, of another database with its name and a dot before it",
        max_length=511,
    ),
]
Location = Annotated[
    str,
    matching(
        r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([^*?\s]*/)?$",
        "an address without wildcards that ends with a slash, such as s3://shop-lake/sessions/",
        max_length=1024,
    ),
]
KmsKey = Annotated[
    str,
    matching(r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$", "the ARN of a KMS key, not of an alias"),
]
Workgroup = Annotated[str, matching(r"^[A-Za-z0-9._-]+$", "a workgroup of letters, digits and . _ -", max_length=128)]


def select_text(sql: str) -> str:
    """The query without blanks and a semicolon around it.

    Raises:
        ValueError: it is no SELECT, or longer than Athena takes; Athena checks the rest.
    """
    text = sql.strip().rstrip(";").rstrip()
    if not _IS_SELECT.match(text) or len(text.encode()) > MOST_CHARACTERS:
        begin = f"{text[:40]}…" if len(text) > 40 else text
        raise ValueError(
            f"must be a SELECT, or WITH … SELECT, of at most {MOST_CHARACTERS:,} bytes, got {len(text.encode()):,}: "
            f"{begin}"
        )
    return text


class BatchQuery(Section):
    """A query that Athena runs on the schedule, and its rows are scored."""

    sql: str
    """A SELECT; with a schedule it runs each time, so let it use functions such as current_date."""
    database: Database
    """Of the tables that are named without one."""
    tables: tuple[Table, ...] = Field(min_length=1, max_length=50)
    """Tables that the role may read, a view and the tables below it each: `name`, or `database.name`."""
    locations: tuple[Location, ...] = Field(min_length=1, max_length=50)
    """Addresses in S3 below which the tables' files lie; the role may read them."""
    kms_keys: tuple[KmsKey, ...] = Field((), max_length=20)
    """Keys that those files are encrypted with, other than S3's own."""
    workgroup: Workgroup = DEFAULT_WORKGROUP
    """In which the query runs and is billed."""

    @property
    def text(self) -> str:
        """The SELECT alone."""
        return select_text(self.sql)

    @property
    def qualified_tables(self) -> tuple[tuple[str, str], ...]:
        """Database and name of each table."""
        pairs = (table.rpartition(".") for table in self.tables)
        return tuple((database or self.database, name) for database, _, name in pairs)

    @property
    def policy_characters(self) -> int:
        """At most so many characters of policies name what the query reads."""
        tables = self.qualified_tables
        databases = 2 * list(dict.fromkeys((self.database, *(database for database, _ in tables))))
        buckets = dict.fromkeys(location.split("/")[2] for location in self.locations)
        in_glue = [*databases, *(f"{database}/{name}" for database, name in tables)]
        in_s3 = [*buckets, *(location.removeprefix("s3://") for location in self.locations)]
        keys = sum(len(key) + len('"",') for key in self.kms_keys)
        return keys + sum(_ARN_OF_GLUE + len(name) for name in in_glue) + sum(_ARN_OF_S3 + len(name) for name in in_s3)

    @model_validator(mode="after")
    def _is_a_query(self) -> Self:
        raise_each(self._errors())
        return self

    def _errors(self) -> Iterator[str]:
        try:
            text = self.text
        except ValueError as exc:
            yield f"sql {exc}"
            return
        if (size := len(json.dumps(text, ensure_ascii=False).encode())) > MOST_CHARACTERS:
            yield f"sql must be at most {MOST_CHARACTERS:,} bytes as JSON, where a line break is two, got {size:,}"
        if "${" in text:
            yield "sql must not contain ${, which CloudFormation takes for the begin of a name"
        if not any(_names(text, name) for _, name in self.qualified_tables):
            yield f"tables must have one that sql names, got {', '.join(self.tables)}"
        if self.policy_characters > MOST_POLICY_CHARACTERS:
            yield (
                f"tables, locations and kms_keys must take at most {MOST_POLICY_CHARACTERS:,} characters of the role's "
                f"policy, got {self.policy_characters:,}: name fewer, such as the folder above several locations, or a "
                "view's result as one table"
            )


def _names(text: str, table: str) -> bool:
    return re.search(rf"(?<![a-z0-9_]){re.escape(table)}(?![a-z0-9_])", text.casefold()) is not None
