"""TOML documents, converted to dataclasses: seeds, accounts, decision tables and rules.

The fields of a dataclass are the names in a table, and their annotations are the types. So mistakes
have the same texts and a place in every kind of document. `convert` accepts any plain values;
`ossutil` uses it for JSON.
"""

import errno
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path as FilePath
from types import NoneType, UnionType
from typing import Any, NamedTuple, Self, TypeAlias, Union, get_args, get_origin, get_type_hints

Path: TypeAlias = tuple[str | int, ...]
"""The names and positions that lead to a value, such as `("bucket", 0, "acl")`."""

ONE_OR_MORE = {"one_or_more": True}
"""Metadata of a tuple field that also accepts a single item instead of a list."""


class SourceError(ValueError):
    """A text cannot be used; `sentence` says why, `line` and `column`, from 1, say where."""

    def __init__(self, sentence: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {sentence}")
        self.sentence = sentence
        self.line = line
        self.column = column


MAX_FILE = 64 * 1024 * 1024
"""The most bytes of a text that people write, and the most bytes read from a pipe or a device."""

MAX_DEPTH = 100
"""The most levels of tables and arrays, and the most names that dots join.

Plans of Terraform need far fewer, and Python allows far more nested calls.
"""

MAX_NAMES = 1_000_000
"""The most names and arrays, since each takes a few hundred bytes of memory."""

MAX_DIGITS = 308
"""The most digits of a number; such a number fits into a float and is quick to convert."""


def read_file(path: FilePath | str, most: int = MAX_FILE) -> bytes:
    """Read a whole file of at most `most` bytes; raises OSError, whose `strerror` says why.

    A device such as /dev/zero has no size and no end, so at most MAX_FILE bytes are read from it.
    """
    # A file object makes four more system calls, and a folder may contain many files.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        expected, size = status.st_size, 0
        limit = most if stat.S_ISREG(status.st_mode) else MAX_FILE
        pieces = []
        while max(expected, size) <= limit:
            # `read` allocates the given size at once, and `most` may be 5 GiB.
            piece = os.read(descriptor, expected + 1 - size if size < expected else _PIECE)
            pieces.append(piece)
            size += len(piece)
            if not piece or size == expected:
                break
        if max(expected, size) > limit:
            raise OSError(errno.EFBIG, f"it has more than {limit} bytes")
        return b"".join(pieces)
    except MemoryError:
        raise OSError(errno.ENOMEM, "there is not enough memory for it") from None
    finally:
        os.close(descriptor)


_PIECE = 64 * 1024


def read_regular_file(path: FilePath | str, most: int = MAX_FILE) -> bytes:
    """Read a file as `read_file` does, but raise OSError for a pipe or a device."""
    mode = os.stat(path).st_mode  # first, since opening a pipe or a device may block or act
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    return read_file(path, most)


NO_TEMPORARY_FOLDER = "no folder for temporary files can be written; name one with TMPDIR"


def lacks_temporary_folder(error: Exception) -> bool:
    """Return whether Python found no folder for temporary files, as on a read-only disk."""
    return (
        isinstance(error, FileNotFoundError)
        and error.filename is None
        and "temporary directory" in str(error.strerror)
    )


class TomlDocument(NamedTuple):
    """A TOML document with its text, which gives the places of mistakes."""

    text: str
    tables: Mapping[str, Any]

    @classmethod
    def parse(cls, source: str | bytes) -> Self:
        """Parse TOML; bytes must be UTF-8. Raises SourceError."""
        import tomllib  # only here: the import is slow, and most rules are in other forms

        text = source if isinstance(source, str) else decode(source)
        _check_limits(text)
        try:
            return cls(text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            said, _, place = str(error).partition(" (at ")
            numbers = [int(number) for number in re.findall(r"\d+", place)]
            line, column = numbers if len(numbers) == 2 else place_of(text)  # "end of document"
            raise SourceError(f"this is not valid TOML: {said}", line, column) from None

    def convert(self, kind: Any, *path: str | int) -> Any:
        """Convert the value at a path to a type, as `convert` does. Raises SourceError."""
        value: Any = self.tables
        for step in path:
            value = value[step]
        return convert(value, kind, path, self.error)

    def error(self, path: Path, sentence: str) -> SourceError:
        """Return an error at a path, or at the nearest place above it in the text."""
        longest = found = 0
        for written, offset, _ in statements(self.text):
            if len(written) > longest and path[: len(written)] == written:
                longest, found = len(written), offset
        return SourceError(sentence, *place_of(self.text[:found]))


def convert(value: object, kind: Any, path: Path, error: Callable[[Path, str], SourceError]) -> Any:
    """Convert a plain value to a type; `error` returns the exception for a mistake at a path.

    A type is a dataclass, StrEnum, str, bool, int, `tuple[T, ...]`, `Mapping[str, T]`, a union or
    Any. The metadata of a field may contain its `name` in the document.
    """
    alternatives = _alternatives(kind)
    if type(value) is alternatives[0]:  # most values: strings, numbers and booleans
        return value
    if len(alternatives) > 1:
        kind = next((item for item in alternatives if _fits(value, item)), None)
    else:
        kind = alternatives[0]
    if kind is None or not _fits(value, kind):
        wanted = " or ".join(_describe(item, path) for item in alternatives)
        raise error(path, f"{format_path(path)} is {show(value)}; write {wanted}")
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple and isinstance(value, list):
        return tuple(
            convert(item, arguments[0], (*path, number), error) for number, item in enumerate(value)
        )
    if isinstance(value, dict) and origin is not None:
        return {
            name: convert(item, arguments[1], (*path, name), error) for name, item in value.items()
        }
    if isinstance(value, dict) and is_dataclass(kind):
        return _convert_table(value, kind, path, error)
    if isinstance(value, str) and isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    return value


def _convert_table(
    table: dict[str, Any], kind: Any, path: Path, error: Callable[[Path, str], SourceError]
) -> Any:
    known, hints = _members(kind)
    values: dict[str, Any] = {}
    for name, value in table.items():
        here = (*path, name)
        if name not in known:
            raise error(here, f"{format_path(here)} is unknown; use {join(list(known))}")
        item = known[name]
        hint = hints[item.name]
        if item.metadata.get("one_or_more"):
            found = convert(value, Union[get_args(hint)[0], hint], here, error)  # noqa: UP007
            values[item.name] = found if isinstance(found, tuple) else (found,)
        else:
            values[item.name] = convert(value, hint, here, error)
    for name, item in known.items():
        is_required = item.default is MISSING and item.default_factory is MISSING
        if item.name not in values and is_required:
            here = (*path, name)
            wanted = _describe(hints[item.name], here)
            raise error(here, f"{format_path(here)} is missing; write {wanted}")
    return kind(**values)


@cache
def _members(kind: Any) -> tuple[dict[str, Field[Any]], dict[str, Any]]:
    known = {item.metadata.get("name", item.name): item for item in fields(kind)}
    return known, get_type_hints(kind)


@cache
def _alternatives(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) not in (Union, UnionType):
        return (kind,)
    return tuple(item for item in get_args(kind) if item is not NoneType)


def _fits(value: object, kind: Any) -> bool:
    """Return whether a value has the outer shape of a type; `convert` checks its items."""
    if kind is Any:
        return True
    origin = get_origin(kind)
    if origin is tuple:
        return isinstance(value, list) and (
            not is_dataclass(get_args(kind)[0]) or all(isinstance(item, dict) for item in value)
        )
    if origin is not None or is_dataclass(kind):
        return isinstance(value, dict)
    if issubclass(kind, StrEnum):
        return isinstance(value, str) and value in list(kind)
    return isinstance(value, kind) and isinstance(value, bool) == (kind is bool)


_WORDS = {str: "a string", bool: "true or false", int: "a whole number"}


def _describe(kind: Any, path: Path) -> str:
    """Describe what to write for a type."""
    kinds = _alternatives(kind)
    if len(kinds) > 1:
        return " or ".join(_describe(item, path) for item in kinds)
    kind = kinds[0]
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        if is_dataclass(item):
            header = ".".join(str(step) for step in path if isinstance(step, str))
            return f"[[{header}]] for each {path[-1]}"
        words = (_describe(one, path).removeprefix("a ") for one in _alternatives(item))
        return f"a list of {' or '.join(f'{word}s' for word in words)}"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return join([json.dumps(item) for item in kind])
    return _WORDS.get(kind, "a table")


def format_path(path: Path) -> str:
    """Format a path: `bucket[0].acl`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += "." if text else ""
            text += step if re.fullmatch(r"[\w-]{1,64}", step, re.ASCII) else show(step)
    return text or "the document"


def show(value: object) -> str:
    """Format a value as in TOML or JSON, on one line of at most about 40 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = text if len(text) <= 40 else f"{text[:40]}…"
    return "".join(item if item.isprintable() else f"\\u{ord(item):04x}" for item in text)


def join(words: Sequence[str]) -> str:
    """Format alternatives: `a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


# Places


def decode(source: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark. Raises SourceError."""
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8-sig", errors="replace")
        sentence = f"the byte 0x{source[error.start]:02x} is not valid UTF-8"
        raise SourceError(sentence, *place_of(before)) from None


def place_of(before: str) -> tuple[int, int]:
    """Return the line and the column, from 1, of the end of a text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


# Compiled on use, because most commands read no TOML.
_NAME = r"""(?:[\w-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_STATEMENT = rf"(?P<header>\[\[?)?[ \t]*(?P<names>{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*)"
# An unclosed string extends to the end of its line or of the text, so that the search visits each
# character once.
_STRING = (
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)|\'\'\'.*?(?:\'{3,5}|\Z)'
    r'|"(?:\\.|[^"\\\n])*+"?|\'[^\'\n]*+\'?|\#[^\n]*+'
)
_SKIPPED = rf"{_STRING}|(?P<open>[\[{{])|(?P<close>[\]}}])|(?P<end>\n)|[^\"'#\[\]{{}}\n]+"
_LIMITED = (
    rf"{_STRING}|(?P<open>[\[{{])|(?P<close>[\]}}])|(?P<end>[=,\n])|(?P<dot>\.)"
    rf"|(?P<digits>(?:0[xob][0-9a-fA-F]|[0-9])[0-9a-fA-F_]{{{MAX_DIGITS}}})"
)


def _check_limits(text: str) -> None:
    """Raise SourceError for a text that takes too much time or memory to parse."""
    depth = dots = names = 0
    for token in re.finditer(_LIMITED, text, re.DOTALL):
        kind = token.lastgroup
        if kind == "dot":
            dots += 1
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind == "digits":
            raise SourceError(
                f"this number has more than {MAX_DIGITS} digits", *place_of(text[: token.start()])
            )
        if kind in ("end", "open", "close"):
            dots = 0
        names += kind is not None and kind != "close"
        if max(depth, dots) > MAX_DEPTH:
            raise SourceError("this TOML is nested too deeply")
        if names > MAX_NAMES:
            raise SourceError(f"this TOML has more than {MAX_NAMES} names")


def statements(text: str) -> Iterator[tuple[Path, int, int]]:
    """Yield the path, the start and the end of each header and of each name with its value.

    Names in inline tables are skipped.
    """
    beginning = re.compile(_STATEMENT)
    tables: Counter[Path] = Counter()
    table: Path = ()
    offset = 0
    while offset < len(text):
        while text[offset : offset + 1] in (" ", "\t", "\r", "\n"):
            offset += 1
        statement = beginning.match(text, offset)
        if statement:
            path = () if statement["header"] else table
            for name in _parse_names(statement["names"]):
                path = (*path, name)
                if statement["header"] and tables[path]:
                    path = (*path, tables[path] - 1)
            if statement["header"] == "[[":
                parent = path[:-1] if isinstance(path[-1], int) else path
                path = (*parent, tables[parent])
                tables[parent] += 1
            if statement["header"]:
                table = path
            yield path, offset, _end_of_statement(text, offset)
        offset = _end_of_statement(text, offset)


def _end_of_statement(text: str, offset: int) -> int:
    depth = 0
    for token in re.compile(_SKIPPED, re.DOTALL).finditer(text, offset):
        depth += (token["open"] is not None) - (token["close"] is not None)
        if token["end"] and depth == 0:
            return token.end()
    return len(text)


def _parse_names(dotted: str) -> Iterator[str]:
    import tomllib

    value: Any = tomllib.loads(f"{dotted} = 0")
    while isinstance(value, dict):
        ((name, value),) = value.items()
        yield name
