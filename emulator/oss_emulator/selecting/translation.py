"""Translates a checked statement to SQL of DuckDB, with every constant as a bound parameter.

The SQL reads the table `rows`, which `columns` makes:

- `o`, `n` and `p`: the offset of the end of a row, its number, and whether it lacks a column
- `c0`: the value of column 0 as text, NULL if it is missing or null
- `k0`: its kind in JSON: `s` string, `n` number, `b` boolean, `j` object or array
- `r0`: the bytes to show for it; `row` those of the whole row, `w` the number of its columns
- `t0`: a timestamp of a column

It returns the rows that fit, and those with a value of another type than the statement needs, which
are `bad` (Q-41). AND and OR are evaluated from the left: what does not count is not bad.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.selecting.checking import fold, identity, split_pattern, type_of
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
    Negation,
    Not,
    SelectStatement,
    Type,
)

_DECIMAL: Final = "DECIMAL(38, 18)"
_SPACE: Final = " \t\r\n\f"

MACROS: Final = (
    rf"""
    CREATE MACRO to_integer(text) AS CASE
        WHEN regexp_full_match(text, '\s*[+-]?[0-9]+\s*')
        THEN TRY_CAST(trim(text, '{_SPACE}') AS BIGINT)
    END
    """,
    rf"""
    CREATE MACRO to_real(text) AS CASE
        WHEN regexp_full_match(text, '\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*')
        THEN TRY_CAST(trim(text, '{_SPACE}') AS DOUBLE)
    END
    """,
    f"CREATE MACRO to_exact(text) AS TRY_CAST(trim(text, '{_SPACE}') AS {_DECIMAL})",
)
"""What a translation calls. A cast of DuckDB alone would also read 0x1F, 1_000, 1.5 and inf."""

MAX_LENGTH: Final = 1024 * 1024
"""Characters of a translation (our choice; the service has a limit of its own)."""


class Stamp(NamedTuple):
    """A column that is read as timestamps."""

    column: int
    format: str


class Shown(NamedTuple):
    """A result of the statement: where the rows of DuckDB have it."""

    name: str
    """The name of the column in the rows: `r0`, `x0` …"""
    type: Type
    """DYNAMIC for the bytes of the object, which are shown as they are."""
    column: Column | None = None
    """The column that is shown or cast."""
    alias: str = ""
    function: str = ""
    """The aggregate function that takes it, "" for none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine runs and what the rows need."""

    sql: str
    parameters: Mapping[str, object]
    columns: tuple[Column, ...]
    evaluated: frozenset[int]
    """The columns whose values the SQL uses."""
    shown: tuple[Shown, ...]
    stamps: tuple[Stamp, ...]

    @property
    def projected(self) -> frozenset[int]:
        """The columns whose bytes are shown."""
        names = [each.name for each in self.shown if each.name != "row"]
        return frozenset(int(name[1:]) for name in names if name.startswith("r"))


@dataclass(frozen=True, slots=True)
class _Value:
    """A value in SQL, and the condition under which a row cannot have it.

    A number has several forms. `integer` is NULL where it is no integer of 64 bits; `real` is a
    double; `exact` is a decimal, for casts to decimal and what is compared with them.
    """

    sql: str = ""
    bad: str = ""
    integer: str = ""
    real: str = ""
    exact: str = ""


def translate(statement: SelectStatement, *, json: bool, all_columns: bool, partial: bool) -> Plan:
    """Translate a statement that `check` accepts; `partial`: rows that lack columns are bad."""
    return _Translator(json=json).translate(statement, all_columns=all_columns, partial=partial)


def _any(*conditions: str) -> str:
    found = [each for each in dict.fromkeys(conditions) if each]
    return " OR ".join(found) if len(found) < 2 else f"({' OR '.join(found)})"


@dataclass(slots=True)
class _Translator:
    """Writes SQL, and collects its parameters and columns."""

    json: bool
    parameters: dict[str, object] = field(default_factory=dict)
    columns: dict[tuple[object, ...], int] = field(default_factory=dict)
    paths: list[Column] = field(default_factory=list)
    evaluated: set[int] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    """The columns that are read as numbers."""
    stamps: list[Stamp] = field(default_factory=list)

    def translate(self, statement: SelectStatement, *, all_columns: bool, partial: bool) -> Plan:
        shown, bad, selected = [], [], ["o", "n"]
        for number, each in enumerate(statement.projections):
            if statement.star:
                shown.append(Shown("row", Type.DYNAMIC))
                selected.append("row")
            elif isinstance(each.expression, Aggregate):
                found = self._aggregate(each.expression, number, selected)
                bad.append(found.bad)
                kind = self._kind_of(each.expression)
                name = each.expression.function
                shown.append(Shown(f"x{number}", kind, None, each.alias, name))
            elif isinstance(each.expression, Column):
                index = self._index(each.expression)
                shown.append(Shown(f"r{index}", Type.DYNAMIC, each.expression, each.alias))
                selected.append(f"r{index}")
            else:
                found = self._value(each.expression)
                bad.append(found.bad)
                selected.append(f"{found.sql} AS x{number}")
                shown.append(self._shown_cast(each.expression, number, each.alias))
        if all_columns and not self.json:
            selected.append("w")
        where = self._condition(statement.where) if statement.where is not None else _Value("TRUE")
        fits = f"({where.sql}) IS TRUE"
        wrong = _any(where.bad, _both(fits, _any(*bad)))
        if partial:
            wrong = _any("p", _both("NOT p", wrong))
        wrong = f"coalesce({wrong}, FALSE)" if wrong else "FALSE"
        chosen = ", ".join(dict.fromkeys(selected))
        sql = (
            f"SELECT {chosen}, bad FROM (SELECT *, {wrong} AS bad, {fits} AS fits"  # noqa: S608
            f" FROM ({self._typed()})) WHERE bad OR fits"
        )
        if len(sql) > MAX_LENGTH:
            raise OSSError(ErrorCase.SQL_UNSUPPORTED_SQL, "The SQL statement is too complex.")
        used = set(re.findall(r"\$(v[0-9]+)\b", sql))
        return Plan(
            sql,
            {name: value for name, value in self.parameters.items() if name in used},
            tuple(self.paths),
            frozenset(self.evaluated),
            tuple(shown),
            tuple(self.stamps),
        )

    def _shown_cast(self, expression: Expression, number: int, alias: str) -> Shown:
        operand = expression.operand if isinstance(expression, Cast) else None
        column = operand if isinstance(operand, Column) else None
        return Shown(f"x{number}", type_of(expression), column, alias)

    def _kind_of(self, aggregate: Aggregate) -> Type:
        return Type.INT if aggregate.function == "count" else type_of(aggregate.operand)

    def _aggregate(self, aggregate: Aggregate, number: int, selected: list[str]) -> _Value:
        """Select the argument of an aggregate function, a number in two forms."""
        if aggregate.function == "count":
            return _Value()
        kind = type_of(aggregate.operand)
        if kind in (Type.DECIMAL, Type.TIMESTAMP):
            found = self._value(aggregate.operand)
            selected.append(f"{found.sql} AS x{number}")
            return found
        found = self._as(aggregate.operand, "number")
        integer = found.integer or "CAST(NULL AS BIGINT)"
        selected += [f"{integer} AS i{number}", f"{found.real} AS x{number}"]
        return found

    def _typed(self) -> str:
        """Return the rows with the columns that are read as numbers."""
        added = []
        for index in sorted(self.numbers):
            text = f"c{index}"
            if self.json:
                text = f"CASE WHEN k{index} IN ('s', 'n') THEN {text} END"
            added += [f"to_integer({text}) AS i{index}", f"to_real({text}) AS d{index}"]
        return f"SELECT {', '.join(['*', *added])} FROM rows"  # noqa: S608

    # Columns and constants

    def _index(self, column: Column) -> int:
        key = identity(column, json=self.json)
        if key not in self.columns:
            self.columns[key] = len(self.paths)
            self.paths.append(column)
        return self.columns[key]

    def _bind(self, value: object, kind: str) -> str:
        name = f"v{len(self.parameters)}"
        self.parameters[name] = value
        return f"CAST(${name} AS {kind})"

    def _constant(self, value: object) -> _Value:
        if value is None:
            null = "CAST(NULL AS {})".format
            return _Value("NULL", integer=null("BIGINT"), real=null("DOUBLE"), exact=null(_DECIMAL))
        if isinstance(value, bool):
            return _Value(self._bind(value, "BOOLEAN"))
        if isinstance(value, datetime):
            return _Value(self._bind(value, "TIMESTAMP"))
        if isinstance(value, int | Decimal):
            return self._number(value)
        return _Value(self._bind(value, "VARCHAR"))

    def _number(self, value: int | Decimal) -> _Value:
        real = self._bind(float(value), "DOUBLE")
        exact = ""
        if abs(Decimal(value)) < Decimal(10) ** 20:
            exact = self._bind(f"{Decimal(value):.18f}", _DECIMAL)
        if isinstance(value, int):
            integer = self._bind(value, "BIGINT")
            return _Value(integer, integer=integer, real=real, exact=exact)
        return _Value(real, real=real, exact=exact)

    def _as(self, expression: Expression, category: str) -> _Value:
        """Translate an expression; a column without a cast becomes what `category` names."""
        if not isinstance(expression, Column):
            return self._value(expression)
        index = self._index(expression)
        self.evaluated.add(index)
        return _READERS[category](self, index)

    def _as_string(self, index: int) -> _Value:
        text = f"c{index}"
        if not self.json:
            return _Value(text)
        sql = f"CASE WHEN k{index} = 's' THEN {text} END"
        return _Value(sql, bad=f"({text} IS NOT NULL AND k{index} <> 's')")

    def _as_number(self, index: int) -> _Value:
        self.numbers.add(index)
        text, real = f"c{index}", f"d{index}"
        exact = f"CASE WHEN {real} IS NOT NULL THEN to_exact({text}) END"
        bad = f"({text} IS NOT NULL AND {text} <> '' AND {real} IS NULL)"
        return _Value(real, bad, f"i{index}", real, exact)

    def _as_bool(self, index: int) -> _Value:
        text = f"c{index}"
        sql = f"CASE lower({text}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
        if self.json:
            sql = f"CASE WHEN k{index} IN ('b', 's') THEN {sql} END"
        return _Value(sql, bad=f"({text} IS NOT NULL AND {text} <> '' AND ({sql}) IS NULL)")

    def _as_timestamp(self, index: int, form: str = "") -> _Value:
        stamp = Stamp(index, form)
        if stamp not in self.stamps:
            self.stamps.append(stamp)
        self.evaluated.add(index)
        name, text = f"t{self.stamps.index(stamp)}", f"c{index}"
        return _Value(name, bad=f"({text} IS NOT NULL AND {text} <> '' AND {name} IS NULL)")

    # Values

    def _value(self, expression: Expression) -> _Value:
        match expression:
            case Literal(value):
                return self._constant(value)
            case Column():
                return self._as(expression, "string")
            case Cast(operand, kind, form):
                if isinstance(operand, Column):
                    return self._cast(operand, kind, form)
                return self._cast_constant(fold(expression), kind)
            case Negation(operand):
                found = self._as(operand, "number")
                return self._arithmetic("-", self._number(0), found, operand)
            case Arithmetic(operator, left, right):
                return self._arithmetic(
                    operator, self._as(left, "number"), self._as(right, "number"), expression
                )
            case Concatenation(left, right):
                first, second = self._as(left, "string"), self._as(right, "string")
                return _Value(f"({first.sql} || {second.sql})", _any(first.bad, second.bad))
            case _:
                return self._condition(expression)

    def _cast_constant(self, value: object, kind: Type) -> _Value:
        found = self._constant(value)
        if kind is Type.DOUBLE and value is not None:
            return _Value(found.real, real=found.real, exact=found.exact)
        if kind is Type.DECIMAL and value is not None:
            exact = found.exact or f"CAST(NULL AS {_DECIMAL})"
            return _Value(exact, real=found.real, exact=exact)
        return found

    def _cast(self, column: Column, kind: Type, form: str) -> _Value:
        index = self._index(column)
        self.evaluated.add(index)
        if kind is Type.STRING:
            return _Value(f"c{index}")
        if not kind.numeric:
            is_time = kind is Type.TIMESTAMP
            return self._as_timestamp(index, form) if is_time else self._as_bool(index)
        found = self._as_number(index)
        if kind is Type.DOUBLE:
            return _Value(found.real, found.bad, real=found.real, exact=found.exact)
        text = f"c{index}"
        if kind is Type.DECIMAL:
            bad = f"({text} IS NOT NULL AND {text} <> '' AND {found.exact} IS NULL)"
            return _Value(found.exact, bad, real=found.real, exact=found.exact)
        integer = found.integer
        if self.json:  # a number with a fraction is cut; text with one is no integer
            cut = f"CASE WHEN k{index} = 'n' THEN TRY_CAST(trunc({found.real}) AS BIGINT) END"
            integer = f"coalesce({integer}, {cut})"
        bad = f"({text} IS NOT NULL AND {text} <> '' AND {integer} IS NULL)"
        real = f"CAST({integer} AS DOUBLE)"
        exact = f"CAST({integer} AS {_DECIMAL})"
        return _Value(integer, bad, integer, real, exact)

    def _arithmetic(
        self, operator: str, left: _Value, right: _Value, expression: Expression
    ) -> _Value:
        bad = _any(left.bad, right.bad)
        divides = operator in ("/", "%")
        if divides:
            bad = _any(bad, f"({right.real} = 0)")
        divisor = f"nullif({right.real}, 0)" if divides else right.real
        real = f"TRY({left.real} {operator} {divisor})"
        integer = ""
        if left.integer and right.integer:
            whole = "//" if operator == "/" else operator
            integer = f"TRY({left.integer} {whole} {right.integer})"
        exact = ""
        if type_of(expression) is Type.DECIMAL and left.exact and right.exact:
            exact = f"TRY({left.exact} {operator} {right.exact})"
        return _Value(real, bad, integer, real, exact)

    # Conditions

    def _condition(self, expression: Expression) -> _Value:
        match expression:
            case Connective(operator, operands):
                return self._logic(operator, [self._condition(each) for each in operands])
            case Not(operand):
                found = self._condition(operand)
                return _Value(f"(NOT {found.sql})", found.bad)
            case IsNull(operand):
                return self._is_null(operand)
            case Compare(operator, left, right):
                return self._compare(operator, left, right)
            case Between(operand, low, high):
                least, most = self._compare(">=", operand, low), self._compare("<=", operand, high)
                return self._logic("and", [least, most])
            case In():
                return self._in(expression)
            case Like(operand, pattern, escape):
                assert isinstance(pattern, Literal)  # noqa: S101 - `check` refuses the rest
                found = self._as(operand, "string")
                bound = self._bind(_regular(str(pattern.value), escape), "VARCHAR")
                return _Value(f"regexp_full_match({found.sql}, {bound}, 's')", found.bad)
            case _:
                return self._as(expression, "bool")

    def _logic(self, operator: str, operands: list[_Value]) -> _Value:
        first, *others = operands
        settled = "FALSE" if operator == "and" else "TRUE"
        sql, bad = first.sql, first.bad
        for other in others:
            counts = _both(f"({sql}) IS NOT {settled}", other.bad) if other.bad else ""
            bad = _any(bad, counts)
            sql = f"({sql} {operator.upper()} {other.sql})"
        return _Value(sql, bad)

    def _is_null(self, operand: Expression) -> _Value:
        if isinstance(operand, Column):
            index = self._index(operand)
            self.evaluated.add(index)
            return _Value(f"(c{index} IS NULL)")
        found = self._value(operand)
        return _Value(f"({found.sql} IS NULL)", found.bad)

    def _compare(self, operator: str, left: Expression, right: Expression) -> _Value:
        kinds = {type_of(left), type_of(right)}
        if Type.NULL in kinds:
            return _Value("CAST(NULL AS BOOLEAN)")
        kinds -= {Type.DYNAMIC}
        if not kinds and self.json:
            return self._compare_columns(operator, left, right)
        if not any(kind.numeric for kind in kinds):
            category = str(next(iter(kinds), Type.STRING))
            first, second = self._as(left, category), self._as(right, category)
            return _Value(f"({first.sql} {operator} {second.sql})", _any(first.bad, second.bad))
        first, second = self._as(left, "number"), self._as(right, "number")
        sql = self._compare_numbers(operator, first, second, exact=Type.DECIMAL in kinds)
        return _Value(sql, _any(first.bad, second.bad))

    def _compare_numbers(self, operator: str, first: _Value, second: _Value, *, exact: bool) -> str:
        real = f"({first.real} {operator} {second.real})"
        if exact and first.exact and second.exact:
            return f"({first.exact} {operator} {second.exact})"
        if not (first.integer and second.integer):
            return real
        return (
            f"(CASE WHEN {first.integer} IS NOT NULL AND {second.integer} IS NOT NULL"
            f" THEN {first.integer} {operator} {second.integer} ELSE {real} END)"
        )

    def _compare_columns(self, operator: str, left: Expression, right: Expression) -> _Value:
        """Compare two values of JSON: numbers as such, strings and booleans as text."""
        first, second = self._as(left, "number"), self._as(right, "number")
        a, b = self._position(left), self._position(right)
        numbers = self._compare_numbers(operator, first, second, exact=False)
        sql = (
            f"(CASE WHEN k{a} = 'n' AND k{b} = 'n' THEN {numbers}"
            f" WHEN k{a} = k{b} THEN c{a} {operator} c{b} END)"
        )
        bad = f"(c{a} IS NOT NULL AND c{b} IS NOT NULL AND (k{a} <> k{b} OR k{a} = 'j'))"
        return _Value(sql, bad)

    def _position(self, expression: Expression) -> int:
        assert isinstance(expression, Column)  # noqa: S101 - only columns are dynamic
        return self._index(expression)

    def _in(self, expression: In) -> _Value:
        values = [self._value(each) for each in expression.values]
        kinds = {type_of(each) for each in expression.values}
        if not any(kind.numeric for kind in kinds):
            found = self._as(expression.operand, str(next(iter(kinds))))
            listed = ", ".join(each.sql for each in values)
            return _Value(f"({found.sql} IN ({listed}))", found.bad)
        found = self._as(expression.operand, "number")
        decimal = Type.DECIMAL in {type_of(expression.operand), *kinds}
        if decimal and found.exact and all(each.exact for each in values):
            listed = ", ".join(each.exact for each in values)
            return _Value(f"({found.exact} IN ({listed}))", found.bad)
        sql = f"{found.real} IN ({', '.join(each.real for each in values)})"
        integers = [each.integer for each in values if each.integer]
        if found.integer and integers:
            sql = (
                f"CASE WHEN {found.integer} IS NOT NULL"
                f" THEN {found.integer} IN ({', '.join(integers)}) ELSE {sql} END"
            )
        return _Value(f"({sql})", found.bad)


_READERS: Final[Mapping[str, Callable[[_Translator, int], _Value]]] = {
    "string": _Translator._as_string,  # noqa: SLF001 - the class is of this module
    "number": _Translator._as_number,  # noqa: SLF001
    "bool": _Translator._as_bool,  # noqa: SLF001
    "timestamp": _Translator._as_timestamp,  # noqa: SLF001
}


def _both(first: str, second: str) -> str:
    return f"({first} AND {second})" if first and second else ""


def _regular(pattern: str, escape: str) -> str:
    """Turn a pattern of LIKE into a regular expression, which RE2 matches in linear time."""
    pieces = []
    for character, special in split_pattern(pattern, escape):
        if special:
            pieces.append("." if character == "?" else ".*")
        elif character.isascii() and not character.isalnum():
            pieces.append(f"\\x{ord(character):02x}")
        else:
            pieces.append(character)
    return "".join(pieces)
