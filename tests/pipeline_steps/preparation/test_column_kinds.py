"""The kind that a column's cells suggest."""

from collections.abc import Sequence

import pytest

from pipeline_steps.preparation.column_kinds import kind_of_cells


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["01234", "99817", "60601"], "category"),
        (["01234", "99817", "", "?"], "category"),
        (["0042", "17", "1234567", "00099"], "category"),
        (["00", "01", "17"], "category"),
        (["+4917012345", "+3312345678"], "category"),
        (["+4917012345", "0301234567", "110"], "category"),
        (["0", "1", "17", "100"], "number"),
        (["007.5", "010.0"], "number"),
        (["-01", "02"], "number"),
        (["+5", "+12", "0"], "number"),
        (["+5.5", "-4"], "number"),
        ([*map(str, range(8, 90)), "05"], "number"),
        (["60601", "99817"], "number"),
    ],
)
def test_digits_with_zeros_before_them_and_telephone_numbers_are_categories(texts: Sequence[str], kind: str) -> None:
    assert kind_of_cells(texts) == kind
