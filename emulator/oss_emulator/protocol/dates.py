"""Times: seconds since the epoch here, RFC 1123 in headers, ISO 8601 in XML."""

import re
from calendar import timegm
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import gmtime, strptime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


EARLIEST, LATEST = -62_135_596_800.0, 253_402_300_799.0
"""The first second of the year 1 and the last of 9999: the times that `datetime` can have."""


@lru_cache(4096)
def _format_http(second: int) -> str:
    t = gmtime(second)
    # Not strftime, whose names of days and months depend on the locale.
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday:02} {_MONTHS[t.tm_mon - 1]} {t.tm_year:04} "
        f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} GMT"
    )


def format_http(time: float) -> str:
    """Format for a header: `Fri, 24 Feb 2012 06:07:48 GMT`, always a two-digit day (P-31)."""
    return _format_http(int(time))


def format_iso(time: float) -> str:
    """Format for XML: `2012-02-24T06:07:48.000Z`, milliseconds always zero (P-31)."""
    return f"{_format_iso(time)}.000Z"


def format_compact(time: float) -> str:
    """Format for signatures: `20120224T060748Z`."""
    return f"{_format_iso(time).replace('-', '').replace(':', '')}Z"


def format_beijing(time: float) -> str:
    """Format for answers about metadata: `2012-02-24T14:07:48.000000000+08:00` (P-65)."""
    return f"{_format_iso(time + 8 * 60 * 60)}.000000000+08:00"


def _format_iso(time: float) -> str:
    t = gmtime(int(time))
    day = f"{t.tm_year:04}-{t.tm_mon:02}-{t.tm_mday:02}"
    return f"{day}T{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}"


_EARLY = re.compile(r"(?<= )00\d\d(?= )")


def parse_http(text: str) -> float | None:
    """Parse a date of a header into seconds since the epoch; None if it is invalid.

    A date without a time zone is in UTC, whatever the time zone of this machine.
    """
    try:
        date = parsedate_to_datetime(text)
        if year := _EARLY.search(text):  # not an abbreviation of 20xx
            date = date.replace(year=int(year[0]))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, IndexError, OverflowError):
        return None


def parse_iso(text: str) -> float | None:
    """Parse a date of XML or of a condition into seconds since the epoch; None if it is invalid."""
    for form in ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            time = float(timegm(strptime(text, form)))
        except ValueError:
            continue
        return time if time <= LATEST else None
    return None
