"""The overview of the first screen: who is locked out or gets in wrongly, since when and why."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

from oss_referer import Decision, RefererPolicy
from oss_referer.engine import Reason
from oss_referer.plan import BOTH, Kind, Site, read_entry
from oss_referer.search.entry import Parts

from oss_emulator.control.api.referer import read_document
from oss_emulator.control.api.route import ApiRequest
from oss_emulator.control.console import review
from oss_emulator.control.console.nearest import Marked, find_nearest
from oss_emulator.control.console.platforms import owner_of
from oss_emulator.control.console.reversal import list_edits
from oss_emulator.control.console.search import Found, Search
from oss_emulator.control.console.visitors import find_url, try_referer
from oss_emulator.control.journal import JournalEntry
from oss_emulator.control.rule_changes import RuleChange
from oss_emulator.control.traffic import (
    ALLOWED,
    DENIED,
    EMBED_SITE,
    SLOT,
    SLOTS,
    UNCHECKED,
    Failure,
    SiteOf,
    Tally,
    Traffic,
    find_failure,
)
from oss_emulator.operations.referer import SUBRESOURCE

SHOWN: Final = 200
"""Maximum number of sites that are shown; the others are only counted."""
FIRST: Final = 12
"""Number of the most important sites that are not folded."""
FIRST_FOUND: Final = 4
"""The same for the sites that a search finds, because its requests follow."""
NAMED: Final = 3
"""Maximum number of names in a line of the headline, and of buckets in a row."""
_LINES: Final = 5
"""Number of last rule changes that the strip shows."""
_CHANGES: Final = 10
"""Number of last rule changes of a bucket that are searched for the cause."""


class Band(StrEnum):
    """What a site is to the owner of a bucket, the most important first."""

    YOURS = "yours"
    """Locked out, although an entry of the whitelist names its owner."""
    WRONG = "wrong"
    """Gets in, although the whitelist names sites, and none of its owner."""
    STRANGERS = "strangers"
    """Locked out, and no entry of the whitelist names its owner."""
    IN = "in"
    TEST = "test"
    """A page of the embed test."""


class Visit(NamedTuple):
    """A site at one bucket, judged by the present rules of the bucket."""

    key: SiteOf
    tally: Tally
    band: Band
    is_fixed: bool
    """Whether its last request was denied but would now be allowed."""
    is_partly_denied: bool
    """Whether some of its requests would still be allowed and others still denied."""
    cause: RuleChange | None
    """The rule change that locked the site out; None if it is unknown."""

    @property
    def entry(self) -> JournalEntry:
        """The request whose story is shown: usually the last denied request."""
        is_out = self.band in (Band.YOURS, Band.STRANGERS)
        first, second = self.tally.last_denied, self.tally.last_allowed
        shows_denied = is_out or self.is_fixed or self.is_partly_denied
        found = (first or second) if shows_denied else (second or first)
        assert found is not None  # noqa: S101 - a tally begins with a request
        return found

    @property
    def state(self) -> str:
        """The name of its mark."""
        if self.is_partly_denied or self.band is Band.WRONG:
            return "part" if self.is_partly_denied else "warning"
        if self.band in (Band.YOURS, Band.STRANGERS):
            return "denied"
        return "not-checked" if _is_refused(self.tally.last_allowed) else "allowed"

    @property
    def since(self) -> float:
        return self.tally.since if self.cause is None else self.cause.time

    @property
    def last(self) -> float:
        """Time of its last request in seconds since the epoch."""
        found = (self.tally.last_allowed, self.tally.last_denied)
        return max(entry.request.received for entry in found if entry is not None)


class SiteRow(NamedTuple):
    """A site with the buckets from which it requested objects."""

    visits: tuple[Visit, ...]
    """The most important one first, then the one with the last request."""
    tally: Tally
    """Of the requests to all these buckets that the search finds."""

    @property
    def first(self) -> Visit:
        return self.visits[0]

    @property
    def site(self) -> str:
        return self.first.key.site

    @property
    def band(self) -> Band:
        return self.first.band

    @property
    def last(self) -> float:
        return max(visit.last for visit in self.visits)

    @property
    def host(self) -> str:
        """The site without its scheme."""
        return self.site.partition("://")[2].rstrip("/") or self.site

    def to_dict(self) -> dict[str, Any]:
        return {
            "site": self.site,
            "bucket": self.first.key.bucket,
            "buckets": [visit.key.bucket for visit in self.visits],
            "band": self.band.value,
            "allowed": self.tally.allowed,
            "denied": self.tally.denied,
            "since": self.first.since,
            "request": self.first.entry.number,
            "fixed": self.first.is_fixed,
            "last": self.last,
        }


SORTS: Final[Mapping[str, Callable[[SiteRow], Any]]] = {
    "last": lambda row: -row.last,
    "site": lambda row: row.host,
    "denied": lambda row: -row.tally.denied,
    "allowed": lambda row: -row.tally.allowed,
    "since": lambda row: -row.first.since,
}
"""The orders of the rows of a band, by the column; the first is the default."""


class LockedOut(NamedTuple):
    """The sites of a bucket that are likely yours and locked out for the same reason."""

    bucket: str
    number: int
    """The number of sites."""
    since: float
    cause: RuleChange | None
    edits: tuple[tuple[str, str, str], ...]
    """The edits of the change: `+` or `-`, a list or a switch, an entry or a value."""
    is_last: bool
    """Whether the bucket still has the rules after the change."""


class Headline(NamedTuple):
    """A finding: what it is, how often, the first names, and the requests that show it."""

    kind: str
    """`out`, `wrong` or `private`, the most important first."""
    number: int
    names: tuple[tuple[str, str, int], ...]
    """A host or a bucket, the bucket, and the number of a request."""


class Overview(NamedTuple):
    """The content of the first screen above the list of requests."""

    rows: Mapping[Band, list[SiteRow]]
    """The sites that the search finds."""
    folded: int
    """The number of the rows of `YOURS` and `WRONG` that are folded."""
    others: int
    """The number of sites that are not shown."""
    other_requests: int
    headlines: tuple[Headline, ...]
    """About all sites, whatever is searched for."""
    numbers: Mapping[Band, int]
    """The numbers of all sites by band."""
    locked_out: tuple[LockedOut, ...]
    whole: Tally
    """The requests over time that the search finds at any time."""
    is_empty: bool
    """Whether there has been no request at all."""
    signed: int
    failures: Mapping[Failure, int]
    begin: float
    """The beginning of the drawn period, in seconds since the epoch."""
    slot: int
    """The seconds of a drawn slot."""
    slots: int
    changes: tuple[RuleChange, ...]
    since: float
    """The beginning of the chosen period, within the drawn period; `until` is its end."""
    until: float

    @property
    def end(self) -> float:
        return self.begin + self.slots * self.slot

    @property
    def is_whole(self) -> bool:
        """Whether the chosen period is the whole drawn period."""
        return (self.since, self.until) == (self.begin, self.end)

    @property
    def lines(self) -> list[float]:
        """The positions of the changes, in slots."""
        return [self.place(change.time) for change in self.changes]

    def place(self, time: float) -> float:
        return round((time - self.begin) / self.slot, 2)

    def to_dict(self) -> dict[str, Any]:
        return {
            "headlines": [one._asdict() for one in self.headlines],
            "sites": [row.to_dict() for band in Band for row in self.rows[band]],
            "others": self.others,
            "failures": {failure.value: count for failure, count in self.failures.items()},
        }


def judge_sites(
    asked: ApiRequest, traffic: Traffic, search: Search, found: Found | None, sort: str = ""
) -> Overview:
    """Judge sites by the present rules of their buckets. `found` is None without a search."""
    storage = asked.controls.service.storage
    buckets = map(storage.bucket, {key.bucket for key in traffic.sites})
    documents = {one.name: one.documents.get(SUBRESOURCE) for one in buckets if one is not None}
    visits = [
        _judge_site(asked, key, tally, documents[key.bucket])
        for key, tally in reversed(traffic.sites.items())
        if key.bucket in documents
    ]
    chosen = traffic.sites if found is None else found.traffic.sites
    gone = [tally for key, tally in chosen.items() if key.bucket not in documents]
    every = _join(visits, traffic.sites)
    rows = every if found is None else _join(visits, chosen)
    rows.sort(key=SORTS.get(sort, SORTS["last"]))
    by_band = {band: [row for row in rows if row.band is band] for band in Band}
    room, shown, hidden = SHOWN, {}, gone
    for band, members in by_band.items():
        shown[band] = members[:room]
        hidden += [row.tally for row in members[room:]]
        room -= len(shown[band])
    rest = [sum(tally.counts) for tally in hidden]
    if found is None:
        rest.append(sum(traffic.others))
    drawn, width = traffic.whole.slots or {0: []}, traffic.whole.width
    slots = SLOTS if width == SLOT else max(drawn) - min(drawn) + 1
    end = float(max(drawn) + 1) * width
    begin = end - slots * width
    changes = [one for one in asked.controls.rule_changes.all() if begin <= one.time < end]
    leading = len(shown[Band.YOURS]) + len(shown[Band.WRONG])
    return Overview(
        shown,
        max(0, leading - (FIRST if found is None else FIRST_FOUND)),
        len(hidden) + (traffic.forgotten if found is None else 0),
        sum(rest),
        tuple(_summarize(asked, every, traffic)),
        {band: sum(row.band is band for row in every) for band in Band},
        tuple(_explain(asked, visits, documents)),
        traffic.whole if found is None else found.whole,
        not any(traffic.whole.counts),
        traffic.signed if found is None else 0,
        traffic.failures,
        begin,
        width,
        slots,
        tuple(changes[-_LINES:]),
        min(max(search.since, begin), end),
        max(min(search.until, end), begin),
    )


def _join(visits: Sequence[Visit], chosen: Mapping[SiteOf, Tally]) -> list[SiteRow]:
    """Join the visits of each site, with the tallies of the chosen requests."""
    order = [*Band]
    by_site: dict[str, list[Visit]] = {}
    for visit in visits:
        if visit.key in chosen:
            by_site.setdefault(visit.key.site, []).append(visit)
    rows = []
    for found in by_site.values():
        found.sort(key=lambda visit: (order.index(visit.band), -visit.last))
        tally = Tally()
        for visit in found:
            tally.absorb(chosen[visit.key])
        rows.append(SiteRow(tuple(found), tally))
    return rows


def _summarize(asked: ApiRequest, rows: Sequence[SiteRow], traffic: Traffic) -> Iterator[Headline]:
    """Yield the findings about all sites, the most important first."""
    for kind, band in (("out", Band.YOURS), ("wrong", Band.WRONG)):
        found = [row for row in rows if row.band is band]
        if found:
            found.sort(key=lambda row: -sum(row.tally.counts))
            names = ((row.host, row.first.key.bucket, row.first.entry.number) for row in found)
            yield Headline(kind, len(found), tuple(names))
    private = {
        bucket: (count, number)
        for bucket, (count, number, key) in traffic.private.items()
        if try_referer(asked, find_url(asked, bucket, key), None)["status"] == 403  # still
    }
    if private:
        names = ((bucket, bucket, number) for bucket, (_, number) in private.items())
        yield Headline("private", sum(count for count, _ in private.values()), tuple(names))


def _judge_site(asked: ApiRequest, key: SiteOf, tally: Tally, document: bytes | None) -> Visit:
    """Judge a site by the present rules, which may be newer than its requests."""
    last = [one for one in (tally.last_allowed, tally.last_denied) if one is not None]
    verdicts = {_decide_now(asked, entry, document).allowed for entry in last}
    gets_in, stays_out = True in verdicts, False in verdicts
    if key.site == EMBED_SITE:
        band = Band.TEST
    elif not gets_in:
        band = Band.YOURS if _Named.by(document).names(key.site) else Band.STRANGERS
    else:
        entry = tally.last_allowed or tally.last_denied
        is_wrong = not _is_refused(entry) and _is_stranger(asked, key.site, entry, document)
        band = Band.WRONG if is_wrong else Band.IN
    is_fixed = tally.last == DENIED and not stays_out
    cause = _find_cause(asked, key, tally) if band is Band.YOURS else None
    return Visit(key, tally, band, is_fixed, stays_out and gets_in, cause)


def _is_refused(entry: JournalEntry | None) -> bool:
    """Return whether permissions denied a request that the rules allow."""
    return entry is not None and find_failure(entry) is Failure.PERMISSIONS


def _decide_now(asked: ApiRequest, entry: JournalEntry, document: bytes | None) -> Decision:
    """Return the decision of the present rules on a request that rules decided."""
    if entry.decision is not None and entry.rules == document:
        return entry.decision
    return review.decide_again(asked.controls.service.hotlinks.policy_of(document), entry)


def _find_cause(asked: ApiRequest, key: SiteOf, tally: Tally) -> RuleChange | None:
    """Find the change that locked out a site that got in before; None if there is none."""
    before = tally.last_allowed
    if before is None:
        return None
    entry = tally.last_denied or before
    policy_of, log = asked.controls.service.hotlinks.policy_of, asked.controls.rule_changes.all()
    changes = [change for change in log if change.bucket == key.bucket][-_CHANGES:]
    for change in reversed(changes):
        if change.time < before.request.received:
            return None
        if review.decide_again(policy_of(change.before), entry).allowed:
            is_open = review.decide_again(policy_of(change.after), entry).allowed
            return None if is_open else change
    return None


def _explain(
    asked: ApiRequest, visits: Iterable[Visit], documents: Mapping[str, bytes | None]
) -> Iterator[LockedOut]:
    """Yield the numbers of sites that are locked out of a bucket by a cause, the most first."""
    groups: dict[tuple[str, RuleChange | None], list[Visit]] = {}
    for visit in visits:
        if visit.band is Band.YOURS:
            groups.setdefault((visit.key.bucket, visit.cause), []).append(visit)
    for (bucket, cause), found in sorted(groups.items(), key=lambda item: -len(item[1])):
        edits: tuple[tuple[str, str, str], ...] = ()
        is_last = False
        if cause is not None:
            rules = map(read_document, (cause.before, cause.after))
            edits = list_edits(*rules)
            is_last = asked.controls.rule_changes.latest(bucket, documents[bucket]) == cause
        since = min(visit.since for visit in found)
        yield LockedOut(bucket, len(found), since, cause, edits, is_last)


def mark_nearest(asked: ApiRequest, row: SiteRow) -> Marked | None:
    """Find the entry that decides on a site, or else the entry closest to its Referer."""
    bucket = asked.controls.service.storage.bucket(row.first.key.bucket)
    document = None if bucket is None else bucket.documents.get(SUBRESOURCE)
    decision = _decide_now(asked, row.first.entry, document)
    if not decision.referer or decision.reason is not Reason.NOT_WHITELISTED:
        return None if decision.entry is None else Marked(decision.entry, "", "")
    policy = asked.controls.service.hotlinks.policy_of(document)
    return _nearest(policy, decision.referer)


@lru_cache(1024)
def _nearest(policy: RefererPolicy, referer: str) -> Marked | None:
    miss = find_nearest(policy.reading.whitelist.patterns, referer)
    return None if miss is None else miss.ours


class _Named:
    """The owners that the whitelist of some rules names."""

    def __init__(self, document: bytes | None) -> None:
        self._readings = {text: read_entry(text) for text in read_document(document).whitelist}

    @staticmethod
    @lru_cache(256)
    def by(document: bytes | None) -> "_Named":
        return _Named(document)

    @cached_property
    def _owners(self) -> frozenset[str]:
        sites = (site for found in self._readings.values() for site in found.sites)
        return frozenset(
            # A wildcard before the domain of a platform means all its services.
            site.path
            if site.is_mini_program
            else site.domain
            if site.is_wild
            else owner_of(site.host)
            for site in sites
        )

    def names(self, site: str) -> bool:
        """Return whether an entry names the owner of a site."""
        return bool(site) and not self._owners.isdisjoint(_find_owners(site))

    def is_stranger(self, site: str, entry: str | None) -> bool:
        """Return whether a site that an entry lets in is not meant, although others are.

        An entry that names no site is taken to mean those that have a part of it as their name.
        """
        reading = self._readings.get(entry or "")
        if not self._owners or reading is None or self.names(site):
            return False
        if reading.sites or reading.kind is Kind.EVERYBODY:
            return True
        name = _find_owners(site)[-1].partition(".")[0]
        return reading.kind is not Kind.NETWORK and name not in (entry or "")


@lru_cache(1024)
def _find_owners(site: str) -> tuple[str, ...]:
    """Return the names of the owner of a site: its registered domain, or a mini program's path."""
    parts = Parts.split(site)
    found = Site(BOTH, parts.host)
    return (parts.rest,) if found.is_mini_program else (owner_of(parts.host), found.domain)


def _is_stranger(
    asked: ApiRequest, site: str, entry: JournalEntry | None, document: bytes | None
) -> bool:
    """Return whether a site gets in wrongly, by the entry that lets it in now."""
    if entry is None or "://" not in site:
        return False
    decision = _decide_now(asked, entry, document)
    return decision.allowed and _Named.by(document).is_stranger(site, decision.entry)


def draw_tally(tally: Tally, overview: Overview, height: int) -> dict[str, str]:
    """Draw a tally as SVG paths, a unit wide a slot: allowed up, denied down, same scale."""
    found: dict[int, list[int]] = {}
    for slot, counts in tally.slots.items():
        place = int(overview.place(slot * tally.width))
        if 0 <= place < overview.slots:
            merged = found.get(place, [0, 0, 0, 0])
            found[place] = [a + b for a, b in zip(merged, counts, strict=True)]
    up = max((one[ALLOWED] + one[UNCHECKED] for one in found.values()), default=0)
    down = max((one[DENIED] for one in found.values()), default=0)
    scale = (height - 2) / max(up + down, 4)
    middle = round(max(up, 2) * scale + 1) if down else height - 1
    paths = {"up": "", "down": "", "rest": ""}
    for x, (_, allowed, denied, unchecked) in sorted(found.items()):
        top = round(allowed * scale, 1)
        bars = (("up", middle, -top), ("down", middle + 1, round(denied * scale, 1)))
        for name, y, bar in (*bars, ("rest", middle - top, -round(unchecked * scale, 1))):
            if bar:
                tall = bar if abs(bar) >= 1 else (1 if bar > 0 else -1)
                paths[name] += f"M{x + 0.1:g} {y:g}v{tall:g}h.8v{-tall:g}z"
    return {**paths, "middle": str(middle)}
