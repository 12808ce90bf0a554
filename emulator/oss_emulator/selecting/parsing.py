"""Parses the documented SQL (SelectObject, regular expressions in a SQL statement)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.selecting import statement as ast

MAX_NAME: Final = 1024
"""Maximum bytes of the name of a column (limits on SQL statements)."""
MAX_PATH: Final = 10
"""Maximum levels of a path in JSON."""
MAX_NESTING: Final = 64
"""Maximum number of nested parentheses, NOT and signs, so that the parser needs little stack."""

_TABLE: Final = "ossobject"
_RESERVED: Final = frozenset(
    """
    select from where and or not in is null like between escape limit as true false cast group order
    by having join inner left right outer on union
    """.split()
)
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_AGGREGATES: Final = frozenset({"avg", "sum", "max", "min", "count"})
_TYPES: Final = {
    **{str(each): each for each in ast.Type if each not in (ast.Type.DYNAMIC, ast.Type.NULL)},
    "float": ast.Type.DOUBLE,  # the name in the first document of SelectObject
    "boolean": ast.Type.BOOL,
}
_COMPARISONS: Final = ("=", "!=", "<>", "<", "<=", ">", ">=")
_OPERATORS: Final = (("+", "-", "||"), ("*", "/", "%"))
"""The operators by precedence, the weakest first."""

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)
    | (?P<word>[^\W\d]\w*)
    | '(?P<text>(?:[^']|'')*)'
    | "(?P<quoted>(?:[^"]|"")*)"
    | (?P<symbol>\|\||<=|>=|!=|<>|[-+*/%=<>(),.\[\]])
    """,
    re.VERBOSE,
)
_QUOTES: Final = {"text": "'", "quoted": '"'}

_Item = TypeVar("_Item")


class _Token(NamedTuple):
    kind: str
    text: str
    offset: int

    @property
    def keyword(self) -> str:
        """The text to compare with keywords and symbols."""
        return self.text.lower() if self.kind in ("word", "symbol") else ""

    @property
    def is_name(self) -> bool:
        return self.kind == "word" and self.keyword not in _RESERVED


def parse_statement(sql: str) -> ast.SelectStatement:
    """Parse a statement; raises `SqlSyntaxError` and the errors of names, paths and LIMIT."""
    return _StatementParser(_split(sql)).statement()


def _split(sql: str) -> list[_Token]:
    tokens, offset = [], 0
    while offset < len(sql):
        match = _TOKEN.match(sql, offset)
        if match is None:
            if not sql[offset:].strip("'\" \t\r\n"):
                break  # the suites of three SDKs end a statement with a lone quote
            raise _syntax(f"{sql[offset]!r} is not expected at character {offset + 1}.")
        kind = match.lastgroup or ""
        if kind != "space":
            quote = _QUOTES.get(kind, "")
            found = match[kind].replace(quote * 2, quote) if quote else match[kind]
            tokens.append(_Token(kind, found, offset))
        offset = match.end()
    return [*tokens, _Token("end", "", len(sql))]


def _syntax(message: str) -> OSSError:
    return OSSError(ErrorCase.SQL_SYNTAX_ERROR, f"The SQL statement is not valid: {message}")


def _too_deep(message: str) -> OSSError:
    return OSSError(ErrorCase.SQL_EXCEEDS_MAX_CONDITION_DEPTH, message)


class _StatementParser:
    """Reads the tokens from left to right, with one method for each kind of expression."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._nesting = 0
        self._alias = ""

    # Tokens

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *words: str) -> bool:
        """Skip these keywords or symbols if they are the next tokens; returns whether they are."""
        found = self._tokens[self._next : self._next + len(words)]
        if [token.keyword for token in found] != list(words):
            return False
        self._next += len(words)
        return True

    def _take_any(self, words: Sequence[str]) -> str:
        """Skip and return the next token if it is one of these keywords or symbols, else ""."""
        found = self._token.keyword
        if found not in words:
            return ""
        self._next += 1
        return found

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(f"{word.upper()} is expected")

    def _accept(self, fits: bool, instead: str) -> str:
        """Skip the next token if it fits and return its text; else raise an error."""
        if not fits:
            raise self._unexpected(instead)
        self._next += 1
        return self._tokens[self._next - 1].text

    def _quoted(self, instead: str) -> str:
        return self._accept(self._token.kind in _QUOTES and bool(self._token.text), instead)

    def _unexpected(self, instead: str) -> OSSError:
        token = self._token
        place = f"{token.text!r}, character {token.offset + 1}"
        return _syntax(f"{instead} at {'the end' if token.kind == 'end' else place}.")

    def _list(self, read: Callable[[], _Item]) -> tuple[_Item, ...]:
        found = [read()]
        while self._take(","):
            found.append(read())
        return tuple(found)

    # The statement

    def statement(self) -> ast.SelectStatement:
        self._expect("select")
        # The table's alias follows the columns that use it, so find the alias first.
        start = self._next
        self._find_alias()
        self._next = start
        projections = self._list(self._projection)
        self._expect("from")
        root = self._table()
        where = self._expression() if self._take("where") else None
        limit = self._limit() if self._take("limit") else None
        if self._token.kind != "end":
            raise self._unexpected("the end is expected")
        return ast.SelectStatement(projections, root, where, limit)

    def _find_alias(self) -> None:
        while self._token.kind != "end":
            if self._take("from", _TABLE):
                self._next -= 1
                self._table()
                return
            self._next += 1

    def _table(self) -> tuple[ast.Step, ...]:
        self._expect(_TABLE)
        root = _shallow(self._steps())
        if self._take("as") or self._token.is_name:
            self._alias = self._name().lower()
        return root

    def _limit(self) -> int:
        sign = -1 if self._take("-") else 1
        is_number = self._token.kind == "number" and self._token.text.isdigit()
        digits = self._accept(is_number, "a number is expected").lstrip("0")
        limit = sign * int(digits[:18] or "0")  # more digits than any count of rows
        if limit < 1:
            message = f"LIMIT is {limit}; it must be at least 1."
            raise OSSError(ErrorCase.SQL_INVALID_LIMIT_VALUE, message)
        return limit

    def _projection(self) -> ast.Projection:
        if self._take("*"):
            return ast.Projection(ast.Star())
        expression, alias = self._expression(), ""
        while self._take("as"):  # the last alias counts
            alias = self._name()
        return ast.Projection(expression, alias)

    def _name(self) -> str:
        fits = self._token.is_name or self._token.kind in _QUOTES
        return _checked(self._accept(fits, "an alias is expected"))

    # Conditions

    def _expression(self) -> ast.Expression:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise _too_deep(f"The SQL statement has more than {MAX_NESTING} levels.")
        found = self._logic("or", lambda: self._logic("and", self._negated))
        self._nesting -= 1
        return found

    def _logic(self, operator: str, operand: Callable[[], ast.Expression]) -> ast.Expression:
        operands = [operand()]
        while self._take(operator):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else ast.Connective(operator, tuple(operands))

    def _negated(self) -> ast.Expression:
        count = 0
        while self._take("not"):
            count += 1
        found = self._condition()
        if count > MAX_NESTING:
            raise _too_deep("The statement has too many NOT.")
        for _ in range(count):
            found = ast.Not(found)
        return found

    def _condition(self) -> ast.Expression:
        left = self._operation()
        if self._take("is", "not", "null"):
            return ast.Not(ast.IsNull(left))
        if self._take("is", "null"):
            return ast.IsNull(left)
        if self._take("not"):
            found = self._membership(left)
            if found is None:
                raise self._unexpected("IN, BETWEEN or LIKE is expected")
            return ast.Not(found)
        operator = self._take_any(_COMPARISONS)
        if operator:
            return ast.Compare("!=" if operator == "<>" else operator, left, self._operation())
        return self._membership(left) or left

    def _membership(self, left: ast.Expression) -> ast.Expression | None:
        if self._take("in"):
            self._expect("(")
            values = self._list(self._operation)
            self._expect(")")
            return ast.In(left, values)
        if self._take("between"):
            low = self._operation()
            self._expect("and")
            return ast.Between(left, low, self._operation())
        if self._take("like"):
            pattern = self._operation()
            escapes = self._take("escape")
            escape = self._quoted("a character is expected after ESCAPE") if escapes else ""
            return ast.Like(left, pattern, escape)
        return None

    # Values

    def _operation(self, level: int = 0) -> ast.Expression:
        if level == len(_OPERATORS):
            return self._signed()
        left = self._operation(level + 1)
        while operator := self._take_any(_OPERATORS[level]):
            right = self._operation(level + 1)
            joins = operator == "||"
            left = (
                ast.Concatenation(left, right) if joins else ast.Arithmetic(operator, left, right)
            )
        return left

    def _signed(self) -> ast.Expression:
        signs = []
        while sign := self._take_any(("-", "+")):
            signs.append(sign)
        if len(signs) > MAX_NESTING:
            raise _syntax("there are too many signs.")
        found = self._primary()
        for _ in range(signs.count("-")):
            found = _negate(found)
        return found

    def _primary(self) -> ast.Expression:
        token = self._token
        if self._take("("):
            found = self._expression()
            self._expect(")")
            return found
        is_constant = token.keyword in _CONSTANTS
        if is_constant or token.kind == "number" or token.kind in _QUOTES:
            self._next += 1
            if is_constant:
                return ast.Literal(_CONSTANTS[token.keyword])
            return ast.Literal(_number(token.text) if token.kind == "number" else token.text)
        if token.kind == "word" and self._tokens[self._next + 1].keyword == "(":
            return self._call()
        return self._column()

    def _call(self) -> ast.Expression:
        name = self._token.keyword
        if name != "cast" and name not in _AGGREGATES:
            raise self._unexpected("AVG, SUM, MAX, MIN, COUNT or CAST is expected")
        self._next += 2
        if name == "count":
            self._expect("*")
            found: ast.Expression = ast.Aggregate(name, ast.Star())
        else:
            operand = self._expression()
            found = self._cast(operand) if name == "cast" else ast.Aggregate(name, operand)
        self._expect(")")
        return found

    def _cast(self, operand: ast.Expression) -> ast.Cast:
        self._expect("as")
        known = self._token.keyword in _TYPES
        name = self._accept(known, f"one of the types {', '.join(_TYPES)} is expected")
        kind = _TYPES[name.lower()]
        formatted = kind is ast.Type.TIMESTAMP and self._take("format")
        return ast.Cast(operand, kind, self._quoted("a format is expected") if formatted else "")

    def _column(self) -> ast.Column:
        path: list[ast.Step] = []
        if self._token.keyword != "[":
            path = [_checked(self._accept(self._token.is_name, "a value is expected"))]
        path += self._steps()
        if isinstance(path[0], str) and path[0].lower() in (self._alias, _TABLE):
            path = path[1:]
        return ast.Column(_shallow(path))

    def _steps(self) -> list[ast.Step]:
        steps: list[ast.Step] = []
        while True:
            if self._take("."):
                is_name = self._token.kind in ("word", "text", "quoted")
                steps.append(_checked(self._accept(is_name, "a name is expected")))
            elif self._take("["):
                steps.append(self._index())
                self._expect("]")
            else:
                return steps

    def _index(self) -> ast.Step:
        if self._take("*"):
            return ast.Wildcard.CHILD
        if self._take("-"):
            raise OSSError(ErrorCase.NEGATIVE_ROW_INDEX)
        kind, text = self._token.kind, self._token.text
        is_index = kind == "number" and text.isdigit() and len(text) < 10
        fits = is_index or kind in ("word", "text", "quoted")
        self._accept(fits, "an index, a key or * is expected")
        return int(text) if is_index else _checked(text)


def _shallow(path: Sequence[ast.Step]) -> tuple[ast.Step, ...]:
    if len(path) > MAX_PATH:
        raise OSSError(ErrorCase.EXCEEDS_MAX_NESTED_COLUMN_DEPTH)
    return tuple(path)


def _checked(name: str) -> str:
    if len(name.encode()) > MAX_NAME:
        raise OSSError(ErrorCase.SQL_EXCEEDS_MAX_COLUMN_NAME_LENGTH)
    return name


def _number(text: str) -> int | Decimal:
    """Return an integer of 64 bits, or a decimal for any other number."""
    if text.isdigit() and len(text) < 64 and int(text) < 1 << 63:
        return int(text)
    return Decimal(text)


def _negate(expression: ast.Expression) -> ast.Expression:
    value = expression.value if isinstance(expression, ast.Literal) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return ast.Negation(expression)
    if isinstance(value, int):
        return ast.Literal(-value)
    return ast.Literal(-(1 << 63) if value == 1 << 63 else value.copy_negate())
