"""The times in a signature, as seconds since the epoch."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from oss_emulator.protocol import dates
from oss_emulator.protocol.errors import ErrorCase, OSSError


def parse_date(headers: Mapping[str, str]) -> tuple[str, float]:
    """Parse the date of a request signed in its header: `x-oss-date`, else `Date` (P-10, P-15).

    Returns its text and its seconds since the epoch; raises `AccessDenied` without a valid date.
    """
    text = headers.get("x-oss-date") or headers.get("date")
    if not text:
        raise OSSError(ErrorCase.DATE_REQUIRED)
    text = text.strip()
    seconds = parse(text)
    if seconds is None:
        raise OSSError(ErrorCase.DATE_REQUIRED, ec="0002-00000502")
    return text, seconds


def parse_expires(text: str) -> int:
    """Parse the expiry in a URL of V1 or V2, seconds since the epoch; raises `AccessDenied`."""
    seconds = parse_seconds(text)
    if seconds is None:
        raise OSSError(ErrorCase.INVALID_EXPIRES)
    return seconds


def parse_seconds(text: str) -> int | None:
    """Parse up to 15 digits; None for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


@lru_cache(1024)  # busy clients send the same second many times
def parse(text: str) -> float | None:
    """Parse `20221228T102741Z` or `Wed, 28 Dec 2022 10:27:41 GMT`; None for any other text."""
    if len(text) == 16 and text[8] == "T" and text[15] == "Z":
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            return None
    return dates.parse_http(text)


@lru_cache(64)
def day(seconds: float) -> str:
    """Format the UTC day of a time: `YYYYMMDD`."""
    return dates.format_iso(seconds)[:10].replace("-", "")
