"""Tallies of the requests to each bucket, by site and over time.

The journal drops old requests; a tally keeps the counts, the start of the present verdict, and the
last request of each verdict. Adding a request takes constant time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from oss_referer import Signing
from oss_referer.sources.masking import mask

from oss_emulator.protocol.errors import ErrorCase

if TYPE_CHECKING:  # the journal imports this module
    from oss_emulator.control.journal import JournalEntry

MOST: Final = 500
"""Maximum number of sites with a tally; above it, the site with the oldest last request goes."""
SLOT: Final = 15
"""Seconds of the narrowest slot, whose requests are counted together."""
SLOTS: Final = 60
"""Number of slots from the first request of a tally to its last; above it, slots get wider."""
EMBED_TEST: Final = "embed-test"
"""The parameter of the objects that the embed test requests."""
EMBED_SITE: Final = f"{EMBED_TEST}:"
"""The site of the requests of the embed test, whatever their Referers are."""
_MINI_PROGRAMS: Final = "https://servicewechat.com/"
"""The beginning of the Referers of mini programs; an appid follows (R-44)."""
_ORIGIN: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#\\:\[\s]+|\[[^\]\s]*\])(?::(\d+))?(?=[/?#\\]|\Z)"
)
_PORTS: Final = {"http": "80", "https": "443"}
_LONGEST: Final = 300
"""Maximum characters of a site; a host has at most 253."""

ALLOWED, DENIED, UNCHECKED = 1, 2, 3
"""The indexes of the verdicts in the counts of a tally; index 0 is not used."""
_NONE: Final = [0, 0, 0, 0]


class Failure(StrEnum):
    """Why a request failed for other reasons than the Referer rules."""

    PERMISSIONS = "permissions"
    EXPIRED = "expired"
    """A signed URL or a signature in the header has expired."""
    SIGNATURE = "signature"
    MISSING = "missing"
    SERVER = "server"
    OTHER = "other"


_BY_EC: Final = {
    ErrorCase.REQUEST_EXPIRED.value.ec: Failure.EXPIRED,
    ErrorCase.SIGNATURE_DOES_NOT_MATCH.value.ec: Failure.SIGNATURE,
    ErrorCase.INVALID_ACCESS_KEY_ID.value.ec: Failure.SIGNATURE,
}


def find_failure(entry: JournalEntry) -> Failure | None:
    """Return why a request failed; None if it succeeded or the rules denied it."""
    status, decision = entry.response.status, entry.admission.decision
    if status < 400 or (decision is not None and not decision.allowed):
        return None
    if found := _BY_EC.get(entry.ec):
        return found
    if entry.access is not None and not entry.access.allowed:
        return Failure.PERMISSIONS
    if status >= 500:
        return Failure.SERVER
    return Failure.MISSING if status == 404 else Failure.OTHER


def read_site(referer: str) -> str:
    """Return the site of a Referer; "" for an empty Referer.

    A site is a scheme and a host with its port; a mini program also has its appid (R-44). Text that
    is not a URL is returned whole. Secrets are masked, because sites are shown.
    """
    end = referer.find("/", 8)
    if end > 0 and referer.startswith(_MINI_PROGRAMS):
        end = referer.find("/", len(_MINI_PROGRAMS))
    begin = referer[:end] if end > 0 else referer
    return _read_beginning(begin if len(begin) <= _LONGEST else mask(begin)[:_LONGEST])


@lru_cache(4096)
def _read_beginning(text: str) -> str:
    text = mask(text)
    if text.startswith(_MINI_PROGRAMS):
        from oss_referer.browser.strangers import APPID  # on first use, for a faster start

        appid = text[len(_MINI_PROGRAMS) :]
        return f"{text}/" if APPID.fullmatch(appid) else _MINI_PROGRAMS.rstrip("/")
    found = _ORIGIN.match(text)
    if found is None:
        return text
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    return (
        f"{scheme}://{host}" if port in (None, _PORTS.get(scheme)) else f"{scheme}://{host}:{port}"
    )


class Tally:
    """The tally of the requests of one site to one bucket, or of all requests."""

    __slots__ = (
        "allowed_bytes",
        "counts",
        "denied_bytes",
        "last",
        "last_allowed",
        "last_denied",
        "since",
        "slots",
        "width",
    )

    def __init__(self) -> None:
        self.counts = [*_NONE]
        """The numbers of requests by verdict."""
        self.since = 0.0
        """Start of the present verdict in seconds since the epoch."""
        self.last = 0
        """The last verdict."""
        self.last_allowed: JournalEntry | None = None
        self.last_denied: JournalEntry | None = None
        self.allowed_bytes = 0
        """The bytes of the last allowed entry, which the journal may have dropped."""
        self.denied_bytes = 0
        self.slots: dict[int, list[int]] = {}
        """The numbers of requests by verdict in each slot that has any, by its number."""
        self.width = SLOT
        """Seconds of a slot: a power of two of the narrowest ones. Slot 0 begins at the epoch."""

    @property
    def allowed(self) -> int:
        return self.counts[ALLOWED]

    @property
    def denied(self) -> int:
        return self.counts[DENIED]

    @property
    def unchecked(self) -> int:
        return self.counts[UNCHECKED]

    @property
    def held(self) -> int:
        """The bytes of its entries."""
        return self.allowed_bytes + self.denied_bytes

    @property
    def newest(self) -> int:
        """The number of its last entry."""
        return max(e.number for e in (self.last_allowed, self.last_denied) if e is not None)

    def add(self, time: float, verdict: int) -> None:
        """Count a request."""
        number = int(time) // self.width
        if verdict != self.last:
            self.last, self.since = verdict, time
        self.counts[verdict] += 1
        slot = self.slots.get(number)
        if slot is not None:
            slot[verdict] += 1
        else:
            self.slots[number] = slot = [*_NONE]
            slot[verdict] = 1
            self._fit()

    def _fit(self) -> None:
        """Merge slots until there are few enough from the first to the last."""
        while self.slots and max(self.slots) - min(self.slots) >= SLOTS:
            self._widen(2 * self.width)

    def _widen(self, width: int) -> None:
        factor = width // self.width
        merged: dict[int, list[int]] = {}
        for number, counts in self.slots.items():
            place = number // factor
            merged[place] = _sum(merged.get(place, _NONE), counts)
        self.slots, self.width = merged, width

    def absorb(self, later: Tally) -> None:
        """Add the counts of a later tally, which may be empty."""
        if not later.last:
            return
        is_one_row = later.counts[later.last] == sum(later.counts)
        if later.last != self.last or not is_one_row:
            self.last, self.since = later.last, later.since
        if later.last_allowed is not None:
            self.last_allowed, self.allowed_bytes = later.last_allowed, later.allowed_bytes
        if later.last_denied is not None:
            self.last_denied, self.denied_bytes = later.last_denied, later.denied_bytes
        self.counts = _sum(self.counts, later.counts)
        self._widen(max(self.width, later.width))
        for number, counts in later.slots.items():
            place = number * later.width // self.width
            self.slots[place] = _sum(self.slots.get(place, _NONE), counts)
        self._fit()

    def count(self, verdict: int, entry: JournalEntry, size: int = 0) -> None:
        """Count a request of `size` bytes, and keep it as the last one with its verdict."""
        self.add(entry.admission.request.received, verdict)
        if verdict == ALLOWED:
            self.last_allowed, self.allowed_bytes = entry, size
        else:
            self.last_denied, self.denied_bytes = entry, size


class SiteOf(NamedTuple):
    """A site and a bucket: the key of a tally."""

    site: str
    """The result of `read_site`; "" for requests without a Referer."""
    bucket: str


class Traffic:
    """The tallies since the start, or since the journal was cleared."""

    def __init__(self) -> None:
        self.whole = Tally()
        self.sites: dict[SiteOf, Tally] = {}
        """The sites, in the order of their last requests."""
        self.others = [0, 0, 0, 0]
        """The numbers of requests of dropped sites, by verdict."""
        self.held = 0
        """The bytes of the entries of all sites, also of those that the journal has."""
        self.forgotten = 0
        """Number of dropped sites; a site that is dropped twice counts twice."""
        self.signed = 0
        """Number of requests that were not checked because of their signature (R-01)."""
        self.failures: dict[Failure, int] = {}
        self.private: dict[str, tuple[int, int, str]] = {}
        """How many reads without a signature an ACL denied, and the number in the journal and the
        key of the last one, by bucket."""

    @classmethod
    def of(cls, entries: Iterable[JournalEntry]) -> Self:
        """Tally some requests, the oldest first."""
        made = cls()
        for entry in entries:
            made.add(entry, 0)
        return made

    def copy(self) -> Traffic:
        """Return the same tallies, which do not change; another thread may read them."""
        made = Traffic()
        made.absorb(self)
        return made

    def add(self, entry: JournalEntry, size: int) -> None:
        """Tally a request of `size` bytes, in constant time."""
        admission = entry.admission
        decision, time = admission.decision, admission.request.received
        if entry.response.status >= 400 and (failure := find_failure(entry)) is not None:
            self.failures[failure] = self.failures.get(failure, 0) + 1
            if failure is Failure.PERMISSIONS and entry.needs_public_read:
                before, *_ = self.private.pop(entry.bucket, (0,))
                self.private[entry.bucket] = before + 1, entry.number, admission.target.key
                if len(self.private) > MOST:
                    del self.private[next(iter(self.private))]
        if decision is None or decision.referer is None:
            self.whole.add(time, UNCHECKED)
            is_signed = decision is not None and admission.claimed.signing is Signing.HEADER
            self.signed += is_signed
            return
        verdict = ALLOWED if decision.allowed else DENIED
        self.whole.add(time, verdict)
        key = _key_of(entry, decision.referer)
        tally = self.sites.pop(key, None)
        if tally is None:
            tally = Tally()
            if len(self.sites) == MOST:
                self.forget()
        self.sites[key] = tally
        self.held -= tally.held
        tally.count(verdict, entry, size)
        self.held += tally.held

    @property
    def oldest(self) -> int:
        """The number of the last request of the site that goes next; there must be one."""
        return self.sites[next(iter(self.sites))].newest

    def forget(self) -> None:
        """Drop the site with the oldest last request."""
        gone = self.sites.pop(next(iter(self.sites)))
        self.held -= gone.held
        self.forgotten += 1
        self.others = _sum(self.others, gone.counts)

    def absorb(self, later: Traffic) -> None:
        """Add the tallies of later traffic."""
        self.whole.absorb(later.whole)
        for key, tally in later.sites.items():
            mine = self.sites.pop(key, Tally())
            self.held -= mine.held
            mine.absorb(tally)
            self.held += mine.held
            self.sites[key] = mine
        while len(self.sites) > MOST:
            self.forget()
        self.others = _sum(self.others, later.others)
        self.forgotten += later.forgotten
        self.signed += later.signed
        for failure, count in later.failures.items():
            self.failures[failure] = self.failures.get(failure, 0) + count
        for bucket, (count, number, name) in later.private.items():
            self.private[bucket] = self.private.get(bucket, (0,))[0] + count, number, name

    def find(self, number: int) -> JournalEntry | None:
        """Return a request by its number if it is the last of a site with its verdict."""
        for tally in self.sites.values():
            for entry in (tally.last_allowed, tally.last_denied):
                if entry is not None and entry.number == number:
                    return entry
        return None


def _sum(some: list[int], others: list[int]) -> list[int]:
    return [one + other for one, other in zip(some, others, strict=True)]


def key_of(entry: JournalEntry) -> SiteOf | None:
    """Return the key of the tally of a request; None if the request was not checked."""
    decision = entry.decision
    if decision is None or decision.referer is None:
        return None
    return _key_of(entry, decision.referer)


def _key_of(entry: JournalEntry, referer: str) -> SiteOf:
    site = EMBED_SITE if is_of_embed_test(entry) else read_site(referer)
    return SiteOf(site, entry.admission.target.bucket)


def is_of_embed_test(entry: JournalEntry) -> bool:
    """Return whether a page of the embed test sent a request."""
    return EMBED_TEST in entry.admission.request.query
