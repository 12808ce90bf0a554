"""Expressions on rows, where the details of numbers, LIMIT and bad rows matter."""

from __future__ import annotations

import pytest

from tests.unit.selecting.cases import run

CONDITIONS: dict[str, bytes] = {
    "_1 / 2 = 3": b"7\n",
    "_1 / 2 = -3": b"-7\n",
    "_1 % 3 = 1": b"7\n",
    "_1 % 3 = -1": b"-7\n",
    "_1 + 9223372036854775807 >= 9223372036854775807": b"7\n",
    "_1 in (1, 7.0)": b"7\n",
    "_1 = cast('7' as decimal)": b"7\n",
    "_1 = null": b"",
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_integers_are_calculated_as_such(condition: str) -> None:
    """Q-43: a quotient is cut, also below zero, and a remainder has the sign of the dividend"""
    found = run(f"select _1 from ossobject where {condition}", b"7\n-7\n")
    assert (found.rows, found.end) == (CONDITIONS[condition], "")


def test_decimals_have_38_digits() -> None:
    """Q-43"""
    data = b"99999999999999999999.999999999999999998\n0.000000000000000001\n"
    sql = "select _1 from ossobject where cast(_1 as decimal) + 0.000000000000000001"
    assert run(f"{sql} = 99999999999999999999.999999999999999999", data).rows == data[:40]
    sql = "select sum(cast(_1 as decimal)) from ossobject"
    assert run(sql, data).rows == b"99999999999999999999.999999999999999999\n"


def test_sum_of_too_many_digits_is_refused() -> None:
    data = b"99999999999999999999\n" * 2
    found = run("select sum(cast(_1 as decimal)) from ossobject", data)
    assert found.code == "SqlUnsupportedSql"


def test_row_after_the_limit_is_not_bad() -> None:
    """Q-12: LIMIT ends reading"""
    found = run("select _1 from ossobject where _1 > 1 limit 1", b"5\nx\n")
    assert (found.rows, found.end, found.frames[-1].offset) == (b"5\n", "", 2)


def test_condition_without_columns_reads_the_object() -> None:
    """Q-12: the frames tell how far the object was read"""
    found = run("select count(*) from ossobject where 1 = 2", b"a\nb\n")
    assert (found.rows, found.frames[-1].offset) == (b"0\n", 4)


def test_value_that_decides_nothing_does_not_make_a_row_bad() -> None:
    """Q-41"""
    data = b"a,x\nb,1\n"
    found = run("select * from ossobject where _1 = 'b' and _2 = 1", data)
    assert (found.rows, found.end) == (b"b,1\n", "")
    found = run("select cast(_2 as int) from ossobject where _1 = 'b'", data)
    assert (found.rows, found.end) == (b"1\n", "")
    found = run("select * from ossobject where _2 = 1 and _1 = 'b'", data)
    assert found.code == "InvalidCsvLine"
