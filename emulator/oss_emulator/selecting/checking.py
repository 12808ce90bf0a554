"""Checks a statement for what the service refuses, before any row is read.

Limits are those of "Limits on SQL statements", codes those of "ErrorCode" (SelectObject). Whether a
CSV object has a column of a name is known only when its header was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import Output
from oss_emulator.selecting import timestamps
from oss_emulator.selecting.statement import (
    Aggregate,
    Arithmetic,
    Between,
    Cast,
    Column,
    Compare,
    Concatenation,
    Connective,
    Every,
    Expression,
    In,
    IsNull,
    Like,
    Literal,
    Negation,
    Not,
    SelectStatement,
    Star,
    Type,
    children,
    walk,
)

MAX_COLUMNS: Final = 1000
MAX_CONDITIONS: Final = 20
MAX_DEPTH: Final = 10
MAX_AGGREGATES: Final = 100
MAX_VALUES: Final = 1024
"""Values of IN."""
MAX_WILDCARDS: Final = 5
"""Wildcards of LIKE."""
MAX_LEVELS: Final = 100
"""Operators within each other, so that a translation needs little stack (our choice)."""

WILDCARDS: Final = "%*"
SPECIAL: Final = "%*?"
"""The characters of a pattern that stand for others."""


def check(statement: SelectStatement, output: Output, *, json: bool) -> None:
    """Raise the error of the first thing that the service refuses."""
    expressions = [each.expression for each in statement.projections]
    where = [statement.where] if statement.where is not None else []
    for expression in (*expressions, *where):
        _check_levels(expression)
    if statement.root and not json:
        raise _error(ErrorCase.TABLE_ROOT_NODE_ONLY_SUPPORT_IN_JSON, "A CSV object has no nodes.")
    everything = [found for each in (*expressions, *where) for found in walk(each)]
    for column in everything:
        if isinstance(column, Column):
            _check_column(column, json=json)
    _check_casts(everything, json=json)
    for expression in expressions:
        _check_projection(expression, json=json)
    _check_mix(expressions)
    if output.all_columns and not json:
        _check_all_columns(expressions)
    if statement.where is not None:
        _check_where(statement.where)


def type_of(expression: Expression) -> Type:
    """Return the type of the value of an expression."""
    match expression:
        case Literal(value):
            return _type_of_value(value)
        case Column():
            return Type.DYNAMIC
        case Cast():
            return expression.type
        case Negation(operand):
            return Type.INT if type_of(operand) is Type.INT else Type.DOUBLE
        case Arithmetic(operator, left, right):
            kinds = {type_of(left), type_of(right)}
            if kinds == {Type.INT}:
                return Type.INT
            exact = Type.DECIMAL in kinds and operator in ("+", "-")
            return Type.DECIMAL if exact else Type.DOUBLE
        case Concatenation():
            return Type.STRING
        case Aggregate() | Star():
            return Type.DOUBLE
        case _:
            return Type.BOOL


def _type_of_value(value: object) -> Type:
    if value is None:
        return Type.NULL
    for kind, found in ((bool, Type.BOOL), (int, Type.INT), (Decimal, Type.DOUBLE)):
        if isinstance(value, kind):
            return found
    return Type.STRING


def is_constant(expression: Expression) -> bool:
    """Return whether an expression is a literal, perhaps cast."""
    operand = expression.operand if isinstance(expression, Cast) else expression
    return isinstance(operand, Literal)


def identity(column: Column, *, json: bool) -> tuple[object, ...]:
    """Return what two columns have in common if they are the same; CSV ignores case (Q-32)."""
    return column.path if json else tuple(str(step).lower() for step in column.path)


def _error(code: ErrorCase, message: str) -> OSSError:
    return OSSError(code, message)


def _check_levels(expression: Expression) -> None:
    level, waiting = 0, [expression]
    while waiting:
        level += 1
        waiting = [child for each in waiting for child in children(each)]
        if level > MAX_LEVELS:
            message = f"The SQL statement has more than {MAX_LEVELS} levels."
            raise _error(ErrorCase.SQL_UNSUPPORTED_SQL, message)


def _check_column(column: Column, *, json: bool) -> None:
    path = column.path
    if json:
        if Every.CHILD in path:
            message = "The wildcard [*] is allowed only after FROM."
            raise _error(ErrorCase.WILD_CARD_NOT_ALLOWED, message)
        return
    if len(path) != 1 or not isinstance(path[0], str):
        message = "A column of a CSV object has no path."
        raise _error(ErrorCase.NESTED_COLUMN_NOT_SUPPORT_IN_CSV, message)
    index = index_of(path[0])
    if index is not None and not 1 <= index <= MAX_COLUMNS:
        message = f"The index of column {path[0]} must be from 1 to {MAX_COLUMNS}."
        raise _error(ErrorCase.SQL_INVALID_COLUMN_INDEX, message)


def index_of(name: str) -> int | None:
    """Return the index that `_3` names, counted from 1; None for a name."""
    digits = name[1:]
    if not (name.startswith("_") and digits.isascii() and digits.isdigit()):
        return None
    return int(digits[:9])


def _check_casts(everything: Iterable[Expression], *, json: bool) -> None:
    types: dict[tuple[object, ...], tuple[Type, str]] = {}
    for cast in everything:
        if not isinstance(cast, Cast):
            continue
        if cast.format and not timestamps.is_supported(cast.format):
            message = f"The format {cast.format} of a timestamp is not supported."
            raise _error(ErrorCase.SQL_NOT_SUPPORTED_TIMESTAMP_FORMAT, message)
        if isinstance(cast.operand, Column):
            found = (cast.type, cast.format)
            if types.setdefault(identity(cast.operand, json=json), found) != found:
                message = "One column is cast to different types."
                raise _error(ErrorCase.SQL_ONE_COLUMN_CAST_TO_DIFFERENT_TYPES, message)
        elif isinstance(cast.operand, Literal):
            fold(cast)
        else:
            raise _error(ErrorCase.SQL_SYNTAX_ERROR, "CAST takes a column or a constant.")


def _check_projection(expression: Expression, *, json: bool) -> None:
    match expression:
        case Star() | Column() | Cast():
            return
        case Aggregate(function, operand):
            if function != "count":
                _check_aggregate(function, operand, json=json)
        case _:
            message = "SELECT takes columns, aggregate functions and CAST."
            raise _error(ErrorCase.SQL_SYNTAX_ERROR, message)


def _check_aggregate(function: str, operand: Expression, *, json: bool) -> None:
    if isinstance(operand, Cast) and isinstance(operand.operand, Column):
        kind = operand.type
    elif isinstance(operand, Column):
        # Columns of CSV are strings (Query objects, data types); in JSON the value tells.
        kind = Type.DYNAMIC if json else Type.STRING
    else:
        raise _error(
            ErrorCase.SQL_SYNTAX_ERROR, f"{function.upper()} takes a column, perhaps cast."
        )
    if kind is Type.TIMESTAMP and function in ("sum", "avg"):
        message = f"{function.upper()} does not take timestamps."
        raise _error(ErrorCase.SQL_INVALID_AGGREGATION_ON_TIMESTAMP, message)
    if not (kind.numeric or kind in (Type.DYNAMIC, Type.TIMESTAMP)):
        message = f"{function.upper()} takes numbers; cast the column to int, double or decimal."
        raise _error(ErrorCase.SQL_AGGREGATION_ON_NON_NUMERIC_TYPE, message)


def _check_mix(expressions: list[Expression]) -> None:
    aggregates = sum(isinstance(each, Aggregate) for each in expressions)
    if any(isinstance(each, Star) for each in expressions) and len(expressions) > 1:
        message = "SELECT has * and columns."
        raise _error(ErrorCase.SQL_INVALID_MIX_OF_STAR_AND_COLUMN, message)
    if aggregates not in (0, len(expressions)):
        message = "SELECT has aggregate functions and columns."
        raise _error(ErrorCase.SQL_INVALID_MIX_OF_AGGREGATION_AND_COLUMN, message)
    if aggregates > MAX_AGGREGATES:
        message = f"SELECT has more than {MAX_AGGREGATES} aggregate functions."
        raise _error(ErrorCase.SQL_EXCEEDS_MAX_AGGREGATION_COUNT, message)
    if len(expressions) > MAX_COLUMNS:
        raise _error(ErrorCase.SQL_UNSUPPORTED_SQL, f"SELECT has more than {MAX_COLUMNS} columns.")


def _check_all_columns(expressions: list[Expression]) -> None:
    if any(isinstance(each, Aggregate) for each in expressions):
        message = "KeepAllColumns excludes aggregate functions."
        raise _error(ErrorCase.SQL_INVALID_KEEP_ALL_COLUMNS_WITH_AGGREGATION, message)
    if any(is_constant(each) for each in expressions):
        raise _error(ErrorCase.SQL_UNSUPPORTED_SQL, "KeepAllColumns excludes constants.")
    columns = Counter(
        identity(found, json=False)
        for each in expressions
        for found in walk(each)
        if isinstance(found, Column)
    )
    if any(count > 1 for count in columns.values()):
        message = "KeepAllColumns excludes a column that is selected twice."
        raise _error(ErrorCase.SQL_INVALID_KEEP_ALL_COLUMNS_WITH_DUPLICATE_COLUMN, message)


# Conditions


def _check_where(where: Expression) -> None:
    everything = walk(where)
    if any(isinstance(each, Aggregate | Star) for each in everything):
        raise _error(ErrorCase.SQL_SYNTAX_ERROR, "WHERE has no aggregate functions.")
    conditions = sum(
        isinstance(each, Compare | In | Between | Like | IsNull) for each in everything
    )
    if conditions > MAX_CONDITIONS:
        message = f"WHERE has more than {MAX_CONDITIONS} conditions."
        raise _error(ErrorCase.SQL_EXCEEDS_MAX_CONDITION_COUNT, message)
    if _depth(where) > MAX_DEPTH:
        message = f"The conditions of WHERE have more than {MAX_DEPTH} levels."
        raise _error(ErrorCase.SQL_EXCEEDS_MAX_CONDITION_DEPTH, message)
    for each in everything:
        _check_condition(each)
    if type_of(where) not in (Type.BOOL, Type.DYNAMIC):
        raise _error(ErrorCase.SQL_SYNTAX_ERROR, "WHERE takes a condition.")


def _depth(expression: Expression) -> int:
    """Count the levels of AND, OR and NOT, and the conditions below them."""
    if isinstance(expression, Connective | Not):
        return 1 + max(map(_depth, children(expression)))
    return 1


_LOGIC: Final = {
    "and": ErrorCase.SQL_INVALID_AND_OPERAND,
    "or": ErrorCase.SQL_INVALID_OR_OPERAND,
}


def _check_condition(expression: Expression) -> None:
    match expression:
        case Connective(operator, operands):
            for operand in operands:
                _check_bool(operand, _LOGIC[operator], operator)
        case Not(operand):
            _check_bool(operand, ErrorCase.SQL_INVALID_NOT_OPERAND, "not")
        case Compare(operator, left, right):
            code = ErrorCase.SQL_COMPARER_OPERAND_TYPE_MISMATCH
            _check_same((left, right), code, f"The operator {operator} compares")
        case Between(operand, low, high):
            code = ErrorCase.SQL_OPERATION_APPLIED_TO_DIFFERENT_TYPES
            _check_same((operand, low, high), code, "BETWEEN compares")
        case Arithmetic(operator, left, right):
            for operand in (left, right):
                _check_number(operand, operator)
        case Negation(operand):
            _check_number(operand, "-")
        case Concatenation(left, right):
            _check_concatenation(left, right)
        case IsNull(operand) if is_constant(operand):
            raise _error(ErrorCase.SQL_INVALID_IS_NULL_OPERAND, "IS NULL takes a column.")
        case In():
            _check_in(expression)
        case Like():
            _check_like(expression)


def _check_bool(operand: Expression, code: ErrorCase, operator: str) -> None:
    if type_of(operand) not in (Type.BOOL, Type.DYNAMIC):
        raise _error(code, f"{operator.upper()} takes conditions.")


def _check_number(operand: Expression, operator: str) -> None:
    kind = type_of(operand)
    if not (kind.numeric or kind is Type.DYNAMIC):
        message = f"The operator {operator} takes numbers and columns."
        raise _error(ErrorCase.INVALID_ARITHMETIC_OPERAND, message)


def category(kind: Type) -> str:
    """Return the category that types must share to be compared; "" for a type that adapts."""
    if kind in (Type.DYNAMIC, Type.NULL):
        return ""
    return "number" if kind.numeric else str(kind)


def _check_same(operands: Iterable[Expression], code: ErrorCase, subject: str) -> None:
    kinds = {category(type_of(each)) for each in operands} - {""}
    if len(kinds) > 1:
        raise _error(code, f"{subject} values of the types {' and '.join(sorted(kinds))}.")


def _check_concatenation(left: Expression, right: Expression) -> None:
    kinds = {type_of(left), type_of(right)}
    if is_constant(left) and is_constant(right):
        raise _error(ErrorCase.SQL_INVALID_CONCAT_OPERAND, "The operator || joins two constants.")
    if not kinds <= {Type.STRING, Type.DYNAMIC}:
        raise _error(
            ErrorCase.SQL_INVALID_CONCAT_OPERAND, "The operator || takes strings and columns."
        )


def _check_in(expression: In) -> None:
    operand, values = expression.operand, expression.values
    if len(values) > MAX_VALUES:
        raise _error(ErrorCase.SQL_EXCEEDS_MAX_IN_COUNT, f"IN has more than {MAX_VALUES} values.")
    column = operand.operand if isinstance(operand, Cast) else operand
    if not isinstance(column, Column) or not all(map(is_constant, values)):
        raise _error(ErrorCase.SQL_SYNTAX_ERROR, "IN takes a column and constants.")
    kinds = {category(type_of(value)) for value in values}
    if len(kinds) > 1 or kinds == {""}:
        raise _error(
            ErrorCase.SQL_VALUE_TYPE_OF_IN_MUST_BE_SAME, "IN has values of different types."
        )
    code = ErrorCase.SQL_OPERATION_APPLIED_TO_DIFFERENT_TYPES
    _check_same((operand, values[0]), code, "IN compares")


def _check_like(expression: Like) -> None:
    operand, pattern, escape = expression.operand, expression.pattern, expression.escape
    fits = type_of(operand) in (Type.DYNAMIC, Type.STRING) and not is_constant(operand)
    if not fits or not (isinstance(pattern, Literal) and isinstance(pattern.value, str)):
        message = "LIKE takes a column of strings and a pattern in quotes."
        raise _error(ErrorCase.SQL_INVALID_LIKE_OPERAND, message)
    if len(escape.encode()) > 1:
        message = "ESCAPE takes one character."
        raise _error(ErrorCase.SQL_ONLY_ONE_ESCAPE_CHAR_IS_ALLOWED, message)
    if escape and escape in SPECIAL:
        raise _error(ErrorCase.SQL_INVALID_ESCAPE_CHAR, "ESCAPE does not take %, * and ?.")
    pieces = split_pattern(pattern.value, escape)
    wildcards = sum(special and character in WILDCARDS for character, special in pieces)
    if wildcards > MAX_WILDCARDS:
        message = f"LIKE has more than {MAX_WILDCARDS} wildcards."
        raise _error(ErrorCase.SQL_EXCEEDS_MAX_WILD_CARD_COUNT, message)


def split_pattern(pattern: str, escape: str) -> list[tuple[str, bool]]:
    """Split a pattern of LIKE into characters, and whether each stands for others.

    Raises `SqlNoCharAfterEscapeChar`.
    """
    pieces = []
    characters = iter(pattern)
    for character in characters:
        if escape and character == escape:
            following = next(characters, None)
            if following is None:
                message = "A pattern of LIKE ends with the escape character."
                raise _error(ErrorCase.SQL_NO_CHAR_AFTER_ESCAPE_CHAR, message)
            pieces.append((following, False))
        else:
            pieces.append((character, character in SPECIAL))
    return pieces


def fold(cast: Cast) -> object:
    """Return the value of a cast constant: str, int, Decimal, bool, datetime or None."""
    assert isinstance(cast.operand, Literal)  # noqa: S101 - `check` refuses other operands
    value, kind = cast.operand.value, cast.type
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    if kind is Type.STRING:
        return value if isinstance(value, str) else text
    if kind is Type.TIMESTAMP:
        return _fold_timestamp(text, cast.format)
    if kind is Type.BOOL and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind.numeric:
        number = _decimal(text)
        if number is not None and kind is not Type.INT:
            return number
        if number is not None and -(1 << 63) <= number < 1 << 63:
            return int(number)
    raise _error(
        ErrorCase.SQL_SYNTAX_ERROR, f"The constant {text[:64]!r} cannot be cast to {kind}."
    )


def _fold_timestamp(text: str, form: str) -> object:
    found = timestamps.parse(text, form)
    if found is not None:
        return found
    if form:
        message = f"{text[:64]!r} does not have the format {form}."
        raise _error(ErrorCase.SQL_NOT_MATCH_TIMESTAMP_FORMAT, message)
    raise _error(ErrorCase.SQL_INVALID_TIMESTAMP_VALUE, f"{text[:64]!r} is not a timestamp.")


def _decimal(text: str) -> Decimal | None:
    """Parse a number in digits; Decimal would also take NaN and underscores."""
    if not (text.isascii() and set(text) <= set("0123456789.eE+-")):
        return None
    try:
        return Decimal(text)
    except ArithmeticError:
        return None
