"""Output holds no character that a terminal obeys: the product and the container escape alike."""

import pytest

from pipeline_steps import log
from slipway.readable import in_a_line, readable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("column Größe: 5 €\n\tnext", "column Größe: 5 €\n\tnext"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\u202eb\u2028c\x85d\udc80", r"a\u202eb\u2028c\x85d\udc80"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_what_cannot_be_printed_is_escaped_but_for_lines_and_tabs(text: str, shown: str) -> None:
    assert readable(text) == log.readable(text) == shown


def test_in_a_line_a_text_with_a_line_break_is_quoted() -> None:
    assert [in_a_line(each) for each in ("plain text", "two\nlines")] == ["plain text", r"'two\nlines'"]
