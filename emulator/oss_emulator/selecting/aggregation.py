"""AVG, SUM, MAX, MIN and COUNT of the rows that a statement finds."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.selecting.cells import Reader
from oss_emulator.selecting.checking import type_of
from oss_emulator.selecting.evaluation import Evaluator
from oss_emulator.selecting.statement import Aggregate, Projection, Type
from oss_emulator.selecting.values import EXACT_CONTEXT, round_exact


class FunctionResult(NamedTuple):
    """The result of one function."""

    function: str
    value: int | float | Decimal | datetime | None
    """The sum of an average; None if no row has a value."""
    rows: int
    """How many rows have one."""


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
    """The functions of a statement."""

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
        """Add a row that was evaluated; raises `SqlUnsupportedSql` for a sum that is too large.

        Integers are added as such until a double comes; doubles in the order of rows (Q-33).
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
        """Return the results of all rows that were added."""
        pairs = zip(self._functions, self._totals, self._counts, strict=True)
        return [
            FunctionResult(name, count if name == "count" else total, count)
            for name, total, count in pairs
        ]


def _argument(aggregate: Aggregate, evaluator: Evaluator) -> Reader:
    if aggregate.function == "count":
        return lambda cells: 1
    exact = type_of(aggregate.operand) in (Type.DECIMAL, Type.TIMESTAMP)
    return (evaluator.value if exact else evaluator.number)(aggregate.operand)
