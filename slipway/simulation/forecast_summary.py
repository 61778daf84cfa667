"""What a forecast of a rollout has: its cost, what watches it, and how it ends."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chances:
    """How simulated rollouts end, as shares of 1: rolled back, proven safe or undecided."""

    rolled_back: float
    """On evidence, by canary analysis or by the alarm."""
    proven_safe: float
    """And not rolled back later."""
    undecided: float
    """No decision when it was due, and no alarm: `without_evidence` determines what follows."""
    seconds_to_rollback: float | None
    """Median of those that were rolled back."""
    rolled_back_by_alarm: float
    """Those of `rolled_back` in which the alarm was first."""
    rolled_back_without_evidence: float
    """`undecided`, or 0 if these rollouts proceed."""
    goes_live: float
    """The new model serves all requests in the end, proven safe or not."""
    rejected_as_shadow: float = 0.0
    """On evidence, before any user met it."""
    proven_as_shadow: float = 0.0
    """The canary then tests its errors alone."""
    shadow_seconds: float | None = None
    """Median of those that were proven or rejected as a shadow."""


@dataclass(frozen=True)
class AnalysisSummary:
    """When canary analysis decides, in seconds since the first bake began."""

    decides_after_seconds: int
    of_seconds: int
    """Then the new fleet serves all requests, or the only bake ends."""
    without_evidence: str
    min_requests: int
    error_tolerance_points: float
    """Fewer additional points of errors may be proven safe."""


@dataclass(frozen=True)
class ShadowSummary:
    """The comparison of a candidate that no user meets."""

    most_seconds: int
    copied: float
    """Share of the requests, 0..1."""
    error_tolerance_points: float


@dataclass(frozen=True)
class AlarmSummary:
    """The alarm on the new fleet's errors."""

    max_error_percent: float
    min_requests: int
    period_seconds: int
    periods: int


@dataclass(frozen=True)
class Forecast:
    """What the plan costs, how many requests it observes, and how it ends."""

    type: str
    instances: int
    duration_seconds: int
    extra_instance_hours: float
    comparable_seconds: int
    """Seconds in which both fleets serve users."""
    canary_requests: float
    error_percent: float
    regression_points: float
    rollouts: int
    healthy: Chances | None
    """None if there is nothing to simulate; `notes` have the reason."""
    regressed: Chances | None
    canary_analysis: AnalysisSummary | None
    """None if it is not enabled."""
    error_alarm: AlarmSummary | None
    notes: tuple[str, ...]
    shadow: ShadowSummary | None = None
    """None where candidates are no shadows first."""
