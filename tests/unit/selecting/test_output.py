"""Numbers of a result."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from oss_emulator.selecting.output import expand, number

from tests.unit.selecting.cases import run


def test_sum_and_average_are_those_of_the_service() -> None:
    """Q-33: the frames of SDK V2's tests have these numbers of 287 rows"""
    data = b"6795.500000000003\n" + b"0\n" * 286
    sql = "select avg(cast(_1 as double)), sum(cast(_1 as double)) from ossobject"
    expected = b"23.6777003484320652560421788110965635717,6795.5000000000027284841053187847137451\n"
    assert run(sql, data).rows == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(-7), "-7"),
        (Fraction(1, 4), "0.25"),
        (Fraction(-1, 3), "-0.333333333333333333333333333333333333333"),
        (Fraction(10**40), str(10**40)),
        (Fraction(1, 10**50), "0." + "0" * 49 + "1"),
    ],
)
def test_digits_of_128_bits(value: Fraction, text: str) -> None:
    """Q-33"""
    assert expand(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (81.8, "81.8"),
        (2015.0, "2015"),
        (1e300, "1e+300"),
        (Decimal("1.500"), "1.5"),
        (Decimal("10"), "10"),
    ],
)
def test_number_has_the_fewest_digits(value: float | Decimal, text: str) -> None:
    assert number(value) == text
