"""The text output on an experiment, of `slipway experiment status` and of `slipway rollout status`."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from slipway.rounding import counted

if TYPE_CHECKING:
    from slipway.experiment.expected_end import ExpectedEnd
    from slipway.operations.experiments import ExperimentStatus

_WIDTH = 14


def experiment_text(found: "ExperimentStatus") -> str:
    return "".join(f"{name:<{_WIDTH}}{text}\n" for name, text in experiment_lines(found))


def experiment_lines(found: "ExperimentStatus") -> Iterator[tuple[str, str]]:
    """Names and texts."""
    if found.execution is None:
        yield "experiment", "none has been started"
        return
    ended = ": ".join(text for text in (found.outcome, found.reason) if text)
    yield "experiment", f"{found.status}, {ended}" if ended else found.status
    if found.is_paused:
        yield "paused", "weights stay, and nothing is decided, until `slipway rollout resume`"
    if len(found.shares) > 1 and found.status != "RUNNING":
        yield "challengers", "are still there; `slipway experiment stop` removes them"
    if (report := found.report) is None:
        yield "outcomes", "none have been read yet"
        return
    share = report["outcomes"] / report["planned_size"]
    yield "outcomes", f"{report['outcomes']:,} of {report['planned_size']:,} planned ({share:.0%}), {report['mode']}"
    for number, arm in enumerate(report["arms"]):
        yield arm["variant"], f"{'challenger' if number else 'champion'}, {_arm(arm, found.shares)}"
    yield "regret", f"{report['estimated_regret']:,.1f} by the means as they are now"
    if found.end:
        yield "decides", _end(found.end, report["planned_size"])


def _arm(arm: dict[str, Any], shares: dict[str, float]) -> str:
    version, mean = arm["package"].rpartition("/")[2], arm["mean"]
    earned = "no outcomes yet" if mean is None else f"mean {mean:.4g} of {counted(arm['requests'], 'outcome')}"
    share = f", {shares[arm['variant']]:.0%} of the requests" if arm["variant"] in shares else ""
    against = f", {arm['difference']:+.4g} ({arm['low']:+.4g} to {arm['high']:+.4g})" if "difference" in arm else ""
    return f"version {version}: {earned}{share}{against}"


def _end(end: "ExpectedEnd", planned: int) -> str:
    about = f"about {_at(end.expected)}" if end.expected else "not known yet when"
    return f"at {counted(planned, 'outcome')}, {about}; at the latest {_at(end.latest)}"


def _at(when: datetime) -> str:
    return when.astimezone().isoformat(sep=" ", timespec="minutes")
