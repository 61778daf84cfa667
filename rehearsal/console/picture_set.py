"""The pictures of one report: those for which the result has data."""

import html
from collections.abc import Callable, Mapping

from rehearsal.console import report_pictures
from rehearsal.console.data_profile import data_profile
from rehearsal.journey.rehearsal_result import RehearsalResult

_DRAWERS: Mapping[str, Callable[[RehearsalResult], str]] = {
    "traffic": lambda result: report_pictures.traffic_split(
        result.fleets, result.rollouts, started=result.started, ended=result.started + result.seconds
    ),
    "evaluation": lambda result: report_pictures.captioned(result.pictures),
    "tuning": lambda result: (
        report_pictures.tuning_history(
            result.trials, _metric(result), minimized=result.settings.direction == "minimize"
        )
        if result.trials
        else ""
    ),
    "profile": lambda result: data_profile(result.profile) if result.profile else "",
}
PICTURES = tuple(_DRAWERS)


def _metric(result: RehearsalResult) -> str:
    against = result.settings.metric_against
    return f"{result.settings.metric} against {against}" if against else result.settings.metric


class Pictures:
    """What was drawn, and what could not be drawn: a failed picture must not cost the report."""

    def __init__(self) -> None:
        self._drawn: dict[str, str] = {}
        self.problems: list[str] = []

    def draw(self, result: RehearsalResult) -> None:
        """Draw all; an error is added to `problems` and stands in the picture's place."""
        for name, drawer in _DRAWERS.items():
            try:
                self._drawn[name] = drawer(result)
            except Exception as exc:  # noqa: BLE001 -- reported in the page and by the command
                problem = f"the picture {name} could not be drawn: {type(exc).__name__}: {exc}"
                self.problems.append(problem)
                self._drawn[name] = f"<p>{html.escape(problem)}</p>"

    def html(self, name: str) -> str:
        """The picture; empty if there is nothing to show."""
        return self._drawn.get(name, "")
