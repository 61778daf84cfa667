"""The two gates' verdicts, in a document, and in the few words that the rollout reads."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pipeline_steps.gates.replay_metrics import Latency, Measures

MESSAGE_LENGTH = 255
PASSED = "passed"
_NAMED_SEGMENTS = 5
"""The others are in the measures."""


@dataclass(frozen=True)
class ContractVerdict:
    """`reasons` refuse the candidate."""

    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        return {"passed": not self.reasons, "reasons": list(self.reasons), "notes": list(self.notes)}


@dataclass(frozen=True)
class Limits:
    """What the replay may find at most, and from how much on; `latency_floor_ms` is quick enough for every caller.

    `segments` names the category columns to look into, none stands for all of them.
    """

    min_requests: int
    max_error_percent: float
    max_disagreement_percent: float
    max_score_shift: float
    max_mean_shift: float
    max_segment_shift: float
    max_latency_ratio: float
    latency_floor_ms: float
    min_segment_rows: int
    segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplayVerdict:
    """Not `judged`, it passes, and `unjudged` says why."""

    requests: int
    reasons: tuple[str, ...] = ()
    unjudged: str = ""
    rows: int = 0
    refused: int = 0
    unreadable: int = 0
    measures: Measures | None = None

    def to_document(self) -> dict[str, Any]:
        return {
            "passed": not self.reasons,
            "judged": not self.unjudged,
            "unjudged": self.unjudged or None,
            "requests": self.requests,
            "rows": self.rows,
            "refused_by_champion": self.refused,
            "unreadable": self.unreadable,
            "reasons": list(self.reasons),
            "measures": self.measures.to_document() if self.measures else None,
        }


def beyond(limits: Limits, measures: Measures) -> list[str]:
    """What is proven to be above its limit, a sentence each."""
    return [*_answers(limits, measures), *_shifts(limits, measures), *_latency(limits, measures.latency)]


def _answers(limits: Limits, found: Measures) -> Iterator[str]:
    if found.error_percent.at_least > limits.max_error_percent:
        yield (
            f"requests that the champion answers must fail in at most {limits.max_error_percent:g} percent, "
            f"got {found.error_percent.found:.3g} (at least {found.error_percent.at_least:.3g})"
        )
    if found.disagreement_percent.at_least > limits.max_disagreement_percent:
        yield (
            f"labels must differ from the champion's in at most {limits.max_disagreement_percent:g} percent of the "
            f"rows, got {found.disagreement_percent.found:.3g} (at least {found.disagreement_percent.at_least:.3g})"
        )


def _shifts(limits: Limits, found: Measures) -> Iterator[str]:
    if found.stability_index.at_least > limits.max_score_shift:
        yield (
            f"scores must stay within a stability index of {limits.max_score_shift:g} of the champion's, "
            f"got {found.stability_index.found:.3g} (at least {found.stability_index.at_least:.3g})"
        )
    if found.mean_shift.at_least > limits.max_mean_shift:
        yield (
            f"the mean score must stay within {limits.max_mean_shift:g} of the champion's, "
            f"got {found.mean_shift.found:+.3g} (at least {found.mean_shift.at_least:.3g})"
        )
    worst = sorted(found.segments, key=lambda segment: -segment.mean_shift.at_least)
    for segment in worst[:_NAMED_SEGMENTS]:
        if segment.mean_shift.at_least > limits.max_segment_shift:
            yield (
                f"the mean score where {segment.column} is {segment.value} must stay within "
                f"{limits.max_segment_shift:g} of the champion's, got {segment.mean_shift.found:+.3g} "
                f"(at least {segment.mean_shift.at_least:.3g}, {segment.rows} rows)"
            )


def _latency(limits: Limits, latencies: tuple[Latency, ...]) -> Iterator[str]:
    for found in latencies:
        if found.ratio.at_least > limits.max_latency_ratio and found.candidate_ms > limits.latency_floor_ms:
            yield (
                f"latency at p{found.percentile:g} must be at most {limits.max_latency_ratio:g} times the champion's "
                f"{found.champion_ms:.3g} ms, got {found.candidate_ms:.3g} ms (at least {found.ratio.at_least:.3g} "
                "times)"
            )


def message(contract: ContractVerdict, replay: ReplayVerdict | None) -> str:
    """`passed…`, `contract: …` or `replay: …`, in one line of at most 255 characters."""
    if contract.reasons:
        text = "contract: " + _first_of(contract.reasons)
    elif replay is not None and replay.reasons:
        text = "replay: " + _first_of(replay.reasons)
    else:
        text = PASSED + (f", the replay was not judged: {replay.unjudged}" if replay and replay.unjudged else "")
    text = " ".join(text.split())
    return text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 1] + "…"


def _first_of(reasons: tuple[str, ...]) -> str:
    return reasons[0] + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "")


def document(contract: ContractVerdict, replay: ReplayVerdict, limits: Limits) -> dict[str, Any]:
    """What `replay.json` holds."""
    return {"contract": contract.to_document(), "replay": replay.to_document(), "limits": asdict(limits)}
