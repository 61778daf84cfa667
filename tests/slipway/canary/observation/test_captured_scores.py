"""Servers that publish no scores: the numbers in their captured responses, counted for both fleets alike."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from slipway.canary.observation.captured_scores import CapturedScores
from slipway.canary.observation.captures import BLUE, GREEN, captured_responses
from slipway.canary.observation.score_ranks import Ranks
from tests.slipway.canary.observation.fleets import NOON


def numbers(body: bytes) -> Sequence[float]:
    return [float(line) for line in body.decode().split()]


def lines(*bodies: str, at: float = 0.0, encoding: str = "CSV") -> str:
    """Captured responses, a second each from `at` on."""
    records: list[dict[str, Any]] = [
        {
            "captureData": {"endpointOutput": {"data": body, "encoding": encoding}},
            "eventMetadata": {
                "eventId": f"{at + number}-{body}",
                "inferenceTime": datetime.fromtimestamp(NOON + at + number, UTC).isoformat(),
            },
        }
        for number, body in enumerate(bodies)
    ]
    return "\n".join(json.dumps(record) for record in records)


def ranked(earlier: Sequence[float] = range(1000)) -> CapturedScores:
    """After the old fleet's numbers from before the rollout."""
    scores = CapturedScores()
    scores.add_earlier(lines(*map(str, earlier), at=-2000), numbers)
    scores.fix_ranks()
    return scores


def shares(ranks: Ranks, given: Sequence[float | None]) -> tuple[float, float]:
    upper, outside = zip(*(ranks.hits(number) for number in given), strict=True)
    return sum(upper) / len(upper), sum(outside) / len(outside)


@pytest.mark.parametrize("scale", [1.0, -1e6])
@pytest.mark.parametrize("distinct", [1, 3, 1000])
def test_of_the_numbers_that_made_the_ranks_half_are_above_and_a_fifth_outside_however_many_tie(
    distinct: int, scale: float
) -> None:
    given = [scale * (number % distinct) for number in range(1000)]
    assert shares(Ranks.of(given), given) == pytest.approx((0.5, 0.2), abs=0.002)


def test_a_response_without_a_number_lies_outside() -> None:
    assert shares(Ranks.of(range(1000)), [None]) == (0.5, 1.0)


def test_both_fleets_are_counted_from_the_new_ones_first_response_to_the_last_second_that_both_have() -> None:
    scores = ranked()
    scores.add(BLUE, lines("800", "200", "800", "200", "850"), numbers)
    scores.count_due()
    assert scores.totals()["upper half"].empty
    scores.add(GREEN, lines("500000", "200", at=2), numbers)
    again = CapturedScores.from_json(scores.to_json())
    again.count_due()
    found = {name: vars(counts) for name, counts in again.totals().items()}
    assert found == {
        "upper half": {"green_requests": 2, "green_hits": 1, "blue_requests": 2, "blue_hits": 1},
        "tails": {"green_requests": 2, "green_hits": 1, "blue_requests": 2, "blue_hits": 0},
    }
    again.add(GREEN, lines("200", at=4), numbers)
    again.count_due()
    assert again.totals()["upper half"].blue_hits == 2


def test_one_row_of_each_request_counts_whichever_a_client_sorts_first() -> None:
    scores = ranked()
    for fleet in (GREEN, BLUE):
        scores.add(fleet, lines(*["1 999"] * 400), numbers)
    scores.count_due()
    upper = scores.totals()["upper half"]
    assert upper.green_requests == 400
    assert upper.green_hits == pytest.approx(200, abs=40)


def test_without_earlier_numbers_the_old_fleets_first_ones_make_the_ranks_and_count_no_more() -> None:
    scores = CapturedScores()
    scores.add(BLUE, lines(*map(str, range(300))), numbers)
    scores.add(GREEN, lines(*map(str, range(100))), numbers)
    scores.fix_ranks()
    assert scores.ranks
    scores.count_due()
    assert scores.totals()["upper half"].empty


def test_numbers_that_come_in_bursts_are_known_for_it() -> None:
    rng, scores = random.Random(3), CapturedScores()  # noqa: S311
    burst = [str(rng.choice((1, 999)) + rng.random()) for _ in range(100) for _ in range(10)]
    scores.add_earlier(lines(*(body for body in burst for _ in range(1))), numbers)
    assert scores.fix_ranks()["upper half"] < 3
    scores = CapturedScores()
    scores.add_earlier(lines(*(body for body in burst[::10] for _ in range(10))), numbers)
    assert scores.fix_ranks()["upper half"] > 4


def test_responses_are_read_as_they_were_sent_and_lines_that_are_none_lose_no_other() -> None:
    text = "\n".join([lines("MC41", encoding="BASE64"), "{", json.dumps({"eventMetadata": {}}), lines("0.25", at=1)])
    assert [(at - NOON, body) for _, at, body in captured_responses("\ufeff" + text)] == [(0, b"0.5"), (1, b"0.25")]
