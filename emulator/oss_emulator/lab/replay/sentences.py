"""The sentences of a report, for the terminal and the page."""

from collections.abc import Iterator

from oss_emulator.referer.sentence import Sentence

from .figures import quantity, size
from .report import Report
from .verdict import Verdict

NAMES = {
    Verdict.REVOKED: Sentence("locked out"),
    Verdict.GAINED: Sentence("let in"),
    Verdict.UNCHANGED: Sentence("unchanged"),
    Verdict.NOT_CHECKED: Sentence("not checked"),
    Verdict.UNKNOWN: Sentence("unknown"),
}


def headline(report: Report) -> Iterator[Sentence]:
    """Yield the sentences that a report begins with."""
    totals, shares, yuan = report["totals"], report["shares"], report["yuan"]
    revoked, gained, judged = totals["revoked"], totals["gained"], report["lines"]["judged"]
    if not judged:
        yield Sentence("No request of the logs was judged.")
        return
    figures = (
        quantity(judged),
        quantity(revoked["requests"]),
        shares["revoked"]["requests"],
        quantity(gained["requests"]),
    )
    if report["against"] == "log":
        yield Sentence(
            "Of {} requests, these rules would lock out {} ({} %) and let in {}, compared with the "
            "log.",
            *figures,
        )
    else:
        yield Sentence(
            "Of {} requests, these rules would lock out {} ({} %) and let in {}, compared with the "
            "other rules.",
            *figures,
        )
    if not revoked["bytes"]:
        yield Sentence("That saves no traffic.")
        return
    hours = _duration(report["period"]["hours"])
    saved = (size(revoked["bytes"]), yuan["revoked"], yuan["per_gb"], hours, yuan["revoked_a_day"])
    yield Sentence("That saves {} of traffic, or ¥{} at ¥{} per GB, in {}: ¥{} a day.", *saved)


def _duration(hours: int) -> Sentence:
    if hours == 1:
        return Sentence("1 hour")
    if hours < 48:
        return Sentence("{} hours", str(hours))
    return Sentence("{} days", f"{hours / 24:.1f}")


def host_name(host: str) -> Sentence:
    """Return a host as it is shown."""
    return Sentence("{}", host) if host else Sentence("(no Referer)")
