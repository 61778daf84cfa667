"""Text that a table, a template or a service brought along, made fit for a terminal."""


def readable(text: str) -> str:
    """Escape what cannot be printed, but for line ends and tabs: a column's name may hold any character.

    `pipeline_steps/log.py` has the same, compared by a contract test.
    """
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode() for each in text
    )


def in_a_line(text: str) -> str:
    """`text` as it is, or quoted where a line of output would not show it so."""
    return text if text.isprintable() else repr(text)
