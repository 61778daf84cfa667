"""Filters, order and pages of the List actions."""

import datetime as dt
from typing import Any

import pytest

from rehearsal.cloud.sagemaker.api_errors import ApiError
from rehearsal.cloud.sagemaker.listing import Listing, paged

LISTING = Listing("Jobs", name="Name", status="Status", default_order="Ascending")
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def job(number: int, name: str, status: str = "Completed") -> dict[str, Any]:
    return {"Name": name, "Status": status, "CreationTime": START + dt.timedelta(seconds=number)}


JOBS = [job(2, "beta"), job(0, "alpha"), job(1, "Gamma", "Failed")]


def names(**request: Any) -> list[str]:
    return [record["Name"] for record in LISTING.answer(JOBS, request)["Jobs"]]


def test_the_default_order_is_the_listings_own() -> None:
    assert names() == ["alpha", "Gamma", "beta"]


def test_order_and_key_can_be_chosen() -> None:
    assert names(SortBy="Name", SortOrder="Descending") == ["beta", "alpha", "Gamma"]


def test_names_are_searched_without_regard_to_case() -> None:
    assert names(NameContains="GA") == ["Gamma"]


def test_status_and_time_filter() -> None:
    assert names(StatusEquals="Failed") == ["Gamma"]
    assert names(CreationTimeAfter=START.timestamp()) == ["Gamma", "beta"]
    assert names(CreationTimeBefore=START.timestamp() + 2) == ["alpha", "Gamma"]


def test_pages_hold_every_record_once() -> None:
    found, token = [], None
    while True:
        page = LISTING.answer(JOBS, {"MaxResults": 2, **({"NextToken": token} if token else {})})
        found += [record["Name"] for record in page["Jobs"]]
        token = page.get("NextToken")
        if not token:
            break
    assert found == ["alpha", "Gamma", "beta"]


@pytest.mark.parametrize("token", ["***", "bm9uZQ=="])
def test_a_token_of_another_list_is_refused(token: str) -> None:
    with pytest.raises(ApiError, match="NextToken must be one that this list gave"):
        paged("Jobs", JOBS, {"NextToken": token})


def test_what_cannot_be_sorted_by_is_refused() -> None:
    with pytest.raises(ApiError, match="SortBy must be one of"):
        names(SortBy="Colour")
