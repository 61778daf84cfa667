"""What the benchmark of the guardrails reports."""

import pytest

from benchmarks import guardrail_table as table


@pytest.mark.parametrize(
    ("known", "least", "reason"),
    [(40.0, 30.0, table.OPEN), (60.0, 30.0, table.CLAIRVOYANT), (60.0, None, table.ANY_METHOD)],
)
def test_a_goal_that_was_not_met_reports_who_could_have_met_it(known, least, reason):
    def row(method, exposed):
        place = {"fault": "f", "requests_per_second": 1.0, "least_exposed": least}
        return {**place, "method": method, "exposed_median": exposed}

    rows = [row("sequential", 90.0), row("peer", 100.0), row("clairvoyant", known)]
    assert table._exposed_more(rows[:1], rows, "peer")["f at 1/s"].endswith(reason)
    assert table._exposed_more([row("sequential", 50.0)], rows, "peer") == {}
