"""The List* actions' filters, order and pages."""

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import validation_error

Record = Mapping[str, Any]
_DEFAULT_PAGE = 10


@dataclass(frozen=True)
class Listing:
    """How one resource is listed.

    Args:
        result: The answer's key.
        name: The record's key that NameContains and SortBy=Name mean.
        status: The record's key that StatusEquals means.
        sort_keys: SortBy value → record key, beside Name and CreationTime.
        equals: Request key → record key that must be equal.
    """

    result: str
    name: str
    status: str | None = None
    sort_keys: Mapping[str, str] = field(default_factory=dict)
    equals: Mapping[str, str] = field(default_factory=dict)
    default_sort: str = "CreationTime"
    default_order: str = "Descending"
    created: str = "CreationTime"
    modified: str = "LastModifiedTime"
    page: int = _DEFAULT_PAGE

    def answer(self, records: Iterable[Record], request: Mapping[str, Any]) -> dict[str, Any]:
        """One page of the records that the request wants, with a NextToken when there are more."""
        found = [record for record in records if self._wanted(record, request)]
        found.sort(key=self._sort_key(request.get("SortBy", self.default_sort)))
        if request.get("SortOrder", self.default_order) == "Descending":
            found.reverse()
        return paged(self.result, found, request, default=self.page)

    def _wanted(self, record: Record, request: Mapping[str, Any]) -> bool:
        contains = next((request[key] for key in request if key.endswith("NameContains")), "")
        prefix = next((request[key] for key in request if key.endswith("NamePrefix")), "")
        name = str(record[self.name])
        if contains.lower() not in name.lower() or not name.startswith(prefix):
            return False
        wanted_status = request.get("StatusEquals")
        if self.status and wanted_status and record[self.status] != wanted_status:
            return False
        if any(key in request and record.get(of) != request[key] for key, of in self.equals.items()):
            return False
        return _within(record, request, self.created, ("CreationTimeAfter", "CreatedAfter"), after=True) and all(
            (
                _within(record, request, self.created, ("CreationTimeBefore", "CreatedBefore"), after=False),
                _within(record, request, self.modified, ("LastModifiedTimeAfter",), after=True),
                _within(record, request, self.modified, ("LastModifiedTimeBefore",), after=False),
            )
        )

    def _sort_key(self, sort_by: str) -> Callable[[Record], Any]:
        key = {"Name": self.name, "CreationTime": self.created, "Status": self.status, **self.sort_keys}.get(sort_by)
        if key is None:
            raise validation_error(f"SortBy must be one of what {self.result} can be sorted by, got {sort_by}")
        return lambda record: (record.get(key) is not None, record.get(key), record[self.created])


def paged(
    result: str, records: Sequence[Any], request: Mapping[str, Any], *, default: int = _DEFAULT_PAGE
) -> dict[str, Any]:
    """The page that NextToken and MaxResults ask for."""
    start = _offset(request.get("NextToken"))
    end = start + int(request.get("MaxResults", default))
    answer: dict[str, Any] = {result: list(records[start:end])}
    if end < len(records):
        answer["NextToken"] = base64.urlsafe_b64encode(f"from:{end}".encode()).decode()
    return answer


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("from:"))
    except (binascii.Error, ValueError) as exc:
        raise validation_error(f"NextToken must be one that this list gave, got {token}") from exc


def _within(record: Record, request: Mapping[str, Any], key: str, names: Sequence[str], *, after: bool) -> bool:
    bound = next((request[name] for name in names if name in request), None)
    if bound is None:
        return True
    moment: dt.datetime = record.get(key) or record["CreationTime"]
    limit = moment_of(bound)
    return moment > limit if after else moment < limit


def moment_of(value: float | str) -> dt.datetime:
    """A timestamp of a request: epoch seconds, or ISO 8601."""
    if isinstance(value, str):
        return dt.datetime.fromisoformat(value)
    return dt.datetime.fromtimestamp(value, dt.UTC)
