"""The sentences of a report, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator

from .figures import quantity, size
from .report import Report
from .verdict import Verdict

NAMES = {
    Verdict.REVOKED: "locked out",
    Verdict.GAINED: "let in",
    Verdict.UNCHANGED: "unchanged",
    Verdict.NOT_CHECKED: "not checked",
    Verdict.UNKNOWN: "unknown",
}


def headline(report: Report) -> Iterator[str]:
    """Yield the sentences that a report begins with."""
    totals, shares, yuan = report["totals"], report["shares"], report["yuan"]
    revoked, gained, judged = totals["revoked"], totals["gained"], report["lines"]["judged"]
    if not judged:
        yield "No request of the logs was judged."
        return
    than = "the log" if report["against"] == "log" else "the other rules"
    yield (
        f"Of {quantity(judged)} requests, these rules would lock out "
        f"{quantity(revoked['requests'])} ({shares['revoked']['requests']} %) "
        f"and let in {quantity(gained['requests'])}, compared with {than}."
    )
    if not revoked["bytes"]:
        yield "That saves no traffic."
        return
    yield (
        f"That saves {size(revoked['bytes'])} of traffic, or ¥{yuan['revoked']} at "
        f"¥{yuan['per_gb']} per GB, in {_duration(report['period']['hours'])}: "
        f"¥{yuan['revoked_a_day']} a day."
    )


def _duration(hours: int) -> str:
    if hours < 48:
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{hours / 24:.1f} days"


def host_name(host: str) -> str:
    """Return a host as it is shown."""
    return host or "(no Referer)"
