"""The sentences of a report, for the terminal and the page."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from oss_referer.engine.sentence import Sentence

from . import money
from .figures import quantity, size
from .report import Report
from .verdict import Network, Verdict

NAMES = {
    Verdict.REVOKED: Sentence("locked out"),
    Verdict.GAINED: Sentence("let in"),
    Verdict.UNCHANGED: Sentence("unchanged"),
    Verdict.NOT_CHECKED: Sentence("not checked"),
    Verdict.UNKNOWN: Sentence("unknown"),
}

LOCKED_OUT = {
    True: Sentence("Locked out, of your own domains"),
    False: Sentence("Locked out, of others"),
}
"""The headings of the hosts that are locked out: the sites of the rules, and all others."""


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
    hours = duration(report["period"]["hours"])
    saved = (size(revoked["bytes"]), yuan["revoked"], yuan["per_gb"], hours, yuan["revoked_a_day"])
    yield Sentence("That saves {} of traffic, or ¥{} at ¥{} per GB, in {}: ¥{} a day.", *saved)


def apart(report: Report) -> Iterator[Sentence]:
    """Yield what is not traffic out to the Internet, and what a CDN means for the rules (P-93)."""
    cdn, internal = (report["networks"][name] for name in (Network.CDN, Network.INTERNAL))
    if cdn["requests"]:
        yield Sentence(
            "{} of the requests came from a CDN, which got {}. It is billed as back-to-origin "
            "traffic, and is not in the traffic and money of this report.",
            quantity(cdn["requests"]),
            size(cdn["bytes"]),
        )
    share = money.share(cdn["requests"], report["lines"]["judged"])
    if Decimal(share) >= _MANY:
        yield Sentence(
            "A CDN in front hides the Referer from these rules: {} % of the requests came from it, "
            "and what it has in its cache it gives to everybody. Set its own Referer rules.",
            share,
        )
    if internal["requests"]:
        yield Sentence(
            "{} of the requests came through an internal endpoint, which sent {}. That costs "
            "nothing, and is not in the traffic and money of this report.",
            quantity(internal["requests"]),
            size(internal["bytes"]),
        )


_MANY = 10
"""Per cent of the requests from which on a CDN matters more than the rules."""


def remedies(row: Report, quote: Callable[[str], str] = str) -> Iterator[Sentence]:
    """Yield what would admit a host that is locked out; `quote` marks entries as text."""
    for entry in row.get("remove", ()):
        yield Sentence("remove the blacklist entry {}", quote(entry))
    for entry in row.get("add", ()):
        yield Sentence("add the whitelist entry {}", quote(entry))
    if row.get("set"):
        yield Sentence("set {}", quote(row["set"]))


def duration(hours: int) -> Sentence:
    """Return a number of hours as it is shown."""
    if hours == 1:
        return Sentence("1 hour")
    if hours < 48:
        return Sentence("{} hours", str(hours))
    return Sentence("{} days", f"{hours / 24:.1f}")


def host_name(host: str) -> Sentence:
    """Return a host as it is shown."""
    return Sentence("{}", host) if host else Sentence("(no Referer)")
