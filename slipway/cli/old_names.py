"""Commands that were renamed: the old name is refused with the new one."""

from collections.abc import Sequence

from slipway.errors import InputError

_NOW = {
    "carry": "`slipway promote`",
    "rollout promote": "`slipway rollout approve --package N` (a version), or `slipway rollout resume` (after a pause)",
}


def refuse_old_name(argv: Sequence[str]) -> None:
    """Refuse a command line that begins with an old name.

    Raises:
        InputError: with the new name.
    """
    for old, now in _NOW.items():
        if list(argv[: len(old.split())]) == old.split():
            raise InputError(f"`slipway {old}` has been renamed: use {now}")
