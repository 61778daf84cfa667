"""`*` and `?` as IAM reads them."""

import re
from functools import lru_cache

from slipway.errors import SlipwayError

_ARN_PARTS = 6


class PolicyError(SlipwayError):
    """A policy contains something that is not evaluated here, so what it allows is unknown."""


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Whether `value` is one of those that `pattern` stands for.

    Raises:
        PolicyError: the pattern contains a policy variable, which is not evaluated here.
    """
    return _compiled(pattern, ignore_case).fullmatch(value) is not None


def arn_matches(pattern: str, value: str) -> bool:
    """As the ARN operators do it: each of the six parts by itself."""
    wanted, given = pattern.split(":", _ARN_PARTS - 1), value.split(":", _ARN_PARTS - 1)
    if len(wanted) != _ARN_PARTS or len(given) != _ARN_PARTS:
        return False
    return all(matches(each, part) for each, part in zip(wanted, given, strict=True))


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 — private, and a key of the cache
    if "${" in pattern:
        raise PolicyError(f"policies must contain no variables to be evaluated here, got {pattern}")
    parts = {"*": ".*", "?": "."}
    text = "".join(parts.get(character) or re.escape(character) for character in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
