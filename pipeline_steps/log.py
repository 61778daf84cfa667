"""The job's log, which SageMaker takes from the standard output."""

import sys


def log(line: str) -> None:
    sys.stdout.write(readable(line) + "\n")
    sys.stdout.flush()


def readable(text: str) -> str:
    """Escape what cannot be printed, but for line ends and tabs: a column's name may hold any character.

    `slipway/readable.py` has the same, compared by a contract test.
    """
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode() for each in text
    )
