from rehearsal.console.page_parts import number


def test_a_rounding_error_is_written_as_zero_and_a_small_number_is_not() -> None:
    assert [number(value) for value in (2.22e-16, -0.0, 3e-9, 0.5, 12345.6)] == [
        "0.0000",
        "0.0000",
        "3e-09",
        "0.5000",
        "1.235e+04",
    ]
