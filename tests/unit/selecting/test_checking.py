"""Types of expressions, constants and patterns."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.select import Output
from oss_emulator.selecting.checking import check, fold, split_pattern, type_of
from oss_emulator.selecting.parsing import parse_statement
from oss_emulator.selecting.statement import Cast, Compare, Expression, Literal, Type


def value(text: str) -> Expression:
    condition = parse_statement(f"select * from ossobject where {text} = 1").where
    assert isinstance(condition, Compare)
    return condition.left


@pytest.mark.parametrize(
    ("text", "kind"),
    [
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
    ],
)
def test_type(text: str, kind: Type) -> None:
    """Q-43"""
    assert type_of(value(text)) is kind


@pytest.mark.parametrize(
    ("constant", "kind", "expected"),
    [
        ("12", Type.INT, 12),
        (Decimal("12.9"), Type.INT, 12),
        ("1.5", Type.DOUBLE, Decimal("1.5")),
        (7, Type.STRING, "7"),
        (True, Type.STRING, "true"),
        ("False", Type.BOOL, False),
        ("20121201", Type.TIMESTAMP, datetime(2012, 12, 1)),
        (None, Type.INT, None),
    ],
)
def test_constant_is_cast(
    constant: str | int | Decimal | None, kind: Type, expected: object
) -> None:
    assert fold(Cast(Literal(constant), kind)) == expected


@pytest.mark.parametrize(
    ("constant", "kind"),
    [
        ("x", Type.INT),
        ("NaN", Type.DOUBLE),
        ("1_0", Type.DECIMAL),
        ("9" * 20, Type.INT),
        ("1e9999999999999999999", Type.INT),
        (2, Type.BOOL),
    ],
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
    check(parse_statement(sql), Output(all_columns=all_columns), json=json)


@pytest.mark.parametrize(
    "where",
    [
        " or ".join(["_1 = 'a'"] * 20),
        "not (" * 9 + "_1 = 'a'" + ")" * 9,
        "_1 in (" + ",".join(["1"] * 1024) + ")",
        "_1 like '%a%b%c*d%!%' escape '!'",
        "_1 between cast('20120101' as timestamp) and cast('20130101' as timestamp)",
        "_1000 = 'a'",
    ],
)
def test_statement_at_a_limit_is_accepted(where: str) -> None:
    """Q-20"""
    accepts(f"select * from ossobject where {where}")


def test_one_cast_of_a_column_may_repeat() -> None:
    accepts("select cast(a as int) from ossobject where cast(A as INT) > 1")
    with pytest.raises(OSSError, match="SqlOneColumnCastToDifferentTypes"):
        accepts("select cast(a as int) from ossobject where cast(A as double) > 1")
    # Keys of JSON have a case.
    accepts("select cast(a as int) from ossobject where cast(A as double) > 1", json=True)


def test_json_is_aggregated_without_a_cast() -> None:
    accepts("select sum(a) from ossobject", json=True)


def test_key_may_be_a_star() -> None:
    accepts("select s['*'] from ossobject s", json=True)
