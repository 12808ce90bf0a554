"""Parses the documented SQL (SelectObject, regular expressions in a SQL statement)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
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
    Projection,
    SelectStatement,
    Star,
    Step,
    Type,
)

MAX_NAME: Final = 1024
"""Bytes of the name of a column (limits on SQL statements)."""
MAX_PATH: Final = 10
"""Levels of a path in JSON."""
MAX_NESTING: Final = 64
"""Parentheses, NOT and signs around each other, so that the parser needs little stack."""

_TABLE: Final = "ossobject"
_RESERVED: Final = frozenset(
    """
    select from where and or not in is null like between escape limit as true false cast group order
    by having join inner left right outer on union
    """.split()
)
_AGGREGATES: Final = frozenset({"avg", "sum", "max", "min", "count"})
_TYPES: Final = {
    **{str(each): each for each in Type if each not in (Type.DYNAMIC, Type.NULL)},
    "float": Type.DOUBLE,  # the name in the first document of SelectObject
    "boolean": Type.BOOL,
}

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


class _Token(NamedTuple):
    kind: str
    text: str
    offset: int

    @property
    def keyword(self) -> str:
        """The text that is compared with keywords and symbols."""
        return self.text.lower() if self.kind in ("word", "symbol") else ""


def parse(sql: str) -> SelectStatement:
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
            quote = {"text": "'", "quoted": '"'}.get(kind, "")
            found = match[kind].replace(quote * 2, quote) if quote else match[kind]
            tokens.append(_Token(kind, found, offset))
        offset = match.end()
    tokens.append(_Token("end", "", len(sql)))
    return tokens


def _syntax(message: str) -> OSSError:
    return OSSError(ErrorCase.SQL_SYNTAX_ERROR, f"The SQL statement is not valid: {message}")


class _StatementParser:
    """Reads the tokens from left to right; one method for each level of precedence."""

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
        """Step over these keywords or symbols if all of them come next."""
        found = self._tokens[self._next : self._next + len(words)]
        if [token.keyword for token in found] != list(words):
            return False
        self._next += len(words)
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(f"{word.upper()} is expected")

    def _advance(self) -> _Token:
        token = self._token
        self._next += 1
        return token

    def _unexpected(self, instead: str = "") -> OSSError:
        token = self._token
        place = (
            "the end" if token.kind == "end" else f"{token.text!r}, character {token.offset + 1}"
        )
        return _syntax(f"{instead or 'something else is expected'} at {place}.")

    # The statement

    def statement(self) -> SelectStatement:
        self._expect("select")
        # The alias of the table stands after the columns that use it.
        start = self._next
        self._find_alias()
        self._next = start
        projections = [self._projection()]
        while self._take(","):
            projections.append(self._projection())
        self._expect("from")
        root = self._table()
        where = self._expression() if self._take("where") else None
        limit = self._limit() if self._take("limit") else None
        if self._token.kind != "end":
            raise self._unexpected("the end is expected")
        return SelectStatement(tuple(projections), root, where, limit)

    def _find_alias(self) -> None:
        while self._token.kind != "end":
            if self._take("from", _TABLE):
                self._next -= 1
                self._table()
                return
            self._next += 1

    def _table(self) -> tuple[Step, ...]:
        if self._token.keyword != _TABLE:
            raise self._unexpected("OSSOBJECT is expected")
        self._next += 1
        root = _shallow(self._steps())
        named = self._take("as")
        if named or (self._token.kind == "word" and self._token.keyword not in _RESERVED):
            self._alias = self._name("an alias is expected").lower()
        return root

    def _limit(self) -> int:
        negative = self._take("-")
        token = self._advance()
        if token.kind != "number" or not token.text.isdigit():
            self._next -= 1
            raise self._unexpected("a number is expected")
        limit = -int(token.text) if negative else int(token.text)
        if limit < 1:
            raise OSSError(
                ErrorCase.SQL_INVALID_LIMIT_VALUE, f"LIMIT is {limit}; it must be at least 1."
            )
        return limit

    def _projection(self) -> Projection:
        if self._take("*"):
            return Projection(Star())
        expression = self._expression()
        alias = ""
        while self._take("as"):  # the last one counts
            alias = self._name("an alias is expected")
        return Projection(expression, alias)

    def _name(self, instead: str) -> str:
        token = self._token
        plain = token.kind == "word" and token.keyword not in _RESERVED
        if not (plain or token.kind in ("text", "quoted")):
            raise self._unexpected(instead)
        self._next += 1
        return _checked(token.text)

    # Conditions

    def _expression(self) -> Expression:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            message = f"The SQL statement has more than {MAX_NESTING} levels."
            raise OSSError(ErrorCase.SQL_EXCEEDS_MAX_CONDITION_DEPTH, message)
        found = self._logic("or", lambda: self._logic("and", self._negated))
        self._nesting -= 1
        return found

    def _logic(self, operator: str, operand: Callable[[], Expression]) -> Expression:
        operands = [operand()]
        while self._take(operator):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else Connective(operator, tuple(operands))

    def _negated(self) -> Expression:
        count = 0
        while self._take("not"):
            count += 1
        found = self._condition()
        if count > MAX_NESTING:
            raise OSSError(
                ErrorCase.SQL_EXCEEDS_MAX_CONDITION_DEPTH, "The statement has too many NOT."
            )
        for _ in range(count):
            found = Not(found)
        return found

    def _condition(self) -> Expression:
        left = self._sum()
        if self._take("is", "not", "null"):
            return Not(IsNull(left))
        if self._take("is", "null"):
            return IsNull(left)
        negated = self._token.keyword == "not"
        if negated:
            self._next += 1
        found: Expression | None = None
        if self._take("in"):
            found = In(left, self._values())
        elif self._take("between"):
            low = self._sum()
            self._expect("and")
            found = Between(left, low, self._sum())
        elif self._take("like"):
            found = self._like(left)
        if found is not None:
            return Not(found) if negated else found
        if negated:
            raise self._unexpected("IN, BETWEEN or LIKE is expected")
        operator = self._token.keyword
        if operator in ("=", "!=", "<>", "<", "<=", ">", ">="):
            self._next += 1
            return Compare("!=" if operator == "<>" else operator, left, self._sum())
        return left

    def _values(self) -> tuple[Expression, ...]:
        self._expect("(")
        values = [self._sum()]
        while self._take(","):
            values.append(self._sum())
        self._expect(")")
        return tuple(values)

    def _like(self, left: Expression) -> Expression:
        pattern = self._sum()
        if not self._take("escape"):
            return Like(left, pattern)
        token = self._advance()
        if token.kind not in ("text", "quoted") or not token.text:
            self._next -= 1
            raise self._unexpected("a character is expected after ESCAPE")
        return Like(left, pattern, token.text)

    # Values

    def _sum(self) -> Expression:
        left = self._product()
        while self._token.keyword in ("+", "-", "||"):
            operator = self._advance().text
            right = self._product()
            if operator == "||":
                left = Concatenation(left, right)
            else:
                left = Arithmetic(operator, left, right)
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self._token.keyword in ("*", "/", "%"):
            operator = self._advance().text
            left = Arithmetic(operator, left, self._signed())
        return left

    def _signed(self) -> Expression:
        signs = []
        while self._token.keyword in ("-", "+"):
            signs.append(self._advance().text)
        if len(signs) > MAX_NESTING:
            raise _syntax("there are too many signs.")
        found = self._primary()
        for _ in range(signs.count("-")):
            found = _negate(found)
        return found

    def _primary(self) -> Expression:
        token = self._token
        if self._take("("):
            found = self._expression()
            self._expect(")")
            return found
        if token.kind == "number":
            self._next += 1
            return Literal(_number(token.text))
        if token.kind in ("text", "quoted"):
            self._next += 1
            return Literal(token.text)
        if token.keyword in ("true", "false", "null"):
            self._next += 1
            return Literal({"true": True, "false": False, "null": None}[token.keyword])
        if token.kind == "word" and self._tokens[self._next + 1].keyword == "(":
            return self._call()
        return self._column()

    def _call(self) -> Expression:
        name = self._advance().keyword
        self._expect("(")
        if name == "cast":
            return self._cast()
        if name not in _AGGREGATES:
            self._next -= 2
            raise self._unexpected("AVG, SUM, MAX, MIN, COUNT or CAST is expected")
        operand: Expression = Star()
        if name == "count":
            self._expect("*")
        else:
            operand = self._expression()
        self._expect(")")
        return Aggregate(name, operand)

    def _cast(self) -> Expression:
        operand = self._expression()
        self._expect("as")
        kind = _TYPES.get(self._token.keyword)
        if kind is None:
            raise self._unexpected(f"one of the types {', '.join(_TYPES)} is expected")
        self._next += 1
        form = ""
        if self._token.keyword == "format" and kind is Type.TIMESTAMP:
            self._next += 1
            token = self._advance()
            if token.kind not in ("text", "quoted") or not token.text:
                self._next -= 1
                raise self._unexpected("a format is expected")
            form = token.text
        self._expect(")")
        return Cast(operand, kind, form)

    def _column(self) -> Column:
        token = self._token
        if token.keyword == "[":
            path = self._steps()
        elif token.kind == "word" and token.keyword not in _RESERVED:
            self._next += 1
            path = [_checked(token.text), *self._steps()]
        else:
            raise self._unexpected("a value is expected")
        if isinstance(path[0], str) and path[0].lower() in (self._alias, _TABLE):
            path = path[1:]
        return Column(_shallow(path))

    def _steps(self) -> list[Step]:
        steps: list[Step] = []
        while True:
            if self._take("."):
                token = self._advance()
                if token.kind not in ("word", "text", "quoted"):
                    self._next -= 1
                    raise self._unexpected("a name is expected")
                steps.append(_checked(token.text))
            elif self._take("["):
                steps.append(self._index())
                self._expect("]")
            else:
                return steps

    def _index(self) -> Step:
        if self._take("*"):
            return Every.CHILD
        if self._take("-"):
            raise OSSError(ErrorCase.NEGATIVE_ROW_INDEX, "An index of an array is negative.")
        token = self._advance()
        if token.kind == "number" and token.text.isdigit() and len(token.text) < 10:
            return int(token.text)
        if token.kind in ("word", "text", "quoted"):
            return _checked(token.text)
        self._next -= 1
        raise self._unexpected("an index, a key or * is expected")


def _shallow(path: Sequence[Step]) -> tuple[Step, ...]:
    if len(path) > MAX_PATH:
        message = f"A path of the SQL statement has more than {MAX_PATH} levels."
        raise OSSError(ErrorCase.EXCEEDS_MAX_NESTED_COLUMN_DEPTH, message)
    return tuple(path)


def _checked(name: str) -> str:
    if len(name.encode()) > MAX_NAME:
        message = f"A name is longer than {MAX_NAME} bytes."
        raise OSSError(ErrorCase.SQL_EXCEEDS_MAX_COLUMN_NAME_LENGTH, message)
    return name


def _number(text: str) -> int | Decimal:
    """Return an integer of 64 bits, or a decimal for any other number."""
    if text.isdigit() and int(text) < 1 << 63:
        return int(text)
    return Decimal(text)


def _negate(expression: Expression) -> Expression:
    if isinstance(expression, Literal) and isinstance(expression.value, int | Decimal):
        if isinstance(expression.value, bool):
            return Negation(expression)
        value = -expression.value
        is_least = isinstance(value, Decimal) and value == -(1 << 63)
        return Literal(int(value) if is_least else value)
    return Negation(expression)
