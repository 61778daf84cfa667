"""The pictures of one report: those that the evidence allows."""

import html
from collections.abc import Callable, Mapping

from rehearsal.console import pictures
from rehearsal.journey.evidence import Evidence

_DRAWERS: Mapping[str, Callable[[Evidence], str]] = {
    "traffic": lambda evidence: pictures.traffic_split(
        evidence.fleets, evidence.rollouts, started=evidence.started, ended=evidence.started + evidence.seconds
    ),
    "roc": lambda evidence: pictures.roc(evidence.evaluation) if evidence.evaluation else "",
    "confusion": lambda evidence: pictures.confusion_matrix(evidence.evaluation) if evidence.evaluation else "",
    "tuning": lambda evidence: pictures.tuning_history(evidence.trials) if evidence.trials else "",
    "profile": lambda evidence: pictures.data_profile(evidence.profile) if evidence.profile else "",
}
PICTURES = tuple(_DRAWERS)


class Pictures:
    """What was drawn, and what could not be: a picture is not worth the report."""

    def __init__(self) -> None:
        self._drawn: dict[str, str] = {}
        self.problems: list[str] = []

    def draw(self, evidence: Evidence) -> None:
        """Draw all; what fails is in `problems` and in the picture's place."""
        for name, drawer in _DRAWERS.items():
            try:
                self._drawn[name] = drawer(evidence)
            except Exception as exc:  # noqa: BLE001 -- told in the page, by the command, and by the benchmark's tests
                problem = f"the picture {name} could not be drawn: {type(exc).__name__}: {exc}"
                self.problems.append(problem)
                self._drawn[name] = f"<p>{html.escape(problem)}</p>"

    def html(self, name: str) -> str:
        """The picture; empty where there is nothing to show."""
        return self._drawn.get(name, "")
