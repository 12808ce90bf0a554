"""Checks a statement for what the service refuses, before any row is read.

The limits are from "Limits on SQL statements", the codes from "ErrorCode" (SelectObject). Whether a
CSV object has a named column is checked later, when its header is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.select import Output
from oss_emulator.selecting import statement as ast
from oss_emulator.selecting.values import fits_integer, is_time_format, parse_timestamp

MAX_COLUMNS: Final = 1000
MAX_CONDITIONS: Final = 20
MAX_DEPTH: Final = 10
MAX_AGGREGATES: Final = 100
MAX_VALUES: Final = 1024
"""Maximum number of values of IN."""
MAX_WILDCARDS: Final = 5
"""Maximum number of wildcards of LIKE."""
MAX_LEVELS: Final = 100
"""Maximum depth of nested operators, so that a translation needs little stack (our choice)."""

WILDCARDS: Final = "%*"
SPECIAL: Final = "%*?"
"""The characters of a pattern that stand for any characters."""


def check(statement: ast.SelectStatement, output: Output, *, json: bool) -> None:
    """Raise the error of the first mistake that the service refuses."""
    selected = [each.expression for each in statement.projections]
    where = [statement.where] if statement.where is not None else []
    for expression in (*selected, *where):
        _check_levels(expression)
    if statement.root and not json:
        raise OSSError(ErrorCase.TABLE_ROOT_NODE_ONLY_SUPPORT_IN_JSON)
    for column in statement.columns:
        _check_column(column, json=json)
    _check_casts([found for each in (*selected, *where) for found in ast.walk(each)], json=json)
    for expression in selected:
        _check_selected(expression, json=json)
    _check_mix(selected)
    if output.all_columns and not json:
        _check_all_columns(selected)
    if statement.where is not None:
        _check_where(statement.where)


def type_of(expression: ast.Expression) -> ast.Type:
    match expression:
        case ast.Literal(value):
            return _type_of_value(value)
        case ast.Column():
            return ast.Type.DYNAMIC
        case ast.Cast():
            return expression.type
        case ast.Negation(operand):
            return ast.Type.INT if type_of(operand) is ast.Type.INT else ast.Type.DOUBLE
        case ast.Arithmetic(operator, left, right):
            kinds = {type_of(left), type_of(right)}
            if kinds == {ast.Type.INT}:
                return ast.Type.INT
            exact = ast.Type.DECIMAL in kinds and operator in ("+", "-")
            return ast.Type.DECIMAL if exact else ast.Type.DOUBLE
        case ast.Concatenation():
            return ast.Type.STRING
        case ast.Aggregate() | ast.Star():
            return ast.Type.DOUBLE
        case _:
            return ast.Type.BOOL


def _type_of_value(value: object) -> ast.Type:
    if value is None:
        return ast.Type.NULL
    for kind, found in ((bool, ast.Type.BOOL), (int, ast.Type.INT), (Decimal, ast.Type.DOUBLE)):
        if isinstance(value, kind):
            return found
    return ast.Type.STRING


def is_constant(expression: ast.Expression) -> bool:
    """Return whether an expression is a literal, with or without a cast."""
    operand = expression.operand if isinstance(expression, ast.Cast) else expression
    return isinstance(operand, ast.Literal)


def _identity(column: ast.Column, *, json: bool) -> tuple[object, ...]:
    """Return a value that is equal for equal columns; CSV ignores case (Q-32)."""
    return column.path if json else tuple(str(step).lower() for step in column.path)


def _syntax(message: str) -> OSSError:
    return OSSError(ErrorCase.SQL_SYNTAX_ERROR, message)


def _check_levels(expression: ast.Expression) -> None:
    level, waiting = 0, [expression]
    while waiting:
        level += 1
        waiting = [child for each in waiting for child in ast.children(each)]
        if level > MAX_LEVELS:
            message = f"The SQL statement has more than {MAX_LEVELS} levels."
            raise OSSError(ErrorCase.SQL_UNSUPPORTED_SQL, message)


def _check_column(column: ast.Column, *, json: bool) -> None:
    path = column.path
    if json:
        if ast.Wildcard.CHILD in path:
            raise OSSError(ErrorCase.WILD_CARD_NOT_ALLOWED)
        return
    if len(path) != 1 or not isinstance(path[0], str):
        raise OSSError(ErrorCase.NESTED_COLUMN_NOT_SUPPORT_IN_CSV)
    index = ast.index_of(path[0])
    if index is not None and not 1 <= index <= MAX_COLUMNS:
        message = f"The index of column {path[0]} must be from 1 to {MAX_COLUMNS}."
        raise OSSError(ErrorCase.SQL_INVALID_COLUMN_INDEX, message)


def _check_casts(everything: Iterable[ast.Expression], *, json: bool) -> None:
    types: dict[tuple[object, ...], tuple[ast.Type, str]] = {}
    for cast in everything:
        if not isinstance(cast, ast.Cast):
            continue
        if cast.format and not is_time_format(cast.format):
            message = f"The format {cast.format} of a timestamp is not supported."
            raise OSSError(ErrorCase.SQL_NOT_SUPPORTED_TIMESTAMP_FORMAT, message)
        if isinstance(cast.operand, ast.Column):
            found = (cast.type, cast.format)
            if types.setdefault(_identity(cast.operand, json=json), found) != found:
                raise OSSError(ErrorCase.SQL_ONE_COLUMN_CAST_TO_DIFFERENT_TYPES)
        elif isinstance(cast.operand, ast.Literal):
            fold(cast)
        else:
            raise _syntax("CAST requires a column or a constant.")


def _check_selected(expression: ast.Expression, *, json: bool) -> None:
    match expression:
        case ast.Star() | ast.Column() | ast.Cast() | ast.Aggregate("count"):
            return
        case ast.Aggregate(function, operand):
            _check_aggregate(function.upper(), operand, json=json)
        case _:
            raise _syntax("SELECT allows only columns, aggregate functions and CAST.")


def _check_aggregate(name: str, operand: ast.Expression, *, json: bool) -> None:
    if ast.column_of(operand) is None:
        raise _syntax(f"{name} requires a column, with or without CAST.")
    # Columns of CSV are strings (Query objects, data types); in JSON each value has its type.
    kind = type_of(operand) if json or isinstance(operand, ast.Cast) else ast.Type.STRING
    if kind is ast.Type.TIMESTAMP and name in ("SUM", "AVG"):
        message = f"{name} does not support timestamps."
        raise OSSError(ErrorCase.SQL_INVALID_AGGREGATION_ON_TIMESTAMP, message)
    if not (kind.numeric or kind in (ast.Type.DYNAMIC, ast.Type.TIMESTAMP)):
        message = f"{name} requires numbers; cast the column to int, double or decimal."
        raise OSSError(ErrorCase.SQL_AGGREGATION_ON_NON_NUMERIC_TYPE, message)


def _check_mix(selected: Sequence[ast.Expression]) -> None:
    aggregates = sum(isinstance(each, ast.Aggregate) for each in selected)
    if any(isinstance(each, ast.Star) for each in selected) and len(selected) > 1:
        raise OSSError(ErrorCase.SQL_INVALID_MIX_OF_STAR_AND_COLUMN)
    if aggregates not in (0, len(selected)):
        raise OSSError(ErrorCase.SQL_INVALID_MIX_OF_AGGREGATION_AND_COLUMN)
    if aggregates > MAX_AGGREGATES:
        raise OSSError(ErrorCase.SQL_EXCEEDS_MAX_AGGREGATION_COUNT)
    if len(selected) > MAX_COLUMNS:
        message = f"SELECT has more than {MAX_COLUMNS} columns."
        raise OSSError(ErrorCase.SQL_UNSUPPORTED_SQL, message)


def _check_all_columns(selected: Sequence[ast.Expression]) -> None:
    if any(isinstance(each, ast.Aggregate) for each in selected):
        raise OSSError(ErrorCase.SQL_INVALID_KEEP_ALL_COLUMNS_WITH_AGGREGATION)
    if any(map(is_constant, selected)):
        raise OSSError(ErrorCase.SQL_UNSUPPORTED_SQL, "KeepAllColumns does not allow constants.")
    columns = [_identity(found, json=False) for each in selected if (found := ast.column_of(each))]
    if len(set(columns)) < len(columns):
        raise OSSError(ErrorCase.SQL_INVALID_KEEP_ALL_COLUMNS_WITH_DUPLICATE_COLUMN)


def _check_where(where: ast.Expression) -> None:
    everything = ast.walk(where)
    if any(isinstance(each, ast.Aggregate | ast.Star) for each in everything):
        raise _syntax("WHERE cannot have aggregate functions.")
    conditions = (
        isinstance(each, ast.Compare | ast.In | ast.Between | ast.Like | ast.IsNull)
        for each in everything
    )
    if sum(conditions) > MAX_CONDITIONS:
        raise OSSError(ErrorCase.SQL_EXCEEDS_MAX_CONDITION_COUNT)
    if _depth(where) > MAX_DEPTH:
        raise OSSError(ErrorCase.SQL_EXCEEDS_MAX_CONDITION_DEPTH)
    for each in everything:
        _check_condition(each)
    if not _adapts(ast.Type.BOOL, where):
        raise _syntax("WHERE requires a condition.")


def _depth(expression: ast.Expression) -> int:
    """Count the nested levels of AND, OR and NOT, with the level of the conditions in them."""
    if isinstance(expression, ast.Connective | ast.Not):
        return 1 + max(map(_depth, ast.children(expression)))
    return 1


def _adapts(kind: ast.Type, *operands: ast.Expression) -> bool:
    """Return whether all operands have a type; a column without a cast adapts to any."""
    return {type_of(each) for each in operands} <= {kind, ast.Type.DYNAMIC}


_LOGIC: Final = {"and": ErrorCase.SQL_INVALID_AND_OPERAND, "or": ErrorCase.SQL_INVALID_OR_OPERAND}


def _check_condition(expression: ast.Expression) -> None:
    match expression:
        case ast.Connective(word, operands) if not _adapts(ast.Type.BOOL, *operands):
            raise OSSError(_LOGIC[word])
        case ast.Not(operand) if not _adapts(ast.Type.BOOL, operand):
            raise OSSError(ErrorCase.SQL_INVALID_NOT_OPERAND)
        case ast.Compare(operator, left, right):
            code = ErrorCase.SQL_COMPARER_OPERAND_TYPE_MISMATCH
            _check_same((left, right), code, f"The operator {operator} cannot compare")
        case ast.Between():
            code = ErrorCase.SQL_OPERATION_APPLIED_TO_DIFFERENT_TYPES
            _check_same(ast.children(expression), code, "BETWEEN cannot compare")
        case ast.Arithmetic(operator, left, right):
            _check_numbers((left, right), operator)
        case ast.Negation(operand):
            _check_numbers((operand,), "-")
        case ast.Concatenation(left, right) if is_constant(left) and is_constant(right):
            message = "The operator || cannot join two constants."
            raise OSSError(ErrorCase.SQL_INVALID_CONCAT_OPERAND, message)
        case ast.Concatenation(left, right) if not _adapts(ast.Type.STRING, left, right):
            raise OSSError(ErrorCase.SQL_INVALID_CONCAT_OPERAND)
        case ast.IsNull(operand) if is_constant(operand):
            raise OSSError(ErrorCase.SQL_INVALID_IS_NULL_OPERAND)
        case ast.In():
            _check_in(expression)
        case ast.Like():
            _check_like(expression)


def _check_numbers(operands: Iterable[ast.Expression], operator: str) -> None:
    if not all(kind.numeric or kind is ast.Type.DYNAMIC for kind in map(type_of, operands)):
        message = f"The operator {operator} requires numbers or columns."
        raise OSSError(ErrorCase.INVALID_ARITHMETIC_OPERAND, message)


def _category(kind: ast.Type) -> str:
    """Return the category that types must share to be compared; "" for a type that adapts."""
    if kind in (ast.Type.DYNAMIC, ast.Type.NULL):
        return ""
    return "number" if kind.numeric else str(kind)


def _check_same(operands: Iterable[ast.Expression], code: ErrorCase, subject: str) -> None:
    kinds = {_category(type_of(each)) for each in operands} - {""}
    if len(kinds) > 1:
        raise OSSError(code, f"{subject} values of the types {' and '.join(sorted(kinds))}.")


def _check_in(expression: ast.In) -> None:
    operand, values = expression.operand, expression.values
    if len(values) > MAX_VALUES:
        raise OSSError(ErrorCase.SQL_EXCEEDS_MAX_IN_COUNT)
    if ast.column_of(operand) is None or not all(map(is_constant, values)):
        raise _syntax("IN requires a column and constants.")
    kinds = {_category(type_of(value)) for value in values}
    if len(kinds) > 1 or kinds == {""}:
        raise OSSError(ErrorCase.SQL_VALUE_TYPE_OF_IN_MUST_BE_SAME)
    code = ErrorCase.SQL_OPERATION_APPLIED_TO_DIFFERENT_TYPES
    _check_same((operand, values[0]), code, "IN cannot compare")


def _check_like(expression: ast.Like) -> None:
    operand, pattern, escape = expression.operand, expression.pattern, expression.escape
    text = pattern.value if isinstance(pattern, ast.Literal) else None
    if is_constant(operand) or not (_adapts(ast.Type.STRING, operand) and isinstance(text, str)):
        raise OSSError(ErrorCase.SQL_INVALID_LIKE_OPERAND)
    if len(escape.encode()) > 1:
        raise OSSError(ErrorCase.SQL_ONLY_ONE_ESCAPE_CHAR_IS_ALLOWED)
    if escape and escape in SPECIAL:
        raise OSSError(ErrorCase.SQL_INVALID_ESCAPE_CHAR)
    pieces = split_pattern(text, escape)
    if sum(special and each in WILDCARDS for each, special in pieces) > MAX_WILDCARDS:
        raise OSSError(ErrorCase.SQL_EXCEEDS_MAX_WILD_CARD_COUNT)


def split_pattern(pattern: str, escape: str) -> list[tuple[str, bool]]:
    """Split a pattern of LIKE into pairs: a character, and whether it is a wildcard.

    Raises `SqlNoCharAfterEscapeChar`.
    """
    pieces = []
    characters = iter(pattern)
    for character in characters:
        if escape and character == escape:
            following = next(characters, None)
            if following is None:
                raise OSSError(ErrorCase.SQL_NO_CHAR_AFTER_ESCAPE_CHAR)
            pieces.append((following, False))
        else:
            pieces.append((character, character in SPECIAL))
    return pieces


def fold(cast: ast.Cast) -> object:
    """Return the value of a cast constant: str, int, Decimal, bool, datetime or None."""
    assert isinstance(cast.operand, ast.Literal)  # noqa: S101 - `check` refuses other operands
    value, kind = cast.operand.value, cast.type
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    if kind is ast.Type.STRING:
        return value if isinstance(value, str) else text
    if kind is ast.Type.TIMESTAMP:
        return _fold_timestamp(text, cast.format)
    if kind is ast.Type.BOOL and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind.numeric:
        number = _decimal(text)
        if number is not None and kind is not ast.Type.INT:
            return number
        if number is not None and fits_integer(number):
            return int(number)
    raise _syntax(f"The constant {text[:64]!r} cannot be cast to {kind}.")


def _fold_timestamp(text: str, form: str) -> object:
    found = parse_timestamp(text, form)
    if found is not None:
        return found
    if form:
        message = f"{text[:64]!r} does not have the format {form}."
        raise OSSError(ErrorCase.SQL_NOT_MATCH_TIMESTAMP_FORMAT, message)
    raise OSSError(ErrorCase.SQL_INVALID_TIMESTAMP_VALUE, f"{text[:64]!r} is not a timestamp.")


def _decimal(text: str) -> Decimal | None:
    """Parse a number in digits; `Decimal` alone would also accept NaN and underscores."""
    if not (text.isascii() and set(text) <= set("0123456789.eE+-")):
        return None
    try:
        return Decimal(text)
    except ArithmeticError:
        return None
