"""Dates and times as days since 2000-01-01, and the formats that they are written in."""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pipeline_steps.tables.cells import MISSING_NUMBERS

ISO = "iso"
"""ISO 8601, such as 2026-03-01, 2026-03-01 10:30 or 2026-03-01T10:30:00Z; every other format is strptime's."""

START = datetime(2000, 1, 1)  # noqa: DTZ001 — times are UTC throughout, those without a zone too
_DAY = timedelta(days=1)
_SAMPLE = 500
_HAS_DIGIT = re.compile(r"\d")

_DATES = (
    *("%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
    *("%d-%b-%y", "%d%b%Y"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", " %H:%M:%S %z")
_OTHERS = ("%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y", "%a, %d %b %Y %H:%M:%S %z", "%a %b %d %H:%M:%S %Y")
_FORMATS = (ISO, *(date + time for date in _DATES for time in _TIMES), *_OTHERS)


class DetectedFormat(NamedTuple):
    """A format that reads every text, and another one that does so too, with other dates; "" if there is none."""

    format: str
    also: str


def parse_datetime(text: str, form: str) -> float:
    """Read days since 2000-01-01; missing is NaN. ISO 8601 is read whatever the format.

    Raises:
        ValueError: the text is no such date or time.
    """
    if text in MISSING_NUMBERS:
        return math.nan
    try:
        return days_of(datetime.fromisoformat(text.strip()))
    except ValueError:
        if form == ISO:
            raise
    return days_of(datetime.strptime(text.strip(), form))  # noqa: DTZ007 — without a zone it is UTC


def days_of(moment: datetime) -> float:
    """Give the days since 2000-01-01; a time zone is converted to UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return (moment - START) / _DAY


def datetime_text(days: float) -> str:
    """Write days since 2000-01-01 as ISO 8601, the time only where it is not midnight; missing is empty.

    `parse_datetime` gives the same number back, for whole seconds.
    """
    if math.isnan(days):
        return ""
    moment = START + timedelta(seconds=round(days * 86400))
    return moment.date().isoformat() if days.is_integer() else moment.isoformat()


def detect_format(texts: Sequence[str]) -> DetectedFormat | None:
    """Find the format of `texts`; None if no known one reads them all."""
    known = [text for text in texts if text not in MISSING_NUMBERS]
    if not all(map(_HAS_DIGIT.search, known[:_SAMPLE])):
        return None
    # a format is dropped at the first text that it does not read, so that most cost little
    fitting = [form for form in _FORMATS if _reads_all(known[:_SAMPLE], form)]
    found = next((form for form in fitting if _reads_all(known, form)), None)
    if found is None:
        return None
    others = (form for form in fitting if form != found and _differs(known[:_SAMPLE], found, form))
    return DetectedFormat(found, next((form for form in others if _reads_all(known, form)), ""))


def likely_format(texts: Sequence[str]) -> str:
    """Give the format that reads most of `texts`, of which no one reads all."""
    sample = [text for text in texts if text not in MISSING_NUMBERS][:_SAMPLE]
    return max(_FORMATS, key=lambda form: sum(_reads(text, form) for text in sample))


def _reads_all(texts: Sequence[str], form: str) -> bool:
    return all(_reads(text, form) for text in texts)


def _reads(text: str, form: str) -> bool:
    try:
        parse_datetime(text, form)
    except ValueError:
        return False
    return True


def _differs(texts: Sequence[str], one: str, other: str) -> bool:
    return any(parse_datetime(text, one) != parse_datetime(text, other) for text in texts)


def parsed(texts: Sequence[str], form: str) -> Iterator[float]:
    """Read each text; infinity stands for one that is no date."""
    for text in texts:
        try:
            yield parse_datetime(text, form)
        except ValueError:
            yield math.inf
