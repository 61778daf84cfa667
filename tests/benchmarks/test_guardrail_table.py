"""What the benchmark of the judges tells."""

import pytest

from benchmarks import guardrail_table as table


@pytest.mark.parametrize(
    ("known", "least", "reason"),
    [(40.0, 30.0, table.OPEN), (60.0, 30.0, table.CLAIRVOYANT), (60.0, None, table.ANY_JUDGE)],
)
def test_a_goal_that_was_not_met_tells_who_could_have_met_it(known, least, reason):
    def told(judge, exposed):
        place = {"fault": "f", "requests_per_second": 1.0, "least_exposed": least}
        return {**place, "judge": judge, "exposed_median": exposed}

    rows = [told("sequential", 90.0), told("peer", 100.0), told("clairvoyant", known)]
    assert table._exposed_more(rows[:1], rows, "peer")["f at 1/s"].endswith(reason)
    assert table._exposed_more([told("sequential", 50.0)], rows, "peer") == {}
