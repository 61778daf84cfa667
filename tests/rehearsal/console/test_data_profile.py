import pytest

from rehearsal.console.pictures import data_profile


@pytest.mark.parametrize(
    ("edges", "shown"),
    [([9556.0, 9566.0, 9576.0], ["2026-03-01", "2026-03-11"]), ([9556.0, 9556.0], ["always 2026-03-01"])],
)
def test_a_datetime_is_drawn_over_dates(edges: list[float], shown: list[str]) -> None:
    column = {"name": "joined", "kind": "datetime", "histogram": {"edges": edges, "counts": [3] * (len(edges) - 1)}}
    picture = data_profile({"columns": [column]})
    assert [text for text in shown if text not in picture] == []
