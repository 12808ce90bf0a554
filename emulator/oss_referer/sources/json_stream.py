"""Cuts the elements of an array out of JSON that is longer than memory, such as a HAR of a browser.

Only one value is in memory at a time, and `json_text` parses it within its limits.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError
from oss_referer.sources.toml import MAX_FILE

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[\[\]{}]', re.DOTALL)
_SCALAR: Final = re.compile(r'[^\s,:\[\]{}"]*')
_SPACE: Final = re.compile(r"[ \t\r\n]*")
LONGEST_TEXT: Final = 1 << 20
"""The most characters of a string that are certainly kept; a longer one may lose its beginning."""
_LEAST: Final = 1 << 16
"""The fewest characters to read at a time."""


def read(
    pieces: Iterable[bytes], path: Sequence[str], array: str, most: int = MAX_FILE
) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of an object's members; those of its array one by one.

    `path` has the names of the members that lead to the object, `array` is the name of the array.
    Raises JSONError if the text is not JSON, or a value has more than `most` characters.
    """
    window = _Window(pieces, most)
    yield from _read(window, path, array)
    if window.peek():
        raise _invalid("there is text after its end")


def _read(window: "_Window", path: Sequence[str], array: str) -> Iterator[tuple[str, Any]]:
    for name in window.members():
        if path and name == path[0] and window.peek() == "{":
            yield from _read(window, path[1:], array)
        elif path:
            window.cut()
        elif name != array:
            yield name, window.value()
        elif window.peek() == "[":
            for _ in window.each("[", "]"):
                yield name, window.value()
        else:
            window.cut()


class _Window:
    """The part of a text that has been read and not used yet."""

    def __init__(self, pieces: Iterable[bytes], most: int) -> None:
        decoder = getincrementaldecoder("utf-8-sig")(errors="replace")
        self._pieces = (
            decoder.decode(piece[start : start + _LEAST])
            for piece in pieces
            for start in range(0, len(piece), _LEAST)
        )
        self._most = most
        self._text, self._place = "", 0

    def members(self) -> Iterator[str]:
        """Yield the name of each member of an object, before its value."""
        for _ in self.each("{", "}"):
            name = self.value()
            if not isinstance(name, str):
                raise _invalid("Expecting property name enclosed in double quotes")
            if self._take() != ":":
                raise _invalid("Expecting ':' delimiter")
            yield name

    def each(self, opening: str, closing: str) -> Iterator[None]:
        """Yield before each element of an array or an object."""
        if self._take() != opening:
            raise _invalid("Expecting value")
        if self.peek() == closing:
            self._place += 1
            return
        end = ","
        while end == ",":
            yield
            end = self._take()
        if end != closing:
            raise _invalid("Expecting ',' delimiter")

    def value(self) -> Any:
        return json_text.parse(self.cut(), most=self._most, errors="surrogatepass")

    def cut(self) -> str:
        """Return the text of the next value."""
        first, start = self.peek(), self._place
        if first not in '"[{':
            while (found := _SCALAR.match(self._text, self._place)) and self._ends(found):
                if not self._extend():
                    break
            assert found is not None  # noqa: S101 - it matches "" too
            self._place = found.end()
            return found[0]
        depth = scanned = 0
        while True:
            for token in _TOKEN.finditer(self._text, self._place + scanned):
                if token[0] in "[{":
                    depth += 1
                elif token[0] in "]}":
                    depth -= 1
                elif not token[1]:  # the rest of the string is not read yet
                    scanned = token.start() - self._place
                    if len(token[0]) > LONGEST_TEXT:
                        self._text = f'{self._text[: token.start()]}"{self._text[token.end() :]}'
                    break
                if not depth:
                    start, self._place = self._place, token.end()
                    return self._text[start : self._place]
            else:
                scanned = len(self._text) - self._place
            if not self._extend():
                raise _ended()

    def peek(self) -> str:
        """Return the next character that is not white space; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._place)
            self._place = space.end() if space else self._place
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._extend():
                return ""

    def _take(self) -> str:
        found = self.peek()
        if not found:
            raise _ended()
        self._place += 1
        return found

    def _ends(self, found: re.Match[str]) -> bool:
        return found.end() == len(self._text)

    def _extend(self) -> bool:
        """Read as much again as is waiting, so that reading on takes linear time."""
        rest = self._text[self._place :]
        if len(rest) > self._most:
            raise JSONError(f"longer than {self._most}", f"this JSON is longer than {self._most}")
        parts, size = [rest], 0
        for piece in self._pieces:
            parts.append(piece)
            size += len(piece)
            if size > max(len(rest), _LEAST):
                break
        self._text, self._place = "".join(parts), 0
        return size > 0


def _invalid(reason: str) -> JSONError:
    return JSONError(reason, f"this is not valid JSON: {reason}")


def _ended() -> JSONError:
    return _invalid("it ends early")
