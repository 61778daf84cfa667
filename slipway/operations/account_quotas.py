"""An account's quotas, compared with what a stage needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slipway.costs.quotas import Need


@dataclass(frozen=True)
class Quota:
    """A need and the account's quota; `value` and `code` are None if Service Quotas lists none of that name."""

    need: Need
    value: float | None
    code: str | None

    @property
    def enough(self) -> bool:
        return self.value is not None and self.value >= self.need.value

    def request(self, region: str) -> str | None:
        """The command that requests an increase; None if there is no quota to increase, or it suffices."""
        if self.code is None or self.enough:
            return None
        return (
            f"aws service-quotas request-service-quota-increase --region {region} --service-code {self.need.service} "
            f"--quota-code {self.code} --desired-value {self.need.value}"
        )


def compared(client: Any, needs: Sequence[Need]) -> list[Quota]:
    """Each need with the account's own value, or AWS's default where it has none; `client` is of `service-quotas`."""
    found: dict[tuple[str, str], tuple[float, str]] = {}
    for service in sorted({need.service for need in needs}):
        # An applied value replaces the default, which is far lower once AWS has granted an increase.
        for listing in ("list_aws_default_service_quotas", "list_service_quotas"):
            for page in client.get_paginator(listing).paginate(ServiceCode=service):
                for quota in page["Quotas"]:
                    found[service, quota["QuotaName"]] = quota["Value"], quota["QuotaCode"]
    return [Quota(need, *found.get((need.service, need.quota), (None, None))) for need in needs]
