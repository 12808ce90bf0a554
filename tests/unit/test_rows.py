"""The rows of a table that are one test."""

import pytest

from tests.rows import check_differences, rows


def test_all_failed_rows_are_reported() -> None:
    @rows("power", 1, 2)
    @rows(("base", "wanted"), (1, 1), (2, 2), (3, 9))
    def check(one: int, base: int, power: int, wanted: int) -> None:
        assert one == 1
        with pytest.raises(ZeroDivisionError):
            assert 1 / (base**power - wanted)

    with pytest.raises(BaseExceptionGroup, match="2 of 2 rows") as caught:
        check(one=1)
    notes = [error.__notes__ for group in caught.value.exceptions for error in group.exceptions]
    assert notes == [
        ["in the row {'base': 3, 'wanted': 9}"],
        ["in the row {'base': 2, 'wanted': 2}"],
    ]


def test_differences_are_reported_by_rows() -> None:
    check_differences({"equal": ()})
    with pytest.raises(pytest.fail.Exception) as caught:
        check_differences({"equal": (), "the site": ["ec: 1, was 2", "reason: a, was b"]})
    assert str(caught.value) == "the site: ec: 1, was 2\nthe site: reason: a, was b"
