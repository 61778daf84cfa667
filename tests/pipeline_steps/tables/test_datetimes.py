# ruff: noqa: DTZ001 (times without a zone are UTC)
import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.tables.datetimes import ISO, datetime_text, detect_format, parse_datetime

MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 30)).map(lambda moment: moment.replace(microsecond=0))


@given(MOMENTS)
def test_a_moment_survives_its_text(moment: datetime) -> None:
    days = (moment - datetime(2000, 1, 1)) / timedelta(days=1)
    assert parse_datetime(datetime_text(days), ISO) == pytest.approx(days, abs=1e-9)


@pytest.mark.parametrize("text", ["", "NA", "null"])
def test_a_missing_moment_is_nan_and_written_as_an_empty_cell(text: str) -> None:
    assert datetime_text(parse_datetime(text, ISO)) == ""
    assert math.isnan(parse_datetime(text, "%d.%m.%Y"))


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2026-03-01", "2026-12-31T10:30:00Z", "2026-03-01 10:30+02:00", "20260301"], ISO),
        (["1.3.2026", "31.12.2026"], "%d.%m.%Y"),
        (["01/13/2026", "12/31/2026"], "%m/%d/%Y"),
        (["13/01/2026", "31/12/2026"], "%d/%m/%Y"),
        (["2026/03/01 10:30", "2026/12/31 00:00"], "%Y/%m/%d %H:%M"),
        (["3/14/26 9:05 PM", "12/31/26 12:00 AM"], "%m/%d/%y %I:%M %p"),
        (["01-Mar-2026", "31-Dec-2026"], "%d-%b-%Y"),
        (["March 1, 2026", "May 31, 2026"], "%B %d, %Y"),
        (["2026-03", "2026-12"], "%Y-%m"),
        (["Sun, 01 Mar 2026 10:30:00 +0100"], "%a, %d %b %Y %H:%M:%S %z"),
    ],
)
def test_the_format_that_reads_all_texts_is_found(texts: list[str], form: str) -> None:
    found = detect_format([*texts, "", "NA"])
    assert found is not None
    assert (found.format, found.also) == (form, "")


def test_days_and_months_that_may_be_exchanged_are_said_to_be() -> None:
    assert detect_format(["1/2/2026", "3/4/2026"]) == ("%d/%m/%Y", "%m/%d/%Y")
    assert detect_format(["1/1/2026", "3/3/2026"]) == ("%d/%m/%Y", "")


@pytest.mark.parametrize("texts", [["2026-03-01", "soon"], ["a", "b"], ["12:30", "13:30"], ["1", "2"]])
def test_texts_that_are_no_dates_have_no_format(texts: list[str]) -> None:
    assert detect_format(texts) is None
