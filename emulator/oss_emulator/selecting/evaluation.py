"""Makes functions that evaluate the expressions of a checked statement on a row.

A function takes the cells of a row. It returns None for NULL, and raises `BadRowError` for a value
of the wrong type (Q-41). Numbers are int in the range of 64 bits and float otherwise; together with
a decimal they are `Decimal`, if all of them have this form (Q-43).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from math import fmod
from typing import Any, Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.selecting import statement as ast
from oss_emulator.selecting.checking import fold, split_pattern, type_of
from oss_emulator.selecting.rows import Cells, Getter, JSONCells
from oss_emulator.selecting.statement import Aggregate, Projection, Type
from oss_emulator.selecting.values import (
    CAST,
    COMPARED,
    EXACT,
    EXACT_CONTEXT,
    NUMBER,
    TEXT,
    BadRowError,
    fits_integer,
    round_exact,
    timestamps_of,
    to_number,
)

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _quotient(left: int, right: int) -> int:
    """Divide and truncate (Q-43)."""
    found = abs(left) // abs(right)
    return found if (left < 0) == (right < 0) else -found


_ARITHMETIC: Final[Mapping[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]]] = {
    "+": (operator.add, operator.add),
    "-": (operator.sub, operator.sub),
    "*": (operator.mul, operator.mul),
    "/": (_quotient, operator.truediv),
    "%": (lambda left, right: left - right * _quotient(left, right), fmod),
}
"""The function of each operator for integers, and the one for doubles."""


class Evaluator:
    """Makes the functions of one statement."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def value(self, expression: ast.Expression, compared: ast.Type = ast.Type.STRING) -> Getter:
        """Evaluate any expression; a column without a cast is converted to the type `compared`."""
        match expression:
            case ast.Literal(value):
                return _constant(value)
            case ast.Column():
                return self._cells.reader(expression, COMPARED[compared])
            case ast.Cast(ast.Column() as column, ast.Type.TIMESTAMP, form):
                return self._cells.reader(column, {"s": timestamps_of(form)})
            case ast.Cast(ast.Column() as column, kind):
                return self._cells.reader(column, CAST[kind])
            case ast.Cast(_, ast.Type.DOUBLE):
                return self.number(expression)
            case ast.Cast(_, ast.Type.DECIMAL):
                return self.exact(expression) or _constant(None)
            case ast.Cast():
                return _constant(fold(expression))
            case ast.Negation() | ast.Arithmetic():
                return self.number(expression)
            case ast.Concatenation(left, right):
                return _both(self.value(left), self.value(right), operator.add)
            case _:
                return self.condition(expression)

    # Numbers

    def number(self, expression: ast.Expression) -> Getter:
        """Evaluate a number: int or float."""
        match expression:
            case ast.Literal(value):
                return _constant(float(value) if isinstance(value, Decimal) else value)
            case ast.Column():
                return self._cells.reader(expression, NUMBER)
            case ast.Cast(ast.Column() as column, ast.Type.DECIMAL):
                return _apply(float, self._cells.reader(column, CAST[ast.Type.DECIMAL]))
            case ast.Cast(ast.Literal(), kind):
                folded: Any = fold(expression)
                exact = folded is None or kind is ast.Type.INT
                return _constant(folded if exact else float(folded))
            case ast.Negation(operand):
                return _calculate("-", _constant(0), self.number(operand))
            case ast.Arithmetic(symbol, left, right):
                return _calculate(symbol, self.number(left), self.number(right))
            case _:
                return self.value(expression)

    def exact(self, expression: ast.Expression) -> Getter | None:
        """Evaluate a number as `Decimal`; None if an expression has no such form."""
        match expression:
            case (ast.Column() as column) | ast.Cast(ast.Column() as column, ast.Type.DOUBLE):
                return self._cells.reader(column, EXACT)
            case ast.Cast(ast.Column()):
                return _apply(Decimal, self.value(expression))
            case ast.Literal() | ast.Cast():
                value: Any = (
                    fold(expression) if isinstance(expression, ast.Cast) else expression.value
                )
                rounded = None if value is None else round_exact(value)
                return None if value is not None and rounded is None else _constant(rounded)
            case ast.Arithmetic(symbol, left, right) if type_of(expression) is ast.Type.DECIMAL:
                first, second = self.exact(left), self.exact(right)
                if first is None or second is None:
                    return None
                combined = _both(first, second, _EXACT[symbol])
                return lambda cells: (
                    None if (found := combined(cells)) is None else round_exact(found)
                )
            case _:
                return None

    # Conditions

    def condition(self, expression: ast.Expression) -> Getter:
        """Evaluate a condition: True, False, or None for NULL."""
        match expression:
            case ast.Connective(word, operands):
                return _connect([self.condition(each) for each in operands], settled=word == "or")
            case ast.Not(operand):
                return _apply(operator.not_, self.condition(operand))
            case ast.IsNull(ast.Column() as column):
                read = self._cells.reader(column, TEXT)
                return lambda cells: read(cells) is None
            case ast.IsNull(operand):
                read = self.value(operand)
                return lambda cells: read(cells) is None
            case ast.Compare(symbol, left, right):
                return self._compare(_COMPARE[symbol], left, right)
            case ast.Between(operand, low, high):
                least = self._compare(operator.ge, operand, low)
                return _connect([least, self._compare(operator.le, operand, high)], settled=False)
            case ast.In():
                return self._in(expression)
            case ast.Like(operand, ast.Literal(pattern), escape):
                match = _regular(str(pattern), escape).fullmatch
                return _apply(lambda text: match(text) is not None, self.value(operand))
            case _:
                return self.value(expression, ast.Type.BOOL)

    def _compare(
        self, compare: Callable[[Any, Any], bool], left: ast.Expression, right: ast.Expression
    ) -> Getter:
        kinds = {type_of(left), type_of(right)}
        if ast.Type.NULL in kinds:
            return _constant(None)
        kinds.discard(ast.Type.DYNAMIC)
        match left, right, self._cells:
            case ast.Column(), ast.Column(), JSONCells() as cells:
                return _compare_kinds(compare, cells.kind_reader(left), cells.kind_reader(right))
        if not any(kind.numeric for kind in kinds):
            compared = next(iter(kinds), ast.Type.STRING)
            return _both(self.value(left, compared), self.value(right, compared), compare)
        if ast.Type.DECIMAL in kinds:
            first, second = self.exact(left), self.exact(right)
            if first is not None and second is not None:
                return _both(first, second, compare)
        return _both(self.number(left), self.number(right), _of_numbers(compare))

    def _in(self, expression: ast.In) -> Getter:
        kinds = {type_of(each) for each in expression.values}
        if not any(kind.numeric for kind in kinds):
            read = self.value(expression.operand, next(iter(kinds)))
            return _member(read, [self.value(each) for each in expression.values])
        if ast.Type.DECIMAL in {type_of(expression.operand), *kinds}:
            exact = [self.exact(each) for each in (expression.operand, *expression.values)]
            readers = [each for each in exact if each is not None]
            if len(readers) == len(exact):
                return _member(readers[0], readers[1:])
        read = self.number(expression.operand)
        values = {self.number(each)(()) for each in expression.values}
        integers = {each for each in values if isinstance(each, int)}
        doubles, others = {float(each) for each in values}, {float(v) for v in values - integers}

        def find(value: float) -> bool:
            if isinstance(value, int):
                return value in integers or float(value) in others
            return value in doubles

        return _apply(find, read)


_EXACT: Final[Mapping[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": EXACT_CONTEXT.add,
    "-": EXACT_CONTEXT.subtract,
}


def _constant(value: object) -> Getter:
    return lambda cells: value


def _apply(convert: Callable[[Any], Any], read: Getter) -> Getter:
    """Convert a value; NULL stays NULL."""
    return lambda cells: None if (found := read(cells)) is None else convert(found)


def _both(left: Getter, right: Getter, combine: Callable[[Any, Any], Any]) -> Getter:
    """Combine two values; NULL if one of them is NULL."""

    def combined(cells: Any) -> Any:
        first, second = left(cells), right(cells)
        return None if first is None or second is None else combine(first, second)

    return combined


def _calculate(symbol: str, left: Getter, right: Getter) -> Getter:
    of_integers, of_doubles = _ARITHMETIC[symbol]
    divides = symbol in ("/", "%")

    def calculate(cells: Any) -> Any:
        first, second = left(cells), right(cells)
        if divides and second == 0:
            raise BadRowError
        if first is None or second is None:
            return None
        if isinstance(first, int) and isinstance(second, int):
            found = of_integers(first, second)
            if fits_integer(found):
                return found
        try:
            return of_doubles(float(first), float(second))
        except ValueError:  # the remainder of an infinite number
            return None

    return calculate


def _of_numbers(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Compare integers exactly, and other numbers as doubles."""

    def compare_numbers(first: float, second: float) -> bool:
        if isinstance(first, int) and isinstance(second, int):
            return compare(first, second)
        return compare(float(first), float(second))

    return compare_numbers


def _compare_kinds(compare: Callable[[Any, Any], bool], left: Getter, right: Getter) -> Getter:
    """Compare two values of JSON: numbers as numbers, strings and booleans as text."""
    of_numbers = _of_numbers(compare)

    def compare_kinds(cells: Any) -> Any:
        (kind, first), (other, second) = left(cells), right(cells)
        if not kind or not other:
            return None
        if kind != other or kind == "j":
            raise BadRowError
        if kind == "n":
            return of_numbers(to_number(first), to_number(second))
        return compare(first, second)

    return compare_kinds


def _connect(conditions: Sequence[Getter], *, settled: bool) -> Getter:
    """Evaluate AND or OR from the left until a value is `settled`, the final result (Q-41)."""

    def connect(cells: Any) -> bool | None:
        result: bool | None = not settled
        for condition in conditions:
            found: bool | None = condition(cells)
            if found is settled:
                return found
            if found is None:
                result = None
        return result

    return connect


def _member(read: Getter, constants: Sequence[Getter]) -> Getter:
    values = {each(()) for each in constants}
    return _apply(lambda value: value in values, read)


def _regular(pattern: str, escape: str) -> re.Pattern[str]:
    """Turn a pattern of LIKE into a regular expression (Q-42).

    The text after a wildcard is matched at its first place without backtracking, so matching takes
    time proportional to the text.
    """
    pieces = [""]
    for character, special in split_pattern(pattern, escape):
        if special and character != "?":
            pieces.append("")
        else:
            pieces[-1] += "." if special else re.escape(character)
    if len(pieces) > 1:
        first, *middle, last = pieces
        pieces = [first, *(f"(?>.*?{each})" for each in middle if each), f".*{last}"]
    return re.compile("".join(pieces), re.DOTALL)


class FunctionResult(NamedTuple):
    function: str
    value: int | float | Decimal | datetime | None
    """The result, for AVG the sum; None if no row has a value."""
    rows: int
    """The number of rows with a value."""


def _add(total: Any, value: Any) -> Any:
    if not isinstance(value, Decimal):
        return total + value
    found = round_exact(EXACT_CONTEXT.add(total, value))
    if found is None:
        message = "The statement cannot be calculated: a sum has too many digits."
        raise OSSError(ErrorCase.SQL_UNSUPPORTED_SQL, message)
    return found


_COMBINE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "avg": _add,
    "sum": _add,
    "max": max,
    "min": min,
    "count": _add,
}


class FunctionTotals:
    def __init__(self, projections: Sequence[Projection], evaluator: Evaluator) -> None:
        found = [each.expression for each in projections]
        functions = [each for each in found if isinstance(each, Aggregate)]
        self._functions = [each.function for each in functions]
        self._combine = [_COMBINE[name] for name in self._functions]
        self._arguments = [_argument(each, evaluator) for each in functions]
        self._totals: list[Any] = [None] * len(functions)
        self._counts = [0] * len(functions)

    def evaluate(self, _: object, cells: Any) -> list[Any]:
        """Return the argument of each function in a row; raises `BadRowError`."""
        return [argument(cells) for argument in self._arguments]

    def add(self, values: Sequence[Any]) -> None:
        """Add the values of an evaluated row; raises `SqlUnsupportedSql` if a sum is too large.

        Integers are added as integers until a double follows; doubles in the order of rows (Q-33).
        """
        for index, value in enumerate(values):
            if value is None:
                continue
            total = self._totals[index]
            if self._counts[index]:
                if isinstance(total, float) or isinstance(value, float):
                    total, value = float(total), float(value)
                value = self._combine[index](total, value)
            self._totals[index] = value
            self._counts[index] += 1

    def results(self) -> list[FunctionResult]:
        pairs = zip(self._functions, self._totals, self._counts, strict=True)
        return [
            FunctionResult(name, count if name == "count" else total, count)
            for name, total, count in pairs
        ]


def _argument(aggregate: Aggregate, evaluator: Evaluator) -> Getter:
    if aggregate.function == "count":
        return lambda cells: 1
    exact = type_of(aggregate.operand) in (Type.DECIMAL, Type.TIMESTAMP)
    return (evaluator.value if exact else evaluator.number)(aggregate.operand)
