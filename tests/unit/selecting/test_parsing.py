"""Statements as text."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.protocol.errors import OSSError
from oss_emulator.selecting.parsing import parse_statement
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

from tests.thorough import cases

A, B, C = Column(("a",)), Column(("b",)), Column(("c",))


def where(text: str) -> Expression:
    found = parse_statement(f"select * from ossobject s where {text}").where
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


@pytest.mark.parametrize("text", CONDITIONS)
def test_condition(text: str) -> None:
    assert where(text) == CONDITIONS[text]


def test_whole_statement() -> None:
    found = parse_statement("SELECT s.a AS x, max(s.b) FROM OSSObject.r[*].q[2] AS s LIMIT 7")
    assert found.projections == (Projection(A, "x"), Projection(Aggregate("max", B)))
    assert found.root == ("r", Wildcard.CHILD, "q", 2)
    assert (found.where, found.limit) == (None, 7)


def test_count_takes_a_star() -> None:
    assert parse_statement("select count( * ) from ossobject").projections[
        0
    ].expression == Aggregate("count", Star())


def test_key_may_be_a_word_of_sql() -> None:
    found = parse_statement("select s.from, key from ossobject s").projections
    assert [each.expression for each in found] == [Column(("from",)), Column(("key",))]


def test_walk_finds_everything_in_order() -> None:
    found = [each for each in walk(where("a + 1 = b or c in (2)")) if isinstance(each, Column)]
    assert found == [A, B, C]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("select", "the end"),
        ("select a", "the end"),
        ("select a from b", "'b', character 15"),
        ("select a from ossobject limit x", "'x', character 31"),
        ("select a from ossobject where a is 1", "'is', character 33"),
        ("select a,, b from ossobject", "',', character 10"),
        ("select # from ossobject", "character 8"),
        ("select a from ossobject where a = 'x", "character 35"),
    ],
)
def test_error_tells_the_place(text: str, place: str) -> None:
    with pytest.raises(OSSError, match=place) as raised:
        parse_statement(text)
    assert raised.value.code == "SqlSyntaxError"


@settings(max_examples=cases(20, 100), deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for sql in (text, f"select {text} from ossobject", f"select * from ossobject {text}"):
        with suppress(OSSError):
            parse_statement(sql)
