"""Text that becomes a value."""

from __future__ import annotations

from decimal import Decimal
from math import inf

import pytest
from oss_emulator.selecting.values import (
    BadRowError,
    to_bool,
    to_decimal,
    to_exact,
    to_integer,
    to_number,
    to_whole,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("12", 12),
        (" -7\t", -7),
        ("+5", 5),
        ("9223372036854775807", (1 << 63) - 1),
        ("9223372036854775808", float(1 << 63)),
        ("1.5", 1.5),
        (".5", 0.5),
        ("3.", 3.0),
        ("1e2", 100.0),
        ("1e400", inf),
    ],
)
def test_number_is_an_integer_or_a_double(text: str, value: float | None) -> None:
    """Q-43"""
    found = to_number(text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    "text", ["x", "0x1F", "1_000", "inf", "NaN", "1,5", "١", "--1", "1 2", " "]
)
def test_text_that_is_no_number_is_bad(text: str) -> None:
    """Q-41: what Python alone would read is not read either"""
    for read in (to_number, to_integer, to_whole, to_exact):
        with pytest.raises(BadRowError):
            read(text)


def test_fraction_is_cut_or_bad() -> None:
    """Q-41"""
    assert to_whole("-2.9") == -2
    for text in ("1e400", "1e19"):
        with pytest.raises(BadRowError):
            to_whole(text)
    with pytest.raises(BadRowError):
        to_integer("1.0")


def test_decimal_has_20_and_18_digits() -> None:
    """Q-43"""
    assert to_decimal("1e2") == Decimal(100)
    assert str(to_decimal("0.1234567890123456785")) == "0.123456789012345679"
    assert to_exact("1e20") is None
    with pytest.raises(BadRowError):
        to_decimal("1e20")


def test_bool_has_two_words() -> None:
    assert (to_bool("TRUE"), to_bool("false"), to_bool("")) == (True, False, None)
    with pytest.raises(BadRowError):
        to_bool("1")
