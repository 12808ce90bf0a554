"""Timestamps in text (SelectObject, supported time formats)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Final

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
"""The formats that a cast without a format recognises, in this order."""

_NAMED: Final = tuple("YYYYDDMM YYYY/DD/MM MM/DD/YYYY YYYY-DD-MM MM-DD-YYYY MM.DD.YYYY".split())
"""The formats that a cast must name, because another one reads the same text."""

_LONGEST: Final = 48
"""Characters of the longest text that can be a timestamp."""

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


def is_supported(form: str) -> bool:
    """Return whether a cast may name a format."""
    return form in _RECOGNISED or form in _NAMED


def parse(text: str, form: str = "") -> datetime | None:
    """Parse a timestamp, by default in any recognised format; None if it does not fit.

    The result has no time zone and is in UTC. Two digits of a year mean 1969 to 2068, and a time
    without a date is one of 1970-01-01 (both assumed).
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


def format(value: datetime) -> str:
    """Format a timestamp as `YYYY-MM-DD HH:MM:SS[.mss]` (assumed)."""
    text = value.strftime("%Y-%m-%d %H:%M:%S").zfill(19)
    return f"{text}.{value.microsecond // 1000:03}" if value.microsecond else text


def _shape(text: str) -> str:
    """Return a text with 0 for its digits and T for its letters: the rows of a column share it."""
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
