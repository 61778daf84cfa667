"""The README: short, and what it shows can be used as it stands."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
MOST_WORDS, MOST_PICTURE_BYTES = 900, 300_000


def test_the_readme_has_at_most_900_words() -> None:
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").split()) <= MOST_WORDS


def test_the_picture_is_a_small_png() -> None:
    picture = (PROJECT / "docs" / "images" / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < MOST_PICTURE_BYTES
