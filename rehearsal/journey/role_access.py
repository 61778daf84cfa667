"""What each role did while it was rehearsed, and whether its policies fit."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from rehearsal.journey.embedded_aws import EmbeddedAws

_PATH = "/_slipway/access"
"""Where the embedded AWS tells it; AWS itself has nothing like it."""

_SECONDS = 60


@dataclass(frozen=True)
class RoleAccess:
    """One role of the app.

    Attributes:
        calls: how many it made, or had made for it.
        missing: those for which it has no permission; on AWS they would have failed.
        unused: permissions that no call needed.
        unread: requests that nobody can say anything of.
    """

    role: str
    calls: int
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    unread: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        """As `report.json` has it."""
        return {
            "calls": self.calls,
            "missing": list(self.missing),
            "unused": list(self.unused),
            "unread": list(self.unread),
        }


def recorded_access(aws: EmbeddedAws) -> list[RoleAccess]:
    """Every role that is deployed, by name."""
    url = f"{aws.endpoint_url}{_PATH}"
    # The scheme is our own child's.
    request = urllib.request.Request(url, headers=aws.key.signed("GET", url, service="slipway"))  # noqa: S310
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        found: dict[str, dict[str, Any]] = json.load(answer)
    return [
        RoleAccess(role, row["calls"], tuple(row["missing"]), tuple(row["unused"]), tuple(row["unread"]))
        for role, row in sorted(found.items())
    ]


def role_access_lines(rows: list[RoleAccess]) -> list[str]:
    """For the end of the terminal's summary: a line for all, and one for each permission that was lacking."""
    used = [row for row in rows if row.calls]
    lacking = [f"{row.role}: {call}" for row in rows for call in row.missing]
    unread = [f"{row.role}: not read: {request}" for row in rows for request in row.unread]
    unused = sum(len(row.unused) for row in used)
    line = (
        f"{sum(row.calls for row in rows)} calls by {len(used)} of {len(rows)} roles, "
        f"{len(lacking)} without permission; {unused} permissions were not needed"
    )
    return [line, *lacking, *unread]
