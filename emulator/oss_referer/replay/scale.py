"""The scales of the chart of hours: hours without gaps, and a round number of bytes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from .report import Report

MARKS = 6
"""The times below a chart."""
_MOST_HOURS = 24 * 366
"""The most hours that are drawn with the gaps between them."""


def fill(hours: Sequence[Report]) -> dict[datetime, Report | None]:
    """Return the measures of each hour from the first to the last, None for one without requests.

    Further hours make their number one that the marks below a chart divide.
    """
    known = {datetime.fromisoformat(row["hour"]): row for row in hours}
    first, last = min(known), max(known)
    count = (last - first) // timedelta(hours=1) + 1
    if count > _MOST_HOURS:  # the clock of a client was wrong
        return {moment: known[moment] for moment in sorted(known)}
    if count > MARKS:
        count += -count % MARKS
    moments = (first + timedelta(hours=number) for number in range(count))
    return {moment: known.get(moment) for moment in moments}


def ceiling(most: int) -> int:
    """Return the value of a whole number of units that a scale ends with."""
    unit = 1
    while most / unit >= 1024:
        unit *= 1024
    digits = int("1" + "0" * (len(str(int(most / unit))) - 1))
    return max(2, -(-most // (unit * digits)) * digits * unit)
