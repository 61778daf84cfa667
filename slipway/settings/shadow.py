"""A candidate beside the live model: it responds to copies of live requests before any user meets it."""

from math import ceil

from pydantic import Field

from slipway.settings.section import Section


class Shadow(Section):
    """Between the gates and the update the candidate is a shadow variant of the live endpoint.

    Canary analysis compares what both responded to the same requests; no user gets the shadow's responses. The rollout
    goes on once the candidate is proven no worse, and ends with its rejection where it is worse. Of a candidate that
    is neither when the time is over, `canary_analysis.without_evidence` decides.
    """

    enabled: bool = False
    """Whether candidates are shadows first; it costs a second fleet for that time, and the waits of one more update."""
    percent: int = Field(100, ge=1, le=100)
    """Share of the requests of which the shadow gets copies; its fleet has this share of the endpoint's instances."""
    max_seconds: int = Field(86_400, ge=600, le=86_400)
    """Longest time that the candidate stays a shadow."""
    error_tolerance: float | None = Field(None, gt=0, lt=0.5)
    """Rise of the share of errors that it must exclude as a shadow; by default that of `canary_analysis`."""

    def instances(self, most: int) -> int:
        """Of the shadow's fleet, which is not autoscaled: enough for its share of the largest fleet, of `most`."""
        return ceil(most * self.percent / 100)
