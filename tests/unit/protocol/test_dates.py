"""Dates on the wire, parsed and formatted."""

import hypothesis.strategies as st
import pytest
from hypothesis import given
from oss_emulator.protocol import dates

SECONDS = st.integers(0, 4_102_444_800)


@given(SECONDS)
def test_formatted_dates_are_parsed_again(second: int) -> None:
    assert dates.parse_http(dates.format_http(second)) == second
    assert dates.parse_iso(dates.format_iso(second)) == second


def test_latest_date_is_parsed_again() -> None:
    assert dates.parse_iso(dates.format_iso(dates.LATEST)) == dates.LATEST
    assert dates.parse_iso("9999-12-31T23:59:59Z") == dates.LATEST


def test_dates_are_formatted_exactly() -> None:  # P-31
    assert dates.format_http(1_330_668_468.9) == "Fri, 02 Mar 2012 06:07:48 GMT"
    assert dates.format_iso(1_330_668_468.9) == "2012-03-02T06:07:48.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2012",
        "Fri, 99 Mar 2012 06:07:48 GMT",
        "0",
        "9999-12-31T23:59:60Z",  # a leap second of the next year, which could not be read again
    ],
)
def test_invalid_date_is_none(text: str) -> None:
    assert dates.parse_http(text) is None
    assert dates.parse_iso(text) is None
