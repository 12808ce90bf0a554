"""The SQL of SelectObject: its syntax, its checks and its values."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.select import Output
from oss_emulator.selecting import values as timestamps
from oss_emulator.selecting.checking import check, fold, split_pattern, type_of
from oss_emulator.selecting.parsing import parse_statement as parse
from oss_emulator.selecting.statement import (
    Aggregate,
    Arithmetic,
    Between,
    Cast,
    Column,
    Compare,
    Concatenation,
    Connective,
    Expression,
    In,
    IsNull,
    Like,
    Literal,
    Not,
    Projection,
    Star,
    Type,
    Wildcard,
    walk,
)
from oss_emulator.selecting.values import (
    BadRowError,
    to_bool,
    to_decimal,
    to_exact,
    to_integer,
    to_number,
    to_whole,
)

from tests.rows import read_cases, rows
from tests.thorough import cases
from tests.unit.selecting.cases import run

CASES = read_cases("unit.selecting")


# --- Statements as text

A, B, C = Column(("a",)), Column(("b",)), Column(("c",))


def where(text: str) -> Expression:
    found = parse(f"select * from ossobject s where {text}").where
    assert found is not None
    return found


CONDITIONS: dict[str, Expression] = {
    "a = 1 or b = 2 and not c = 3": Connective(
        "or",
        (
            Compare("=", A, Literal(1)),
            Connective("and", (Compare("=", B, Literal(2)), Not(Compare("=", C, Literal(3))))),
        ),
    ),
    "(a = 1 or b = 2) and true": Connective(
        "and",
        (
            Connective("or", (Compare("=", A, Literal(1)), Compare("=", B, Literal(2)))),
            Literal(True),
        ),
    ),
    "a + b * c > 1": Compare(">", Arithmetic("+", A, Arithmetic("*", B, C)), Literal(1)),
    "a || b <> 'it''s'": Compare("!=", Concatenation(A, B), Literal("it's")),
    "a between -1 and 2.5 and b is not null": Connective(
        "and", (Between(A, Literal(-1), Literal(Decimal("2.5"))), Not(IsNull(B)))
    ),
    "a not in (1, 'x')": Not(In(A, (Literal(1), Literal("x")))),
    "a like '%x' escape '!'": Like(A, Literal("%x"), "!"),
    "s.a is null": IsNull(A),
    "ossobject.a = null": Compare("=", A, Literal(None)),
    "s = 5": Compare("=", Column(()), Literal(5)),
    "s.x[0].'y z'['w'] = .5": Compare("=", Column(("x", 0, "y z", "w")), Literal(Decimal("0.5"))),
    'a = "b"': Compare("=", A, Literal("b")),
    "a >= 9223372036854775808": Compare(">=", A, Literal(Decimal(1 << 63))),
    "a >= -9223372036854775808": Compare(">=", A, Literal(-(1 << 63))),
    "cast(a as timestamp format 'YYYYDDMM') < cast('x' as STRING)": Compare(
        "<", Cast(A, Type.TIMESTAMP, "YYYYDDMM"), Cast(Literal("x"), Type.STRING)
    ),
}


@rows("text", *CONDITIONS)
def test_condition_is_parsed(text: str) -> None:
    assert where(text) == CONDITIONS[text]


def test_whole_statement_is_parsed() -> None:
    found = parse("SELECT s.a AS x, max(s.b) FROM OSSObject.r[*].q[2] AS s LIMIT 7")
    assert found.projections == (Projection(A, "x"), Projection(Aggregate("max", B)))
    assert found.root == ("r", Wildcard.CHILD, "q", 2)
    assert (found.where, found.limit) == (None, 7)


def test_count_takes_a_star() -> None:
    assert parse("select count( * ) from ossobject").projections[0].expression == Aggregate(
        "count", Star()
    )


def test_key_may_be_a_word_of_sql() -> None:
    found = parse("select s.from, key from ossobject s").projections
    assert [each.expression for each in found] == [Column(("from",)), Column(("key",))]


def test_walk_finds_everything_in_order() -> None:
    found = [each for each in walk(where("a + 1 = b or c in (2)")) if isinstance(each, Column)]
    assert found == [A, B, C]


@rows(("text", "place"), *CASES["error_tells_the_place"])
def test_error_tells_the_place(text: str, place: str) -> None:
    with pytest.raises(OSSError, match=place) as raised:
        parse(text)
    assert raised.value.code == "SqlSyntaxError"


@settings(max_examples=cases(20, 100), deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for sql in (text, f"select {text} from ossobject", f"select * from ossobject {text}"):
        with suppress(OSSError):
            parse(sql)


# --- Types of expressions, constants and patterns


def value(text: str) -> Expression:
    condition = parse(f"select * from ossobject where {text} = 1").where
    assert isinstance(condition, Compare)
    return condition.left


@rows(
    ("text", "kind"),
    ("'a'", Type.STRING),
    ("1", Type.INT),
    ("1.0", Type.DOUBLE),
    ("true", Type.BOOL),
    ("null", Type.NULL),
    ("_1", Type.DYNAMIC),
    ("cast(_1 as decimal)", Type.DECIMAL),
    ("1 + 2", Type.INT),
    ("1 + _1", Type.DOUBLE),
    ("cast(_1 as decimal) - 1", Type.DECIMAL),
    ("cast(_1 as decimal) * 1", Type.DOUBLE),
    ("-cast(_1 as int)", Type.INT),
    ("(_1 || 'a')", Type.STRING),
    ("(_1 = 1)", Type.BOOL),
)
def test_type_follows_from_the_operands(text: str, kind: Type) -> None:
    """Q-43"""
    assert type_of(value(text)) is kind


@rows(
    ("constant", "kind", "expected"),
    ("12", Type.INT, 12),
    (Decimal("12.9"), Type.INT, 12),
    ("1.5", Type.DOUBLE, Decimal("1.5")),
    (7, Type.STRING, "7"),
    (True, Type.STRING, "true"),
    ("False", Type.BOOL, False),
    ("20121201", Type.TIMESTAMP, datetime(2012, 12, 1)),
    (None, Type.INT, None),
)
def test_constant_is_cast(
    constant: str | int | Decimal | None, kind: Type, expected: object
) -> None:
    assert fold(Cast(Literal(constant), kind)) == expected


@rows(
    ("constant", "kind"),
    ("x", Type.INT),
    ("NaN", Type.DOUBLE),
    ("1_0", Type.DECIMAL),
    ("9" * 20, Type.INT),
    ("1e9999999999999999999", Type.INT),
    (2, Type.BOOL),
)
def test_constant_that_cannot_be_cast_is_refused(constant: str | int, kind: Type) -> None:
    with pytest.raises(OSSError, match="cannot be cast"):
        fold(Cast(Literal(constant), kind))


def test_pattern_tells_which_characters_are_special() -> None:
    """Q-42"""
    assert split_pattern("a%!%?_!x", "!") == [
        ("a", False),
        ("%", True),
        ("%", False),
        ("?", True),
        ("_", False),
        ("x", False),
    ]


def accepts(sql: str, *, json: bool = False, all_columns: bool = False) -> None:
    check(parse(sql), Output(all_columns=all_columns), json=json)


@rows(
    "where",
    " or ".join(["_1 = 'a'"] * 20),
    "not (" * 9 + "_1 = 'a'" + ")" * 9,
    "_1 in (" + ",".join(["1"] * 1024) + ")",
    "_1 like '%a%b%c*d%!%' escape '!'",
    "_1 between cast('20120101' as timestamp) and cast('20130101' as timestamp)",
    "_1000 = 'a'",
)
def test_statement_at_a_limit_is_accepted(where: str) -> None:
    """Q-20"""
    accepts(f"select * from ossobject where {where}")


def test_one_cast_of_a_column_may_repeat() -> None:
    accepts("select cast(a as int) from ossobject where cast(A as INT) > 1")
    with pytest.raises(OSSError, match="SqlOneColumnCastToDifferentTypes"):
        accepts("select cast(a as int) from ossobject where cast(A as double) > 1")
    # Keys of JSON are case-sensitive.
    accepts("select cast(a as int) from ossobject where cast(A as double) > 1", json=True)


def test_json_is_aggregated_without_a_cast() -> None:
    accepts("select sum(a) from ossobject", json=True)


def test_key_may_be_a_star() -> None:
    accepts("select s['*'] from ossobject s", json=True)


# --- Expressions on rows, where the details of numbers, LIMIT and bad rows matter

EVALUATED: dict[str, bytes] = {
    "_1 / 2 = 3": b"7\n",
    "_1 / 2 = -3": b"-7\n",
    "_1 % 3 = 1": b"7\n",
    "_1 % 3 = -1": b"-7\n",
    "_1 + 9223372036854775807 >= 9223372036854775807": b"7\n",
    "_1 in (1, 7.0)": b"7\n",
    "_1 = cast('7' as decimal)": b"7\n",
    "_1 = null": b"",
}


@rows("condition", *EVALUATED)
def test_integers_are_calculated_as_such(condition: str) -> None:
    """Q-43: a quotient is cut, also below zero, and a remainder has the sign of the dividend"""
    found = run(f"select _1 from ossobject where {condition}", b"7\n-7\n")
    assert (found.rows, found.end) == (EVALUATED[condition], "")


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


def test_bad_value_that_does_not_matter_is_ignored() -> None:
    """Q-41"""
    data = b"a,x\nb,1\n"
    found = run("select * from ossobject where _1 = 'b' and _2 = 1", data)
    assert (found.rows, found.end) == (b"b,1\n", "")
    found = run("select cast(_2 as int) from ossobject where _1 = 'b'", data)
    assert (found.rows, found.end) == (b"1\n", "")
    found = run("select * from ossobject where _2 = 1 and _1 = 'b'", data)
    assert found.code == "InvalidCsvLine"


# --- Timestamps in text: one text for each documented format

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


@rows("text", *RECOGNISED)
def test_format_is_recognised(text: str) -> None:
    assert timestamps.parse_timestamp(text) == RECOGNISED[text]


@rows(("text", "form"), *CASES["ambiguous_format_is_named"])
def test_ambiguous_format_is_named(text: str, form: str) -> None:
    assert timestamps.is_time_format(form)
    assert timestamps.parse_timestamp(text, form) == DAY


@rows("text", "", "soon", "2017-13-01", "2017-02-30", "99:99:99", "1/Foo/2017:00:00:00 Z", "9" * 99)
def test_other_text_is_not_a_timestamp(text: str) -> None:
    assert timestamps.parse_timestamp(text) is None


def test_named_format_must_fit() -> None:
    assert timestamps.parse_timestamp("2017-02-28", "YYYYMMDD") is None
    assert not timestamps.is_time_format("YYYY")


def test_milliseconds_are_shown_if_there_are_some() -> None:
    assert timestamps.format_timestamp(FULL) == "2017-02-28 12:30:51"
    assert timestamps.format_timestamp(MILLIS) == "2017-02-28 12:30:51.123"


# --- Texts that become values


@rows(
    ("text", "value"),
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
)
def test_number_is_an_integer_or_a_double(text: str, value: float | None) -> None:
    """Q-43"""
    found = to_number(text)
    assert (type(found), found) == (type(value), value)


@rows("text", "x", "0x1F", "1_000", "inf", "NaN", "1,5", "١", "--1", "1 2", " ")
def test_text_that_is_not_a_number_is_bad(text: str) -> None:
    """Q-41: texts that only Python would read are bad as well"""
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
