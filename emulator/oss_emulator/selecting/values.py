"""The text of a column or of a JSON value, read as a type."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from math import isinf
from typing import Final

from oss_emulator.selecting import timestamps
from oss_emulator.selecting.statement import Type

_NUMBER: Final = re.compile(
    r"[ \t\r\n\f]*([+-]?(?:(?P<whole>[0-9]+)|[0-9]+\.[0-9]*|\.[0-9]+)(?P<power>[eE][+-]?[0-9]+)?)"
    r"[ \t\r\n\f]*"
)
_DIGITS: Final = 18
"""Digits of a decimal after the point; before it there are 20 (Q-43)."""
EXACT_CONTEXT: Final = Context(prec=64, rounding=ROUND_HALF_UP)
"""Calculates with decimals; the usual context has 28 digits."""
_STEP: Final = Decimal(1).scaleb(-_DIGITS)
_BEYOND: Final = Decimal(10) ** 20


class BadRowError(Exception):
    """A row has a value of another type than the statement needs (Q-41)."""


def fits_integer(value: Decimal | int) -> bool:
    """Return whether a number is in the range of 64 bits."""
    return -(1 << 63) <= value < 1 << 63


def round_exact(value: Decimal | int) -> Decimal | None:
    """Return a number as a decimal of 38 digits, None for one that is too large."""
    fits = -_BEYOND < value < _BEYOND
    return EXACT_CONTEXT.quantize(Decimal(value), _STEP) if fits else None


def to_number(text: str) -> int | float | None:
    """Read an integer of 64 bits or a double; None for no text. Raises `BadRowError`."""
    if len(text) < 18 and text.isascii() and text.isdigit():
        return int(text)
    if not text:
        return None
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise BadRowError
    if match["whole"] and not match["power"] and len(match[1]) < 4096:
        whole = int(match[1])
        if fits_integer(whole):
            return whole
    return float(match[1])


def to_integer(text: str) -> int | None:
    """Read an integer of 64 bits; raises `BadRowError` for another number."""
    found = to_number(text)
    if isinstance(found, float):
        raise BadRowError
    return found


def to_whole(text: str) -> int | None:
    """Read a number and cut its fraction; raises `BadRowError`."""
    found = to_number(text)
    if found is None:
        return None
    if isinf(found) or not fits_integer(int(found)):
        raise BadRowError
    return int(found)


def to_double(text: str) -> float | None:
    """Read a double; raises `BadRowError`."""
    found = to_number(text)
    return None if found is None else float(found)


def to_exact(text: str) -> Decimal | None:
    """Read a decimal, None for a number that is too large; raises `BadRowError`."""
    if to_number(text) is None:
        return None
    try:
        return round_exact(Decimal(text.strip(" \t\r\n\f")))
    except InvalidOperation:
        return None


def to_decimal(text: str) -> Decimal | None:
    """Read a decimal; raises `BadRowError`, also for a number that is too large."""
    found = to_exact(text)
    if found is None and text:
        raise BadRowError
    return found


def to_bool(text: str) -> bool | None:
    """Read `true` or `false`; raises `BadRowError`."""
    if text and text.lower() not in ("true", "false"):
        raise BadRowError
    return text.lower() == "true" if text else None


def timestamps_of(form: str) -> Callable[[str], datetime | None]:
    """Return the function that reads timestamps, "" for any recognised format (Q-45)."""

    def to_timestamp(text: str) -> datetime | None:
        found = timestamps.parse(text, form) if text else None
        if found is None and text:
            raise BadRowError
        return found

    return to_timestamp


ByKind = Mapping[str, Callable[[str], object]]
"""How text becomes a value, by its kind: `s` string (all of CSV), `n` number, `b` boolean, `j`
object or array. A row with another kind is bad."""

NUMBER: Final[ByKind] = dict.fromkeys("sn", to_number)
EXACT: Final[ByKind] = dict.fromkeys("sn", to_exact)
TEXT: Final[ByKind] = dict.fromkeys("snbj", str)

COMPARED: Final[Mapping[Type, ByKind]] = {
    Type.STRING: {"s": str},
    Type.BOOL: dict.fromkeys("sb", to_bool),
    Type.TIMESTAMP: {"s": timestamps_of("")},
}
"""How a column without a cast becomes what it is compared with."""

CAST: Final[Mapping[Type, ByKind]] = {
    Type.STRING: TEXT,
    Type.BOOL: COMPARED[Type.BOOL],
    # A number with a fraction is cut; text with one is not an integer.
    Type.INT: {"s": to_integer, "n": to_whole},
    Type.DOUBLE: dict.fromkeys("sn", to_double),
    Type.DECIMAL: dict.fromkeys("sn", to_decimal),
}
"""How a column is cast; timestamps have a format."""
