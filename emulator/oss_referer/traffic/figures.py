"""The figures and sentences of a report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from oss_referer.engine import Sentence
from oss_referer.traffic.judge import Network, Verdict

Report = dict[str, Any]
"""A report as values for JSON; docs/replay.md describes it."""
# Money

GB = 1024**3
"""Bytes of a GB for billing."""
PRICE = Decimal("0.50")
"""The default price in yuan of a GB of traffic out to the Internet."""


def cost(count: int, price: Decimal) -> str:
    """Return the price of some bytes in yuan, with two decimals."""
    return str((Decimal(count) * price / GB).quantize(Decimal("0.01"), ROUND_HALF_UP))


def share(part: int, whole: int) -> str:
    """Return a percentage with two decimals."""
    if not whole:
        return "0.00"
    return str((Decimal(part) * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_UP))


NAMED = 200
"""The most hosts of a report, for own domains and for others; those that lose most come first."""

# Hours and days, in the time zone of the log

MARKS = 6
"""The number of times below a chart."""
_MOST_HOURS = 24 * 366
"""The most hours of a chart with gaps for hours without requests."""


def fill_hours(hours: Sequence[Report]) -> dict[datetime, Report | None]:
    """Return the measures of each hour from the first to the last; None if it has no requests.

    Extra hours at the end make the number of hours divisible by `MARKS`.
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


def sum_days(hours: Sequence[Report]) -> list[Report]:
    """Return the measures of each day."""
    days: dict[str, Report] = {}
    for row in hours:
        name = row["hour"][:10]
        empty = {verdict.value: {"requests": 0, "bytes": 0} for verdict in Verdict}
        day = days.setdefault(name, {"hour": name, **empty})
        for verdict in Verdict:
            for what in ("requests", "bytes"):
                day[verdict][what] += row[verdict][what]
    return list(days.values())


def zone(hours: Sequence[Report]) -> str:
    """Return the time zone of a log, such as `UTC+08:00`."""
    return datetime.fromisoformat(hours[0]["hour"]).tzname() or ""


def time_name(row: Report) -> Sentence:
    return Sentence("{}", row["hour"].replace("T", " ")[:16])


def period(report: Report) -> Sentence:
    hours = report["hours"]
    first, last = (datetime.fromisoformat(hours[place]["hour"]) for place in (0, -1))
    return Sentence(
        "{} to {} ({}), {}",
        f"{first:%Y-%m-%d %H:%M}",
        f"{last + timedelta(hours=1):%Y-%m-%d %H:%M}",
        zone(hours),
        duration(report["period"]["hours"]),
    )


def ceiling(most: int) -> int:
    """Return the round value, in bytes, at the end of a scale for values up to `most`."""
    unit = 1
    while most / unit >= 1024:
        unit *= 1024
    digits = int("1" + "0" * (len(str(int(most / unit))) - 1))
    return max(2, -(-most // (unit * digits)) * digits * unit)


def scale(hours: Sequence[Report]) -> int:
    """Return the value at the top of a chart of hours."""
    return ceiling(max(sum(row[verdict]["bytes"] for verdict in Verdict) for row in hours))


# Figures for people

_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


def quantity(number: int) -> str:
    return f"{number:,}"


def size(count: int) -> str:
    """Format a number of bytes in a suitable unit; each unit is 1,024 of the smaller one."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} B"


# Sentences

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
"""The headings for hosts that are locked out: the sites of the rules, and all others."""


def headline(report: Report) -> Iterator[Sentence]:
    """Yield the first sentences of a report."""
    totals, shares, yuan = report["totals"], report["shares"], report["yuan"]
    revoked, gained, judged = totals["revoked"], totals["gained"], report["lines"]["judged"]
    if not report["lines"]["read"]:
        yield Sentence("The logs are empty, so there was nothing to judge.")
        return
    if not judged:
        yield Sentence("No request of the logs was judged.")
        if others := report["other_buckets"]:
            template = "None was to the bucket {}; the logs have requests to: {}."
            yield Sentence(template, report["bucket"], ", ".join(others))
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


def other_networks(report: Report) -> Iterator[Sentence]:
    """Yield sentences about traffic that stays off the Internet, and about a CDN (P-93)."""
    cdn, internal = (report["networks"][name] for name in (Network.CDN, Network.INTERNAL))
    if cdn["requests"]:
        yield Sentence(
            "{} of the requests came from a CDN, which got {}. It is billed as back-to-origin "
            "traffic, and is not in the traffic and money of this report.",
            quantity(cdn["requests"]),
            size(cdn["bytes"]),
        )
    percentage = share(cdn["requests"], report["lines"]["judged"])
    if Decimal(percentage) >= _MANY:
        yield Sentence(
            "A CDN in front hides the Referer from these rules: {} % of the requests came from it, "
            "and it sends objects from its cache to everybody. Set Referer rules there.",
            percentage,
        )
    if internal["requests"]:
        yield Sentence(
            "{} of the requests came through an internal endpoint, which sent {}. That costs "
            "nothing, and is not in the traffic and money of this report.",
            quantity(internal["requests"]),
            size(internal["bytes"]),
        )


_MANY = 10
"""Per cent of the requests from a CDN, from which on the CDN matters more than the rules."""


def remedies(row: Report, quote: Callable[[str], str] = str) -> Iterator[Sentence]:
    """Yield changes that would let in a host that is locked out; `quote` formats entries."""
    for entry in row.get("remove", ()):
        yield Sentence("remove the blacklist entry {}", quote(entry))
    for entry in row.get("add", ()):
        yield Sentence("add the whitelist entry {}", quote(entry))
    if row.get("set"):
        yield Sentence("set {}", quote(row["set"]))


def duration(hours: int) -> Sentence:
    if hours == 1:
        return Sentence("1 hour")
    if hours < 48:
        return Sentence("{} hours", str(hours))
    return Sentence("{} days", f"{hours / 24:.1f}")


LISTS = {"whitelist": Sentence("whitelist"), "blacklist": Sentence("blacklist")}


def host_name(host: str) -> Sentence:
    return Sentence("{}", host) if host else Sentence("(no Referer)")


def folder_name(prefix: str) -> Sentence:
    return Sentence("{}", prefix) if prefix else Sentence("(no folder)")


_FAMILIES: Mapping[str, Sentence] = {
    str(said): said
    for said in (
        Sentence("no User-Agent"),
        Sentence("robots"),
        Sentence("programs"),
        Sentence("other browsers"),
    )
}


def family_name(family: str) -> Sentence:
    """Return the name of a kind of User-Agent; names of browsers are not translated."""
    return _FAMILIES.get(family, Sentence("{}", family))
