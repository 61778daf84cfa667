"""The results of both gates: `replay.json`, and the line that the rollout reads."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

from pipeline_steps.gates.recent_requests import CAPTURED
from pipeline_steps.gates.replay_metrics import Latency, ReplayMetrics
from pipeline_steps.gates.score_differences import SAME_NUMBER
from pipeline_steps.gates.score_proof import ScoreShares
from pipeline_steps.rounding import counted

MESSAGE_LENGTH = 255
PASSED = "passed"
_NAMED_SEGMENTS = 5
"""The others are in `replay.json`."""
_LEAST_DISTANCE = 0.1
"""Scores that lie less apart, in units of their range, are not refused for the shape of their distribution."""


@dataclass(frozen=True)
class ContractResult:
    """`reasons` refuse the candidate; `change` is the code of what breaks callers, by which it can be accepted."""

    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    change: str = ""
    accepted: bool = False

    def to_document(self) -> dict[str, Any]:
        return {
            "passed": not self.reasons,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            "change": self.change or None,
            "accepted": self.accepted,
        }


@dataclass(frozen=True)
class ReplayLimits:
    """Limits of the replay's metrics, and how many requests they need; below `latency_floor_ms` no latency is refused.

    `segments` names category columns, none stands for all of them.
    """

    min_requests: int
    max_error_percent: float
    max_disagreement_percent: float
    max_score_psi: float
    max_mean_difference: float
    max_segment_difference: float
    max_latency_ratio: float
    latency_floor_ms: float
    min_segment_rows: int
    segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplayResult:
    """`not_compared` says why there was no comparison: then it passes."""

    requests: int
    reasons: tuple[str, ...] = ()
    not_compared: str = ""
    rows: int = 0
    refused: int = 0
    unreadable: int = 0
    measures: ReplayMetrics | None = None
    scores: ScoreShares | None = None
    sent: str = CAPTURED
    scores_are_proven: bool = False
    """Within what the canary tolerates: it need not prove the same again with fewer requests."""

    def to_document(self) -> dict[str, Any]:
        return {
            "passed": not self.reasons,
            "compared": not self.not_compared,
            "not_compared": self.not_compared or None,
            "requests": self.requests,
            "sent": self.sent,
            "rows": self.rows,
            "refused_by_champion": self.refused,
            "unreadable": self.unreadable,
            "reasons": list(self.reasons),
            "measures": self.measures.to_document() if self.measures else None,
            "score_shares_at_most": self._at_most,
            "scores_are_proven": self.scores_are_proven,
        }

    @property
    def _at_most(self) -> float | None:
        known = self.scores is not None and not isnan(self.scores.at_most)
        return self.scores.at_most if known and self.scores else None


def limit_violations(limits: ReplayLimits, measures: ReplayMetrics) -> list[str]:
    """What is proven to be above its limit, a sentence each."""
    return [*_responses(limits, measures), *_shifts(limits, measures), *_latency(limits, measures.latency)]


def _responses(limits: ReplayLimits, found: ReplayMetrics) -> Iterator[str]:
    if found.error_percent.at_least > limits.max_error_percent:
        yield (
            f"requests that the champion scores must fail in at most {limits.max_error_percent:g} percent, "
            f"got {found.error_percent.found:.3g} (at least {found.error_percent.at_least:.3g})"
        )
    if found.disagreement_percent.at_least > limits.max_disagreement_percent:
        yield (
            f"labels must differ from the champion's{_distance(found)} in at most "
            f"{limits.max_disagreement_percent:.3g} percent of the rows, "
            f"got {found.disagreement_percent.found:.3g} (at least {found.disagreement_percent.at_least:.3g})"
        )


def _distance(found: ReplayMetrics) -> str:
    if not found.numbers:
        return ""
    if found.tolerance > SAME_NUMBER * found.unit:
        return f" by more than its error on validation, {found.tolerance:.3g},"
    return f" by more than {SAME_NUMBER:g} of {found.unit_of}, {found.unit:.3g},"


def _shifts(limits: ReplayLimits, found: ReplayMetrics) -> Iterator[str]:
    # Models of two kinds may have scores of another shape, a few leaves and a curve: that alone moves no score far.
    apart = found.distance.at_least > _LEAST_DISTANCE
    if apart and found.stability_index.at_least > limits.max_score_psi:
        yield (
            f"scores must stay within a stability index of {limits.max_score_psi:g} of the champion's, "
            f"got {found.stability_index.found:.3g} (at least {found.stability_index.at_least:.3g}), and they lie "
            f"{found.distance.found:.3g} apart{_units(found)}"
        )
    if found.mean_shift.at_least > limits.max_mean_difference:
        yield (
            f"the mean score must stay within {limits.max_mean_difference:g} of the champion's{_units(found)}, "
            f"got {found.mean_shift.found:+.3g} (at least {found.mean_shift.at_least:.3g})"
        )
    worst = sorted(found.segments, key=lambda segment: -segment.mean_shift.at_least)
    for segment in worst[:_NAMED_SEGMENTS]:
        if segment.mean_shift.at_least > limits.max_segment_difference:
            yield (
                f"the mean score where {segment.column} is {segment.value} must stay within "
                f"{limits.max_segment_difference:g} of the champion's{_units(found)}, "
                f"got {segment.mean_shift.found:+.3g} (at least {segment.mean_shift.at_least:.3g}, "
                f"{counted(segment.rows, 'row')})"
            )


def _units(found: ReplayMetrics) -> str:
    return f", in units of {found.unit_of} {found.unit:.3g}" if found.unit_of else ""


def _latency(limits: ReplayLimits, latencies: tuple[Latency, ...]) -> Iterator[str]:
    for found in latencies:
        if found.ratio.at_least > limits.max_latency_ratio and found.candidate_ms > limits.latency_floor_ms:
            yield (
                f"latency at p{found.percentile:g} must be at most {limits.max_latency_ratio:g} times the champion's "
                f"{found.champion_ms:.3g} ms, got {found.candidate_ms:.3g} ms (at least {found.ratio.at_least:.3g} "
                "times)"
            )


def message(contract: ContractResult, replay: ReplayResult | None) -> str:
    """`passed…`, `contract: …` or `replay: …`, in one line of at most 255 characters."""
    if contract.reasons:
        text = "contract: " + _first_of(contract.reasons)
        if contract.change and not contract.accepted:
            code = f"; change {contract.change}"
            text = _cut(text, MESSAGE_LENGTH - len(code)) + code
    elif replay is not None and replay.reasons:
        text = "replay: " + _first_of(replay.reasons)
    else:
        text = (
            PASSED
            + _proof(replay)
            + (f", without a replay: {replay.not_compared}" if replay and replay.not_compared else _sent(replay))
        )
    return _cut(text, MESSAGE_LENGTH)


def _sent(replay: ReplayResult | None) -> str:
    """What was compared, where it was no request of a user."""
    if replay is None or replay.sent == CAPTURED:
        return ""
    return f"; replayed {replay.requests} {replay.sent}, for nothing is captured"


def _proof(replay: ReplayResult | None) -> str:
    """What the rollout reads: the canary then needs no more evidence of the scores."""
    if replay is None or replay.scores is None or not replay.scores_are_proven:
        return ""
    return f"; scores proven on {replay.scores.requests} requests"


def _cut(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _first_of(reasons: tuple[str, ...]) -> str:
    return reasons[0] + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "")


def document(contract: ContractResult, replay: ReplayResult, limits: ReplayLimits) -> dict[str, Any]:
    """The content of `replay.json`."""
    return {"contract": contract.to_document(), "replay": replay.to_document(), "limits": asdict(limits)}
