"""The overview of the first screen: which sites are locked out, since when and why."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

from oss_referer import RefererPolicy
from oss_referer.engine import Reason
from oss_referer.plan import BOTH, Site, read_entry
from oss_referer.search.entry import Parts

from oss_emulator.control.api.referer import read_document
from oss_emulator.control.api.route import ApiRequest
from oss_emulator.control.console import review
from oss_emulator.control.console.nearest import Marked, find_nearest
from oss_emulator.control.console.reversal import list_edits
from oss_emulator.control.console.search import Search, parse_period
from oss_emulator.control.journal import JournalEntry
from oss_emulator.control.rule_changes import RuleChange
from oss_emulator.control.traffic import (
    ALLOWED,
    DENIED,
    SLOT,
    SLOTS,
    UNCHECKED,
    Failure,
    SiteOf,
    Tally,
)
from oss_emulator.operations.referer import SUBRESOURCE

SHOWN: Final = 200
"""Maximum number of sites that are shown; the others are only counted."""
_LINES: Final = 5
"""Number of last rule changes that the strip shows."""
_CHANGES: Final = 10
"""Number of last rule changes of a bucket that are searched for the cause."""


class Band(StrEnum):
    YOURS = "yours"
    """Locked out, although an entry of the whitelist names the registered domain."""
    STRANGERS = "strangers"
    """Locked out, and no entry of the whitelist names the registered domain."""
    IN = "in"


class SiteRow(NamedTuple):
    """A site, judged by the present rules of its bucket."""

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
        is_in = self.band is Band.IN and not self.is_fixed and not self.is_partly_denied
        first, second = self.tally.last_denied, self.tally.last_allowed
        found = (second or first) if is_in else (first or second)
        assert found is not None  # noqa: S101 - a tally begins with a request
        return found

    @property
    def since(self) -> float:
        return self.tally.since if self.cause is None else self.cause.time

    @property
    def last(self) -> float:
        """Time of its last request in seconds since the epoch."""
        found = (self.tally.last_allowed, self.tally.last_denied)
        return max(entry.request.received for entry in found if entry is not None)

    @property
    def host(self) -> str:
        """The site without its scheme."""
        return self.key.site.partition("://")[2] or self.key.site

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.key._asdict(),
            "band": self.band.value,
            "allowed": self.tally.allowed,
            "denied": self.tally.denied,
            "since": self.since,
            "request": self.entry.number,
            "fixed": self.is_fixed,
            "last": self.last,
        }


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


class Overview(NamedTuple):
    """The content of the first screen above the list of requests."""

    rows: Mapping[Band, list[SiteRow]]
    others: int
    """The number of sites that are not shown."""
    other_requests: int
    locked_out: tuple[LockedOut, ...]
    whole: Tally
    signed: int
    failures: Mapping[Failure, int]
    begin: float
    """The beginning of the drawn period, in seconds since the epoch."""
    end: float
    changes: tuple[RuleChange, ...]
    since: float
    """The beginning of the chosen period, within the drawn period; `until` is its end."""
    until: float

    @property
    def is_whole(self) -> bool:
        """Whether the chosen period is the whole drawn period."""
        return (self.since, self.until) == (self.begin, self.end)

    @property
    def is_empty(self) -> bool:
        return not any(self.whole.counts)

    @property
    def lines(self) -> list[float]:
        """The positions of the changes, from 0 to SLOTS."""
        return [round((change.time - self.begin) / SLOT, 2) for change in self.changes]

    def to_dict(self) -> dict[str, Any]:
        return {
            "sites": [row.to_dict() for band in Band for row in self.rows[band]],
            "others": self.others,
            "failures": {failure.value: count for failure, count in self.failures.items()},
        }


def survey(asked: ApiRequest, search: Search) -> Overview:
    """Judge the sites that match a search by the present rules of their buckets."""
    traffic, storage = asked.controls.journal.traffic, asked.controls.service.storage
    named = [(key, one) for key, one in traffic.sites.items() if search.fits_site(key)]
    buckets = map(storage.bucket, {key.bucket for key, _ in named})
    documents = {one.name: one.documents.get(SUBRESOURCE) for one in buckets if one is not None}
    gone = [tally for key, tally in named if key.bucket not in documents]
    rows = [
        _judge(asked, key, tally, documents[key.bucket])
        for key, tally in reversed(named)
        if key.bucket in documents
    ]
    by_band = {band: [row for row in rows if row.band is band] for band in Band}
    room, shown, hidden = SHOWN, {}, gone
    for band, found in by_band.items():
        shown[band] = found[:room]
        hidden += [row.tally for row in found[room:]]
        room -= len(shown[band])
    rest = [*(sum(tally.counts) for tally in hidden), sum(traffic.others)]
    last = traffic.whole.slots[-1][0] if traffic.whole.slots else 0
    end = float(last + 1) * SLOT
    begin = end - SLOTS * SLOT
    changes = [one for one in asked.controls.rule_changes.all() if begin <= one.time < end]
    since, until = begin, end
    if chosen := search.value("time"):
        since, until = parse_period(chosen, asked.controls.clock.now())
    return Overview(
        shown,
        len(hidden) + traffic.forgotten,
        sum(rest),
        tuple(_explain(asked, by_band[Band.YOURS], documents)),
        traffic.whole,
        traffic.signed,
        traffic.failures,
        begin,
        end,
        tuple(changes[-_LINES:]),
        min(max(since, begin), end),
        max(min(until, end), begin),
    )


def _judge(asked: ApiRequest, key: SiteOf, tally: Tally, document: bytes | None) -> SiteRow:
    """Judge a site by the present rules, which may be newer than its requests."""
    gets_in = _still(asked, tally.last_allowed, document, allowed=True)
    stays_out = _still(asked, tally.last_denied, document, allowed=False)
    is_out = stays_out and not gets_in
    band = Band.IN
    if is_out:
        band = Band.YOURS if _names(document, key.site) else Band.STRANGERS
    is_fixed = tally.last == DENIED and not stays_out
    cause = _find_cause(asked, key, tally) if band is Band.YOURS else None
    return SiteRow(key, tally, band, is_fixed, stays_out and gets_in, cause)


def _still(
    asked: ApiRequest, entry: JournalEntry | None, document: bytes | None, *, allowed: bool
) -> bool:
    """Return whether the present rules decide a request as before; False without a request."""
    if entry is None:
        return False
    if entry.rules == document:
        return True
    policy = asked.controls.service.hotlinks.policy_of(document)
    return review.decide_again(policy, entry).allowed is allowed


def _find_cause(asked: ApiRequest, key: SiteOf, tally: Tally) -> RuleChange | None:
    """Find the change that locked out a site that got in before; None if there is none."""
    entry, before = tally.last_denied, tally.last_allowed
    if entry is None or before is None:
        return None
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
    asked: ApiRequest, rows: Iterable[SiteRow], documents: Mapping[str, bytes | None]
) -> Iterator[LockedOut]:
    """Yield the number of sites that are locked out, for each bucket and cause."""
    groups: dict[tuple[str, RuleChange | None], list[SiteRow]] = {}
    for row in rows:
        groups.setdefault((row.key.bucket, row.cause), []).append(row)
    for (bucket, cause), found in groups.items():
        edits: tuple[tuple[str, str, str], ...] = ()
        is_last = False
        if cause is not None:
            rules = map(read_document, (cause.before, cause.after))
            edits = list_edits(*rules)
            is_last = asked.controls.rule_changes.latest(bucket, documents[bucket]) == cause
        since = min(row.since for row in found)
        yield LockedOut(bucket, len(found), since, cause, edits, is_last)


def mark_nearest(asked: ApiRequest, row: SiteRow) -> Marked | None:
    """Find the entry that denies a site, or else the entry closest to its Referer."""
    entry = row.entry
    decision = entry.decision
    if decision is None or not decision.referer or decision.reason is Reason.BLACKLISTED:
        matched = decision.entry if decision is not None else None
        return None if matched is None else Marked(matched, "", "")
    bucket = asked.controls.service.storage.bucket(row.key.bucket)
    document = None if bucket is None else bucket.documents.get(SUBRESOURCE)
    policy = asked.controls.service.hotlinks.policy_of(document)
    return _nearest(policy, decision.referer)


@lru_cache(1024)
def _nearest(policy: RefererPolicy, referer: str) -> Marked | None:
    miss = find_nearest(policy.reading.whitelist.patterns, referer)
    return None if miss is None else miss.ours


def _names(document: bytes | None, site: str) -> bool:
    """Return whether an entry of the whitelist names the registered domain of a site."""
    return bool(site) and _owner(site) in _owners(document)


@lru_cache(64)
def _owners(document: bytes | None) -> frozenset[str]:
    named = (read_entry(entry).sites for entry in read_document(document).whitelist)
    return frozenset(
        one.path if one.is_mini_program else one.domain for found in named for one in found
    )


@lru_cache(1024)
def _owner(site: str) -> str:
    """Return the registered domain of a site, or the path of a mini program."""
    parts = Parts.split(site)
    found = Site(BOTH, parts.host)
    return parts.rest if found.is_mini_program else found.domain


def draw(tally: Tally, overview: Overview, height: int) -> dict[str, str]:
    """Draw the slots of a tally as SVG paths, SLOTS wide: allowed up, denied down, same scale."""
    first = int(overview.begin) // SLOT
    found: dict[int, list[int]] = {}
    for slot, *counts in tally.slots:
        if 0 <= slot - first < SLOTS:
            merged = found.setdefault(slot - first, [0, 0, 0])
            found[slot - first] = [a + b for a, b in zip(merged, counts, strict=True)]
    up = max((one[ALLOWED - 1] + one[UNCHECKED - 1] for one in found.values()), default=0)
    down = max((one[DENIED - 1] for one in found.values()), default=0)
    scale = (height - 2) / max(up + down, 4)
    middle = round(max(up, 2) * scale + 1) if down else height - 1
    paths = {"up": "", "down": "", "rest": ""}
    for x, (allowed, denied, unchecked) in sorted(found.items()):
        top = round(allowed * scale, 1)
        bars = (("up", middle, -top), ("down", middle + 1, round(denied * scale, 1)))
        for name, y, bar in (*bars, ("rest", middle - top, -round(unchecked * scale, 1))):
            if bar:
                tall = bar if abs(bar) >= 1 else (1 if bar > 0 else -1)
                paths[name] += f"M{x + 0.1:g} {y:g}v{tall:g}h.8v{-tall:g}z"
    return {**paths, "middle": str(middle)}
