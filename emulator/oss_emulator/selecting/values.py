"""Values of SQL: numbers, booleans, timestamps and text, and the conversion of text."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cache, lru_cache
from math import isinf
from typing import Final

from oss_emulator.selecting.statement import Type

_RECOGNISED: Final = tuple(
    """\
YYYYMMDD, YYYY/MM/DD, DD/MM/YYYY, YYYY-MM-DD, DD-MM-YY, DD.MM.YY, HH:MM:SS.mss, HH:MM:SS, \
HH MM SS mss, HH.MM.SS.mss, HHMM, HHMMSSmss, YYYYMMDD HH:MM:SS.mss, YYYY/MM/DD HH:MM:SS.mss, \
DD/MM/YYYY HH:MM:SS.mss, YYYYMMDD HH:MM:SS, YYYY/MM/DD HH:MM:SS, DD/MM/YYYY HH:MM:SS, \
YYYY-MM-DD HH:MM:SS.mss, DD-MM-YYYY HH:MM:SS.mss, YYYY-MM-DD HH:MM:SS, YYYYMMDDTHH:MM:SS, \
YYYYMMDDTHH:MM:SS.mss, DD-MM-YYYYTHH:MM:SS.mss, DD-MM-YYYYTHH:MM:SS, YYYYMMDDTHHMM, \
YYYYMMDDTHHMMSS, YYYYMMDDTHHMMSSMSS, ISO8601-0, ISO8601-1, CommonLog, RFC822, ?D/?M/YY, \
?D/?M/YY ?H:?M, ?D/?M/YY ?H:?M:?S""".split(", ")
)
"""The formats that a cast without a format recognises; the first that fits is used."""

_NAMED: Final = tuple("YYYYDDMM YYYY/DD/MM MM/DD/YYYY YYYY-DD-MM MM-DD-YYYY MM.DD.YYYY".split())
"""The formats that a cast must name, because another format reads the same text."""

_LONGEST: Final = 48
"""Maximum characters of a timestamp."""

_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()

_ZONE: Final = r"(?P<zone>Z|GMT|UTC?|[+-][0-9]{2}:?[0-9]{2})"
_MINUTES: Final = r"(?P<H>[0-9]{2}):(?P<m>[0-9]{2})"
_CLOCK: Final = rf"{_MINUTES}:(?P<S>[0-9]{{2}})"
_DATE: Final = r"(?P<Y>[0-9]{4})-(?P<M>[0-9]{2})-(?P<D>[0-9]{2})"
_MONTH: Final = r"(?P<b>[A-Za-z]{3})"
_SPECIAL: Final[Mapping[str, str]] = {
    "ISO8601-0": f"{_DATE}T{_MINUTES}{_ZONE}",
    "ISO8601-1": rf"{_DATE}T{_CLOCK}(?:\.(?P<f>[0-9]{{1,6}}))?{_ZONE}",
    "CommonLog": rf"(?P<D>[0-9]{{2}})/{_MONTH}/(?P<Y>[0-9]{{4}}):{_CLOCK} {_ZONE}",
    "RFC822": (
        rf"(?:[A-Za-z]{{3}}, )?(?P<D>[0-9]{{1,2}}) {_MONTH} (?P<Y>[0-9]{{4}}) {_CLOCK} {_ZONE}"
    ),
}

_PIECES: Final = re.compile(r"YYYY|YY|MM|DD|HH|SS|mss|MSS|\?[DMHS]|.")
_WIDTHS: Final = {
    "YYYY": r"(?P<Y>[0-9]{4})",
    "YY": r"(?P<y>[0-9]{2})",
    "DD": r"(?P<D>[0-9]{2})",
    "HH": r"(?P<H>[0-9]{2})",
    "SS": r"(?P<S>[0-9]{2})",
    "mss": r"(?P<f>[0-9]{3})",
    "MSS": r"(?P<f>[0-9]{3})",
    "?D": r"(?P<D>[0-9]{1,2})",
    "?H": r"(?P<H>[0-9]{1,2})",
    "?S": r"(?P<S>[0-9]{1,2})",
}


def is_time_format(form: str) -> bool:
    """Return whether a cast may name a format."""
    return form in _RECOGNISED or form in _NAMED


def parse_timestamp(text: str, form: str = "") -> datetime | None:
    """Parse a timestamp, by default in any recognised format; None if it does not fit.

    The result is in UTC, without a time zone. A year of two digits is from 1969 to 2068, and a time
    without a date is on 1970-01-01 (both assumed).
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    for name in (form,) if form else _candidates(_shape(text)):
        match = _pattern(name).fullmatch(text)
        if match is not None:
            found = _make(match.groupdict())
            if found is not None:
                return found
    return None


def format_timestamp(value: datetime) -> str:
    """Format a timestamp as `YYYY-MM-DD HH:MM:SS[.mss]` (assumed)."""
    text = value.strftime("%Y-%m-%d %H:%M:%S").zfill(19)
    return f"{text}.{value.microsecond // 1000:03}" if value.microsecond else text


def _shape(text: str) -> str:
    """Replace digits by 0 and letters by T; usually all rows of a column have the same shape."""
    return re.sub(r"[A-Za-z]", "T", re.sub(r"[0-9]", "0", text[:_LONGEST]))


@cache
def _pattern(form: str) -> re.Pattern[str]:
    if form in _SPECIAL:
        return re.compile(_SPECIAL[form])
    parts, in_clock = [], False
    for piece in _PIECES.findall(form):
        in_clock = in_clock or piece in ("HH", "?H")
        if piece in ("MM", "?M"):
            digits = "{2}" if piece == "MM" else "{1,2}"
            parts.append(f"(?P<{'m' if in_clock else 'M'}>[0-9]{digits})")
        else:
            parts.append(_WIDTHS.get(piece, re.escape(piece)))
    return re.compile("".join(parts))


@lru_cache(256)
def _candidates(shape: str) -> tuple[str, ...]:
    """Return the recognised formats that may fit texts of a shape."""
    return tuple(
        name for name in _RECOGNISED if name in _SPECIAL or _pattern(name).fullmatch(shape)
    )


def _make(parts: Mapping[str, str | None]) -> datetime | None:
    name, short = (parts.get("b") or "").lower(), int(parts.get("y") or 70)
    try:
        month = _MONTHS.index(name) + 1 if name else int(parts.get("M") or 1)
        found = datetime(
            int(parts.get("Y") or (short + (2000 if short < 69 else 1900))),
            month,
            int(parts.get("D") or 1),
            hour=int(parts.get("H") or 0),
            minute=int(parts.get("m") or 0),
            second=int(parts.get("S") or 0),
            microsecond=int((parts.get("f") or "0").ljust(6, "0")),
            tzinfo=UTC,
        )
        return (found - _offset(parts.get("zone") or "")).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> timedelta:
    if not zone.startswith(("+", "-")):
        return timedelta()
    digits = zone[1:].replace(":", "")
    found = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -found if zone[0] == "-" else found


_NUMBER: Final = re.compile(
    r"[ \t\r\n\f]*([+-]?(?:(?P<whole>[0-9]+)|[0-9]+\.[0-9]*|\.[0-9]+)(?P<power>[eE][+-]?[0-9]+)?)"
    r"[ \t\r\n\f]*"
)
_DIGITS: Final = 18
"""Digits of a decimal after the point; up to 20 are before it (Q-43)."""
EXACT_CONTEXT: Final = Context(prec=64, rounding=ROUND_HALF_UP)
"""The context for decimals; the default context has only 28 digits."""
_STEP: Final = Decimal(1).scaleb(-_DIGITS)
_BEYOND: Final = Decimal(10) ** 20


class BadRowError(Exception):
    """A row has a value of the wrong type for the statement (Q-41)."""


def fits_integer(value: Decimal | int) -> bool:
    """Return whether a number is in the range of 64 bits."""
    return -(1 << 63) <= value < 1 << 63


def round_exact(value: Decimal | int) -> Decimal | None:
    """Return a number as a decimal of 38 digits; None if it is too large."""
    fits = -_BEYOND < value < _BEYOND
    return EXACT_CONTEXT.quantize(Decimal(value), _STEP) if fits else None


def to_number(text: str) -> int | float | None:
    """Read an integer of 64 bits or a double; None for an empty text. Raises `BadRowError`."""
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
    """Read an integer of 64 bits; None for an empty text. Raises `BadRowError`."""
    found = to_number(text)
    if isinstance(found, float):
        raise BadRowError
    return found


def to_whole(text: str) -> int | None:
    """Read a number and truncate it to an integer; raises `BadRowError`."""
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
    """Read a decimal; None if the number is too large. Raises `BadRowError`."""
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
    """Return the function that reads timestamps of a format, or if "" of any (Q-45)."""

    def to_timestamp(text: str) -> datetime | None:
        found = parse_timestamp(text, form) if text else None
        if found is None and text:
            raise BadRowError
        return found

    return to_timestamp


ByKind = Mapping[str, Callable[[str], object]]
"""The function that converts text of each kind: `s` string (all of CSV), `n` number, `b` boolean,
`j` object or array. A row with a kind that is missing here is bad."""

NUMBER: Final[ByKind] = dict.fromkeys("sn", to_number)
EXACT: Final[ByKind] = dict.fromkeys("sn", to_exact)
TEXT: Final[ByKind] = dict.fromkeys("snbj", str)

COMPARED: Final[Mapping[Type, ByKind]] = {
    Type.STRING: {"s": str},
    Type.BOOL: dict.fromkeys("sb", to_bool),
    Type.TIMESTAMP: {"s": timestamps_of("")},
}
"""How to convert a column without a cast, by the type that it is compared with."""

CAST: Final[Mapping[Type, ByKind]] = {
    Type.STRING: TEXT,
    Type.BOOL: COMPARED[Type.BOOL],
    # A number with a fraction is truncated; text with a fraction is not an integer.
    Type.INT: {"s": to_integer, "n": to_whole},
    Type.DOUBLE: dict.fromkeys("sn", to_double),
    Type.DECIMAL: dict.fromkeys("sn", to_decimal),
}
"""How to cast a column; `timestamps_of` does this for timestamps."""
