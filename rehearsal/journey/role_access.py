"""The calls that each role made in the rehearsal, compared with its policies."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from rehearsal.journey.embedded_aws import EmbeddedAws
from slipway.rounding import counted

_PATH = "/_slipway/access"
"""The path at which the embedded AWS reports them; AWS has nothing like it."""

_SECONDS = 60


@dataclass(frozen=True)
class RoleAccess:
    """One role of the app.

    Attributes:
        calls: the number of calls that it made, or that were made for it.
        missing: calls without permission; on AWS they would have failed.
        unused: permissions that no call used.
        unread: requests that could not be evaluated.
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
    # The URL is that of our own child process.
    request = urllib.request.Request(url, headers=aws.key.signed("GET", url, service="slipway"))  # noqa: S310
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        found: dict[str, dict[str, Any]] = json.load(answer)
    return [
        RoleAccess(role, row["calls"], tuple(row["missing"]), tuple(row["unused"]), tuple(row["unread"]))
        for role, row in sorted(found.items())
    ]


def role_access_lines(rows: list[RoleAccess]) -> list[str]:
    """For the terminal's summary: a line for all roles, and one for each missing permission."""
    used = [row for row in rows if row.calls]
    lacking = [f"{row.role}: {call}" for row in rows for call in row.missing]
    unread = [f"{row.role}: not evaluated: {request}" for row in rows for request in row.unread]
    unused = sum(len(row.unused) for row in used)
    line = (
        f"{counted(sum(row.calls for row in rows), 'call')} by {len(used)} of {len(rows)} roles, "
        f"{len(lacking)} without permission; {unused} permissions were not used"
    )
    return [line, *lacking, *unread]
