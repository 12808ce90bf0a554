"""A parsed SQL statement: frozen values that `parsing` makes and `evaluation` reads."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import TypeAlias


class Type(StrEnum):
    """The type of a value (Query objects, data types)."""

    STRING = "string"
    INT = "int"
    DOUBLE = "double"
    DECIMAL = "decimal"
    TIMESTAMP = "timestamp"
    BOOL = "bool"
    DYNAMIC = "dynamic"
    """A column without a cast: in CSV of the type that it is compared with, in JSON of its own."""
    NULL = "null"

    @property
    def numeric(self) -> bool:
        return self in (Type.INT, Type.DOUBLE, Type.DECIMAL)


class Wildcard(Enum):
    """The step `[*]` of a path."""

    CHILD = "*"


Step: TypeAlias = str | int | Wildcard
"""A key, the index of an element, or every child."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of CSV by its name or index (`_1`), or a path in a JSON node."""

    path: tuple[Step, ...]
    """Without the alias of the table; empty for the whole node."""


@dataclass(frozen=True, slots=True)
class Star:
    """`*`: all columns, or all rows of COUNT."""


@dataclass(frozen=True, slots=True)
class Cast:
    """`cast(operand as type)`."""

    operand: Expression
    type: Type
    format: str = ""
    """The format of a timestamp, "" for the formats that are recognised."""


@dataclass(frozen=True, slots=True)
class Negation:
    """`-operand`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left operator right`; the operator is `+`, `-`, `*`, `/` or `%`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Concatenation:
    """`left || right`."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Compare:
    """`left operator right`; the operator is `=`, `!=`, `<`, `<=`, `>` or `>=`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Connective:
    """Two or more conditions joined by AND or OR."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`NOT operand`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class IsNull:
    """`operand IS NULL`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class In:
    """`operand IN (values)`."""

    operand: Expression
    values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """`operand BETWEEN low AND high`."""

    operand: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class Like:
    """`operand LIKE pattern ESCAPE escape`."""

    operand: Expression
    pattern: Expression
    escape: str = ""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """AVG, SUM, MAX, MIN or COUNT."""

    function: str
    operand: Expression


Expression: TypeAlias = (
    Literal
    | Column
    | Star
    | Cast
    | Negation
    | Arithmetic
    | Concatenation
    | Compare
    | Connective
    | Not
    | IsNull
    | In
    | Between
    | Like
    | Aggregate
)


@dataclass(frozen=True, slots=True)
class Projection:
    """One result of SELECT."""

    expression: Expression
    alias: str = ""


@dataclass(frozen=True, slots=True)
class SelectStatement:
    projections: tuple[Projection, ...]
    root: tuple[Step, ...]
    """The path after FROM ossobject."""
    where: Expression | None
    limit: int | None

    @property
    def aggregates(self) -> bool:
        return isinstance(self.projections[0].expression, Aggregate)

    @property
    def columns(self) -> list[Column]:
        """All columns that the statement names."""
        expressions = [each.expression for each in self.projections]
        if self.where is not None:
            expressions.append(self.where)
        found = (each for expression in expressions for each in walk(expression))
        return [each for each in found if isinstance(each, Column)]


def children(expression: Expression) -> tuple[Expression, ...]:
    """Return the operands of an expression."""
    values = (getattr(expression, name) for name in expression.__slots__)
    parts = (part for each in values for part in (each if isinstance(each, tuple) else (each,)))
    return tuple(part for part in parts if isinstance(part, Expression))


def walk(expression: Expression) -> list[Expression]:
    """Return an expression and all nested expressions, in the order of the text."""
    found, waiting = [], [expression]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += reversed(children(current))
    return found


def column_of(expression: Expression) -> Column | None:
    """Return the column if an expression is a column, with or without a cast; else None."""
    operand = expression.operand if isinstance(expression, Cast) else expression
    return operand if isinstance(operand, Column) else None


def index_of(name: str) -> int | None:
    """Return the index, from 1, of a column such as `_3`; None for a name."""
    digits = name[1:]
    if not (name.startswith("_") and digits.isascii() and digits.isdigit()):
        return None
    return int(digits)
