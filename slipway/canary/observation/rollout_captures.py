"""What is new among captured requests and their outcomes, poll by poll."""

import itertools
import logging
from dataclasses import dataclass

from slipway.canary.observation.captured_scores import CapturedScores, ReadNumbers
from slipway.canary.observation.captures import BLUE, GREEN
from slipway.canary.observation.counting import Fleets
from slipway.canary.observation.object_prefixes import (
    CHECKPOINT_PREFIX,
    OUTCOME_PREFIX,
    capture_folder,
    package_version,
)
from slipway.canary.observation.outcomes import JoinedOutcomes
from slipway.canary.observation.stored_objects import StoredObjects, complete_until, unread

_LOG = logging.getLogger(__name__)
_OBJECTS_A_POLL = 50
"""What is left is read at the next poll."""
_EARLIER_HOURS = 24
"""The old fleet's numbers are read from so long before a rollout."""


@dataclass(frozen=True)
class RolloutCaptures:
    """Each poll keeps what it has read, and what still waits, in an object of its own.

    Only the checkpoint of that poll names the object: where the checkpoint is lost, so is what was read for it.
    """

    objects: StoredObjects
    fleets: Fleets
    now: float

    def outcomes(
        self, known: str, *, since: float, horizon: float, positive_label: str | None
    ) -> tuple[JoinedOutcomes, str]:
        """What became due since the poll that wrote the object `known` ("": none), and the key of this poll's."""
        joined = JoinedOutcomes.from_json(self.objects.text(known)) if known else JoinedOutcomes(since)
        found = self.objects.written([self.fleets.variant], since=since)
        new, later = unread(found, joined.read, most=_OBJECTS_A_POLL)
        for arrived, key in new:
            text = self.objects.text(key)
            if not key.startswith(f"{OUTCOME_PREFIX}/"):
                joined.add_captures(text, self.fleets)
            elif malformed := joined.add_outcomes(text, arrived=arrived, positive_label=positive_label):
                _LOG.warning("%d lines of %s are no outcome; %d in all", malformed, key, joined.malformed)
        joined.count_due(horizon, until=complete_until(later, now=self.now))
        return joined, self._store(joined.to_json())

    def scores(self, known: str, numbers: ReadNumbers, *, since: float) -> tuple[CapturedScores, dict[str, float], str]:
        """What is counted so far, dispersions that became known, and the key of this poll's object."""
        scores = CapturedScores.from_json(self.objects.text(known)) if known else CapturedScores()
        folders = self._folders()
        if not known:
            self._read_earlier(scores, folders[BLUE], numbers, until=since)
        dispersions = scores.fix_ranks()
        found = [each for folder in folders.values() for each in self.objects.captured(folder, since=since)]
        for _, key in unread(sorted(found), scores.read, most=_OBJECTS_A_POLL)[0]:
            fleet = GREEN if key.startswith(folders[GREEN]) else BLUE
            scores.add(fleet, self.objects.text(key), numbers)
        scores.count_due()
        return scores, dispersions, self._store(scores.to_json())

    def _store(self, text: str) -> str:
        return self.objects.store(f"{CHECKPOINT_PREFIX}/{self.fleets.endpoint}/{self.fleets.config}", text.encode())

    def _read_earlier(self, scores: CapturedScores, folder: str, numbers: ReadNumbers, *, until: float) -> None:
        earlier = self.objects.captured_before(folder, until=until, hours=_EARLIER_HOURS)
        for _, key in itertools.islice(earlier, _OBJECTS_A_POLL):
            scores.read.append(key)
            if scores.add_earlier(self.objects.text(key), numbers):
                return

    def _folders(self) -> dict[str, str]:
        """Where each fleet captures: below its package's version; a shadow as a variant beside the live package."""
        fleets = self.fleets
        old, new = package_version(fleets.previous_package), package_version(fleets.package)
        beside = capture_folder(fleets.endpoint, fleets.shadow, old)
        green = beside if fleets.shadow else capture_folder(fleets.endpoint, fleets.variant, new)
        return {GREEN: green, BLUE: capture_folder(fleets.endpoint, fleets.variant, old)}
