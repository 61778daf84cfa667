"""The parser of every command: what is mistyped is refused with the nearest that there is."""

import argparse
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

_CHOICES = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")
_UNKNOWN = "unrecognized arguments: "


class CommandParser(argparse.ArgumentParser):
    """Names the command, flag or value that was probably meant."""

    def error(self, message: str) -> NoReturn:
        if found := _CHOICES.search(message):
            near = _near(found[1], re.findall(r"'([^']*)'", found[2]))
        else:
            words = message.removeprefix(_UNKNOWN).split() if message.startswith(_UNKNOWN) else []
            flags = [word.partition("=")[0] for word in words if word.startswith("-")]
            near = _near(flags[0], self._option_string_actions) if flags else ""
        super().error(message + near)

    def refuse(self, arguments: Iterable[str]) -> NoReturn:
        """Refuse arguments that the command does not have."""
        self.error(_UNKNOWN + " ".join(arguments))


def _near(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
