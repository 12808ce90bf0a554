"""Finds the nodes of a JSON object piece by piece, without loading the whole object."""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.selecting.statement import Step, Wildcard

MAX_NODE: Final = 512 * 1024
"""Maximum characters of a node (512 KB: limits on SQL statements)."""
MAX_DEPTH: Final = 10
MAX_ELEMENTS: Final = 5000

_SHOWN: Final = 11
"""Characters of the object that an error shows (Q-21)."""


class Number(str):
    """A number as it is written, because its digits must not change (ParseJsonNumberAsString)."""

    __slots__ = ()


class JSONNode(NamedTuple):
    """A node and its end in the object."""

    value: Any
    """dict, list, str, Number, bool or None."""
    text: str
    """The node as it is written in the object."""
    end: int
    """The offset of its end, in bytes."""


class JSONLine(NamedTuple):
    """One top-level value of JSON LINES, and its nodes that the statement reads."""

    start: int
    """Its offset, in bytes."""
    nodes: list[JSONNode]


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=_refuse, strict=True
)

_QUICK: Final = frozenset('"{[:}]')
"""Characters that do not begin white space, a scalar or a separator of values."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_BETWEEN: Final = re.compile(r"[ \t\r\n,]*")
_STRUCTURE: Final = re.compile(r'["{}\[\]]')
_STRING_END: Final = re.compile(r'(?:[^"\\]|\\.)*+"', re.DOTALL)
_SCALAR: Final = re.compile(r"[-+0-9a-zA-Z.]*")


class TextReader:
    """Reads the text of an object from the start to the end."""

    def __init__(self, chunks: Iterable[bytes], start: int = 0) -> None:
        """`start` is the offset of the first chunk, in bytes."""
        self._chunks = iter(chunks)
        self._decoder = getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._ended = False
        self._mark = 0
        """The index in the text of the character with the byte offset `_offset`."""
        self._offset = start
        if start == 0:
            self._peek()
            if self._text.startswith("\ufeff"):
                self._at = 1

    @property
    def position(self) -> int:
        """The offset in bytes of the next character."""
        passed = self._text[self._mark : self._at]
        self._offset += len(passed) if passed.isascii() else len(passed.encode())
        self._mark = self._at
        return self._offset

    def lines(self, root: Sequence[Step]) -> Iterator[JSONLine]:
        """Read all values, which white space and commas separate (Q-31)."""
        while True:
            self._skip(_BETWEEN)
            if not self._peek():
                return
            if self._peek() not in "{[":
                raise self._invalid()
            start = self.position
            yield JSONLine(start, list(self.nodes(root)))

    def document(self, root: Sequence[Step]) -> Iterator[JSONNode]:
        """Read one value; raises an error if more follows."""
        self._skip(_SPACE)
        yield from self.nodes(root)
        self._skip(_SPACE)
        if self._peek():
            raise self._invalid()

    def nodes(self, path: Sequence[Step]) -> Iterator[JSONNode]:
        """Read the next value, and yield its nodes at a path."""
        self._skip(_SPACE)
        if not path:
            yield self._node()
            return
        step, rest = path[0], path[1:]
        first = self._peek()
        if first == "[" and not isinstance(step, str):
            names: Iterator[Step] = (index for index, _ in enumerate(self._elements()))
        elif first == "{" and not isinstance(step, int):
            names = self._members()
        else:
            self._pass_over()
            return
        for name in names:
            if step is Wildcard.CHILD or name == step:
                yield from self.nodes(rest)
            else:
                self._pass_over()

    def _elements(self) -> Iterator[None]:
        """Stop at each element of an array, so that the caller can read the element."""
        self._at += 1
        self._skip(_SPACE)
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield
            if self._after_member("]"):
                return

    def _members(self) -> Iterator[Step]:
        """Yield each key of an object, and stop at its value, so that the caller can read it."""
        self._at += 1
        self._skip(_SPACE)
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            self._skip(_SPACE)
            if self._peek() != '"':
                raise self._invalid()
            key = self._node().value
            self._skip(_SPACE)
            if self._peek() != ":":
                raise self._invalid()
            self._at += 1
            yield key
            if self._after_member("}"):
                return

    def _after_member(self, closing: str) -> bool:
        """Skip the comma or bracket after a member; returns whether it was the last member."""
        self._skip(_SPACE)
        found = self._peek()
        if found not in (",", closing) or not found:
            raise self._invalid()
        self._at += 1
        return found == closing

    def _node(self) -> JSONNode:
        """Read a whole value; raises `InvalidJsonData` and the errors of its limits."""
        wanted = 4096
        while True:
            whole = self._reach(wanted)
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except ValueError:
                if whole:
                    raise self._invalid() from None
            except RecursionError:
                raise OSSError(ErrorCase.JSON_NODE_DEPTH) from None
            else:
                if whole or end < len(self._text):
                    break
            if wanted > MAX_NODE:
                raise OSSError(ErrorCase.JSON_NODE_SIZE)
            wanted *= 4
        text = self._text[self._at : end]
        if len(text) > MAX_NODE:
            raise OSSError(ErrorCase.JSON_NODE_SIZE)
        self._at = end
        return JSONNode(value, text, self.position)

    def _pass_over(self) -> None:
        """Skip a value of any size."""
        depth = 0
        while True:
            self._skip(_SPACE)
            first = self._peek()
            if not first:
                raise self._invalid()
            if depth == 0 and first not in _QUICK:
                if not self._skip(_SCALAR):
                    raise self._invalid()
                return
            depth = self._step(depth)
            if depth == 0:
                return

    def _step(self, depth: int) -> int:
        """Skip text up to and including one bracket or string; returns the new depth."""
        while True:
            match = _STRUCTURE.search(self._text, self._at)
            if match is not None:
                break
            self._at = len(self._text)
            if not self._more():
                raise self._invalid()
        self._at = match.end()
        if match[0] != '"':
            return depth + (1 if match[0] in "{[" else -1)
        while True:
            end = _STRING_END.match(self._text, self._at)
            if end is not None:
                self._at = end.end()
                return depth
            if not self._more():
                raise self._invalid()

    # Text

    def _peek(self) -> str:
        while self._at >= len(self._text):
            if not self._more():
                return ""
        return self._text[self._at]

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Skip text that matches; returns whether any text matched."""
        if self._at < len(self._text) and self._text[self._at] in _QUICK:
            return False
        moved = False
        while True:
            match = pattern.match(self._text, self._at)
            assert match is not None  # noqa: S101 - the patterns also match ""
            moved = moved or match.end() > self._at
            self._at = match.end()
            if self._at < len(self._text) or not self._more():
                return moved

    def _reach(self, wanted: int) -> bool:
        """Read until `wanted` characters are buffered; returns whether the text ends before."""
        while len(self._text) - self._at < wanted:
            if not self._more():
                return True
        return False

    def _more(self) -> bool:
        """Read the next chunk; returns whether there is one."""
        if self._ended:
            return False
        _ = self.position  # counts the text that is dropped now
        self._text, self._at, self._mark = self._text[self._at :], 0, 0
        chunk = next(self._chunks, None)
        self._ended = chunk is None
        try:
            self._text += self._decoder.decode(chunk or b"", final=self._ended)
        except UnicodeDecodeError:
            raise OSSError(ErrorCase.SELECT_ENCODING) from None
        return not self._ended

    def _invalid(self) -> OSSError:
        self._reach(_SHOWN)
        shown = self._text[self._at : self._at + _SHOWN]
        message = (
            f"Invalid value.The current offset is:{self.position}."
            f"The incorrect json data:'{shown}'."
        )
        return OSSError(ErrorCase.JSON_DATA, message)


def check_limits(value: object, depth: int = 1) -> None:
    """Raise `JsonNodeExceedsMaxDepth` or `ExceedsMaxJsonArraySize` if a node exceeds a limit."""
    if not isinstance(value, dict | list):
        return
    if depth > MAX_DEPTH:
        raise OSSError(ErrorCase.JSON_NODE_DEPTH)
    if isinstance(value, list) and len(value) > MAX_ELEMENTS:
        raise OSSError(ErrorCase.JSON_ARRAY_SIZE)
    for child in value.values() if isinstance(value, dict) else value:
        check_limits(child, depth + 1)


MISSING: Final = object()
"""The result for a path that does not exist in a node."""


def find(value: object, path: Sequence[Step]) -> object:
    """Follow a path in a node; returns `MISSING` if the path does not exist."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else MISSING
        else:
            return MISSING
    return value


_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[ \t\r\n]+', re.DOTALL)


def compact(text: str) -> str:
    """Write the text of a node in one line, as the service does (Q-31)."""
    return _TOKENS.sub(_compact, text)


def _compact(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] != '"':
        return ""
    return quote(_DECODER.decode(text)) if "\\" in text else text.replace("/", "\\/")


def quote(text: str) -> str:
    """Write a string: slashes are escaped, but not characters beyond ASCII (Q-31)."""
    # JSON can have a lone surrogate, which UTF-8 cannot encode.
    plain = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(plain, ensure_ascii=False).replace("/", "\\/")


def write(value: object) -> str:
    """Write a value in one line."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        members = (f"{quote(key)}:{write(member)}" for key, member in value.items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(write, value))}]"
    return json.dumps(value)
