"""A parser for JSON from outside, with limits on its size, its depth and its numbers.

All forms, policies, rules, requests, logs, archives and key sets are parsed here. The result is
safe to walk recursively, to serialize and to compute with. A test searches the package for other
parsers.
"""

import json
import re
from collections.abc import Callable
from math import inf, isinf
from typing import Any, Final

from oss_referer.sources.toml import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_FILE,
    SourceError,
    decode,
    place_of,
)

Pairs = Callable[[list[tuple[str, Any]]], Any]


class JSONError(SourceError):
    """A text is not valid JSON, or exceeds a limit."""

    def __init__(
        self, reason: str, sentence: str, place: tuple[int, int] | None = None, unknown: str = ""
    ) -> None:
        super().__init__(sentence, *(place or (1, 1)))
        self.reason = reason
        """The mistake, without its place."""
        self.placed = place is not None
        """Whether `line` and `column` are the place of the mistake; a limit has no place."""
        self.unknown = unknown
        """The character found where a value is expected; "" for another mistake."""


def parse(
    text: str | bytes, *, most: int = MAX_FILE, pairs: Pairs = dict, errors: str = "strict"
) -> Any:
    """Parse JSON (RFC 8259); raises `JSONError`, or SourceError for bytes that are not UTF-8.

    `most` is the length of the longest text. `pairs` turns the members of an object into a value.
    Strings must be encodable as UTF-8 with the error handler `errors`, because an escape can stand
    for half of a surrogate pair.
    """
    if len(text) > most:
        raise _beyond(f"longer than {most}")
    if isinstance(text, bytes):
        text = decode(text)
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise _beyond("nested too deeply")
    try:
        value = (_DECODER if pairs is dict else _decoder(pairs)).decode(text)
    except json.JSONDecodeError as error:
        raise _explain(text, error) from None
    except _NumberError as error:
        written, reason = error.args
        raise _invalid(reason, text.partition(written)[0]) from None
    if _HALF.search(text):
        _check_texts(value, errors)
    return value


_ENDS: Final = {
    "Expecting value": ("]", "Illegal trailing comma before end of array"),
    "Expecting property name enclosed in double quotes": (
        "}",
        "Illegal trailing comma before end of object",
    ),
}


def _explain(text: str, error: json.JSONDecodeError) -> JSONError:
    """Return the error, which names a trailing comma as Python 3.13 does."""
    found = text[error.pos : error.pos + 1]
    before = text[: error.pos].rstrip(" \t\r\n")
    end, trailing = _ENDS.get(error.msg, ("", ""))
    if end and found == end and before.endswith(","):
        return _invalid(trailing, before[:-1])
    return _invalid(error.msg, text[: error.pos], found if error.msg == "Expecting value" else "")


class _NumberError(Exception):
    """A number exceeds a limit; the arguments are the number and the reason."""


def _invalid(reason: str, before: str, unknown: str = "") -> JSONError:
    return JSONError(reason, f"this is not valid JSON: {reason}", place_of(before), unknown)


def _beyond(reason: str) -> JSONError:
    return JSONError(reason, f"this JSON is {reason}")


def _check_texts(value: Any, errors: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8", errors)
    except UnicodeEncodeError:
        raise _beyond("not text: an escape such as \\ud800 is without its pair") from None


def _decoder(pairs: Pairs | None) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=pairs, parse_int=_integer, parse_float=_real, parse_constant=_refuse
    )


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _NumberError(digits, f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits) if len(digits) <= MAX_DIGITS else inf
    if isinf(value):
        raise _NumberError(digits, "a number is too large")
    return value


def _refuse(name: str) -> None:
    raise _NumberError(name, f"{name} is not a number in JSON")


_DECODER: Final = _decoder(None)
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_STRUCTURE: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|([\[{])|[\]}]', re.DOTALL)


def _depth(text: str) -> int:
    """Return how deeply a text is nested. The text may be malformed."""
    depth = deepest = 0
    for token in _STRUCTURE.finditer(text):
        if token[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif token[0][0] != '"':
            depth -= 1
    return deepest


def is_array(text: str) -> bool:
    """Return whether a text begins as a JSON array, and not as a table header in TOML."""
    return re.match(_ARRAY, text) is not None


_ARRAY: Final = (
    r'\s*\[\s*(?:"[^"\n]*"\s*(?:,|\]\s*\Z)|[\[{\]]|(?:-?\d[\d.eE+-]*|true|false|null)\s*,)'
)
