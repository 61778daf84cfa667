"""`*` and `?` as IAM reads them."""

import re
from functools import lru_cache

from rehearsal.cloud.iam.errors import PolicyError

_ARN_PARTS = 6


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Whether `value` is one of those that `pattern` stands for.

    Raises:
        PolicyError: the pattern holds a policy variable, whose value is not known here.
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
        raise PolicyError(f"policies must hold no variables to be read here, got {pattern}")
    parts = {"*": ".*", "?": "."}
    text = "".join(parts.get(character) or re.escape(character) for character in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
