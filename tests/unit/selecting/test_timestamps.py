"""Timestamps in text: one text for each documented format."""

from __future__ import annotations

from datetime import datetime

import pytest
from oss_emulator.selecting import values

DAY = datetime(2017, 2, 28)
FULL = datetime(2017, 2, 28, 12, 30, 51)
MILLIS = datetime(2017, 2, 28, 12, 30, 51, 123000)

RECOGNISED = {
    "20121201": datetime(2012, 12, 1),
    "2017/02/28": DAY,
    "28/02/2017": DAY,
    "2017-02-28": DAY,
    "28-02-17": DAY,
    "28.02.17": DAY,
    "12:30:51.123": datetime(1970, 1, 1, 12, 30, 51, 123000),
    "12:30:51": datetime(1970, 1, 1, 12, 30, 51),
    "12 30 51 123": datetime(1970, 1, 1, 12, 30, 51, 123000),
    "12.30.51.123": datetime(1970, 1, 1, 12, 30, 51, 123000),
    "1230": datetime(1970, 1, 1, 12, 30),
    "123051123": datetime(1970, 1, 1, 12, 30, 51, 123000),
    "20170228 12:30:51.123": MILLIS,
    "2017/02/28 12:30:51.123": MILLIS,
    "28/02/2017 12:30:51.123": MILLIS,
    "20170228 12:30:51": FULL,
    "2017/02/28 12:30:51": FULL,
    "28/02/2017 12:30:51": FULL,
    "2017-02-28 12:30:51.123": MILLIS,
    "28-02-2017 12:30:51.123": MILLIS,
    "2017-02-28 12:30:51": FULL,
    "20170228T12:30:51": FULL,
    "20170228T12:30:51.123": MILLIS,
    "28-02-2017T12:30:51.123": MILLIS,
    "28-02-2017T12:30:51": FULL,
    "20170228T1230": FULL.replace(second=0),
    "20170228T123051": FULL,
    "20170228T123051123": MILLIS,
    "2017-02-28T12:30+08:00": datetime(2017, 2, 28, 4, 30),
    "2017-02-28T12:30:51-01:30": datetime(2017, 2, 28, 14, 0, 51),
    "28/Feb/2017:12:30:51 +0700": datetime(2017, 2, 28, 5, 30, 51),
    "Tue, 28 Feb 2017 12:30:51 GMT": FULL,
    "1/2/17": datetime(2017, 2, 1),
    "1/2/17 3:4": datetime(2017, 2, 1, 3, 4),
    "1/12/17 13:4:5": datetime(2017, 12, 1, 13, 4, 5),
}


@pytest.mark.parametrize("text", RECOGNISED)
def test_format_is_recognised(text: str) -> None:
    assert values.parse_timestamp(text) == RECOGNISED[text]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("20172802", "YYYYDDMM"),
        ("2017/28/02", "YYYY/DD/MM"),
        ("02/28/2017", "MM/DD/YYYY"),
        ("2017-28-02", "YYYY-DD-MM"),
        ("02-28-2017", "MM-DD-YYYY"),
        ("02.28.2017", "MM.DD.YYYY"),
    ],
)
def test_ambiguous_format_is_named(text: str, form: str) -> None:
    assert values.is_time_format(form)
    assert values.parse_timestamp(text, form) == DAY


@pytest.mark.parametrize(
    "text", ["", "soon", "2017-13-01", "2017-02-30", "99:99:99", "1/Foo/2017:00:00:00 Z", "9" * 99]
)
def test_other_text_is_no_timestamp(text: str) -> None:
    assert values.parse_timestamp(text) is None


def test_named_format_must_fit() -> None:
    assert values.parse_timestamp("2017-02-28", "YYYYMMDD") is None
    assert not values.is_time_format("YYYY")


def test_milliseconds_are_shown_if_there_are_some() -> None:
    assert values.format_timestamp(FULL) == "2017-02-28 12:30:51"
    assert values.format_timestamp(MILLIS) == "2017-02-28 12:30:51.123"
