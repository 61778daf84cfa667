"""Athena's statement that writes the rows of a SELECT as Parquet files."""

_TARGET = "s3://"


def unload_statement(select: str, target: str) -> str:
    """Write the rows of `select` below the address `target`, where nothing may lie yet.

    A line break ends a comment with which the SELECT may end.
    """
    return f"UNLOAD (\n{select}\n) TO '{target}' WITH (format = 'PARQUET', compression = 'SNAPPY')"


def around_target(select: str) -> tuple[str, str]:
    """The statement before and after its target, for an address that is known when it runs."""
    before, _, after = unload_statement(select, _TARGET).rpartition(_TARGET)
    return before, after
