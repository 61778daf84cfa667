"""The command line: what `--help` prints, for each command."""

import argparse
from collections.abc import Iterator

from slipway.cli.command_line import whole_parser


class _Wide(argparse.RawDescriptionHelpFormatter):
    """As wide as the page, whatever the terminal is in which it is built."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, and of each action of a command, by the words that are typed."""
    return dict(_parsers(whole_parser(), ()))


def _parsers(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    if words:
        yield " ".join(words), parser
    for action in parser._actions:  # noqa: SLF001 -- argparse has no public list of its actions
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for name, below in action.choices.items():
                yield from _parsers(below, (*words, name))


def commands_page() -> str:
    """A section for each command."""
    return "\n".join(
        f"{'##' if ' ' not in words else '###'} slipway {words}\n\n```text\n{_help(parser)}```\n"
        for words, parser in command_parsers().items()
    )


def _help(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = _Wide
    return parser.format_help()
