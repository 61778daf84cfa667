"""What two streams say arrives whole, whatever pieces it came in."""

import os

import pytest

from rehearsal.containers.lines import MAX_LINE_BYTES, merge_lines


class Streams:
    """Two pipes, for writing to, that are merged into a third."""

    def __init__(self) -> None:
        (out, self.out), (err, self.err) = os.pipe(), os.pipe()
        source, sink = os.pipe()
        merge_lines([os.fdopen(out, "rb"), os.fdopen(err, "rb")], sink)
        os.close(sink)
        self._merged = os.fdopen(source, "rb")

    def next_line(self) -> bytes:
        return self._merged.readline()

    def end(self) -> list[bytes]:
        """Both streams end; every line that was not read yet."""
        os.close(self.out)
        os.close(self.err)
        with self._merged:
            return self._merged.readlines()


@pytest.fixture
def streams() -> Streams:
    return Streams()


def test_a_line_that_comes_in_pieces_is_not_cut_by_the_other_stream(streams: Streams) -> None:
    os.write(streams.out, b"validation:auc=0.9")
    os.write(streams.err, b"a warning\n")
    assert streams.next_line() == b"a warning\n"
    os.write(streams.out, b"231\n")
    assert streams.next_line() == b"validation:auc=0.9231\n"
    assert streams.end() == []


def test_last_words_without_an_end_are_lines_of_their_own(streams: Streams) -> None:
    os.write(streams.out, b"out")
    os.write(streams.err, b"err")
    assert sorted(streams.end()) == [b"err\n", b"out\n"]


def test_a_line_longer_than_an_event_is_told_as_several_that_lose_nothing(streams: Streams) -> None:
    line = b"x" * (MAX_LINE_BYTES + 10)
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(streams.out, rest) :]
    first, second = streams.end()
    assert (len(first), first.rstrip() + second.rstrip()) == (MAX_LINE_BYTES, line)
