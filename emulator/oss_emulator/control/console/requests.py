"""`/_emulator/requests`: the sites that are locked out, traffic over time, and live requests."""

import asyncio
import shlex
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterable
from typing import Any, Final, NamedTuple

from oss_referer import RefererPolicy
from oss_referer.browser import probes
from oss_referer.sources.masking import mask

from oss_emulator.control.api import journal as api_journal
from oss_emulator.control.api.referer import find_rules, read_rules
from oss_emulator.control.api.route import ApiError, ApiRequest, Route, reply
from oss_emulator.control.console import connect, page, review, sites, story, visitors, wants_page
from oss_emulator.control.console.entries import summarize
from oss_emulator.control.console.reversal import name_site
from oss_emulator.control.console.review import JournalReview
from oss_emulator.control.console.search import (
    UTC,
    ZONE,
    Found,
    Search,
    Word,
    format_site,
    format_word,
)
from oss_emulator.control.console.sites import Band, Overview
from oss_emulator.control.journal import JournalEntry, RefererResult
from oss_emulator.control.traffic import SiteOf, Tally, Traffic, key_of
from oss_emulator.protocol.message import Response

SHOWN: Final = 200
"""Number of rows on a page."""

GROUPED: Final = 20
"""Maximum number of rows of a site in a list by site."""

GROUPS: Final = 200
"""Maximum number of sites in a list by site."""

SCREEN: Final = 30
"""Number of rows after which the sites in a list by site are folded; they load when opened."""

PAUSE: Final = 0.1
"""Seconds in which new requests are collected before they are sent to the page."""

READABLE: Final = 4
"""Requests during a `PAUSE` above which requests are collected for longer."""

LONGER: Final = 5
"""Factor of the longer pause, because rendering takes time on the server and in the browser."""

MOST_SENT: Final = 100
"""Maximum rows sent at once, the newest; the page has a button for the others."""


class SiteGroup(NamedTuple):
    """The requests of one site."""

    key: SiteOf | None
    """None for the requests that were not checked."""
    band: int
    """The index of its band, for sorting."""
    number: int
    denied: int
    last: float
    """Time of the last request in seconds since the epoch."""
    is_open: bool
    """Whether its rows are unfolded at first: only those on the first screen."""
    rows: list[dict[str, Any]]
    """The newest requests, the newest first; none while it is folded."""

    @property
    def search(self) -> str:
        """The search that finds all requests of the group."""
        if self.key is None:
            return "is:not-checked"
        site = Word("site", format_site(self.key.site))
        return f"{format_word(site)} bucket:{self.key.bucket}"


class _View(NamedTuple):
    """The parameters of a page."""

    search: Search
    text: str
    problem: str
    """Why the search cannot be parsed; "" for a valid search."""
    by_site: bool
    sort: str
    """The column that sorts the sites."""

    @classmethod
    def parse(cls, asked: ApiRequest) -> "_View":
        # Mask the search like the entries, so that a signed URL finds its requests.
        text, problem = mask(asked.query.get("q", "")), ""
        now, zone = asked.controls.clock.now(), asked.query.get("zone", "")
        try:
            search = Search.parse(text, now, zone if ZONE.fullmatch(zone) and zone else UTC)
        except ApiError as error:
            search, problem = Search.parse("", now), error.sentence
        sort = asked.query.get("sort", "")
        return cls(search, text, problem, asked.query.get("by") != "time", sort)


class _Seen(NamedTuple):
    """What the journal had when a page was requested; another thread renders the page from it."""

    entries: list[JournalEntry]
    traffic: Traffic
    dropped: int

    @classmethod
    def take(cls, asked: ApiRequest, since: int = 0) -> "_Seen":
        """Take the entries with a number above `since`."""
        journal = asked.controls.journal
        return cls(journal.entries(since), journal.traffic.copy(), journal.dropped)

    def find(self, search: Search) -> Found | None:
        """Return what a search finds; None without a search, because that is everything."""
        if not search.words:
            return None
        found = Found([], Traffic(), Tally())
        found.take(search, self.entries)
        return found


async def list_requests(asked: ApiRequest) -> Response:
    """Show the sites and the matching requests, the newest first."""
    view = _View.parse(asked)
    if view.problem and not wants_page(asked.request):
        raise ApiError(400, view.problem)
    return await asyncio.to_thread(_answer, asked, view, _Seen.take(asked))


def _answer(asked: ApiRequest, view: _View, seen: _Seen) -> Response:
    """Render the page, in a thread: other requests do not wait for 100,000 entries."""
    journal, kept = asked.controls.journal, seen.entries
    changes = asked.controls.changes
    since, before = int(asked.number("since")), asked.number("before")
    found = seen.find(view.search)
    fitting = kept if found is None else found.entries
    if since or before:
        fitting = [one for one in fitting if since < one.number < (before or float("inf"))]
    shown = fitting[-(int(asked.number("limit")) or SHOWN) :][::-1]
    overview = sites.judge_sites(asked, seen.traffic, view.search, found, view.sort)
    groups = _group_by_site(fitting, overview) if view.by_site else []
    is_fresh = not kept and overview.is_empty and not view.text
    return page.show(
        asked,
        "requests",
        {
            "entries": [summarize(entry) for entry in shown],
            "kept": len(kept),
            "size": journal.size,
            "last": kept[-1].number if kept else 0,
            **overview.to_dict(),
        },
        **_show(asked, overview, view),
        dropped=seen.dropped,
        hints=view.search.suggest(seen.traffic.sites),
        grouped=GROUPED,
        groups=groups[:GROUPS],
        more_groups=len(groups[GROUPS:]),
        by_site=view.by_site,
        count=len(fitting),
        problem=view.problem,
        journal=journal.name,
        changes=changes,
        shown=SHOWN,
        **(_greet(asked) if is_fresh else {}),
    )


def _show(asked: ApiRequest, overview: Overview, view: _View) -> dict[str, Any]:
    """Return the values for the part of the page above the list."""
    leading = [row for band in (Band.YOURS, Band.WRONG) for row in overview.rows[band]]
    shown = len(leading) - overview.folded
    marked = [*leading, *overview.rows[Band.STRANGERS]]
    return {
        "overview": overview,
        "leading": {
            band: [row for row in leading[:shown] if row.band is band]
            for band in (Band.YOURS, Band.WRONG)
        },
        "folded": {
            "more": leading[shown:],
            **{band: overview.rows[band] for band in (Band.STRANGERS, Band.IN, Band.TEST)},
        },
        "nearest": {row.site: sites.mark_nearest(asked, row) for row in marked},
        "draw_tally": sites.draw_tally,
        "named": sites.NAMED,
        "few": sites.FIRST_FOUND,
        "search": view.search,
        "query": view.text,
        "sort": view.sort if view.sort in sites.SORTS else next(iter(sites.SORTS)),
        "format_site": format_site,
    }


def _group_by_site(entries: Iterable[JournalEntry], overview: Overview) -> list[SiteGroup]:
    """Group requests by site: first sites locked out, then sites that get in, then the rest."""
    bands = {
        visit.key: place
        for place, band in enumerate(Band)
        for row in overview.rows[band]
        for visit in row.visits
    }
    groups: dict[SiteOf | None, list[JournalEntry]] = {}
    for entry in reversed(list(entries)):
        groups.setdefault(key_of(entry), []).append(entry)
    places = {key: len(Band) if key is None else bands.get(key, len(Band) - 1) for key in groups}
    made: list[SiteGroup] = []
    room = SCREEN
    for key in sorted(groups, key=lambda key: places[key]):
        found = groups[key]
        denied = sum(entry.verdict is RefererResult.DENIED for entry in found)
        rows = [summarize(entry) for entry in found[:GROUPED]] if room > 0 else []
        last = found[0].request.received
        made.append(SiteGroup(key, places[key], len(found), denied, last, room > 0, rows))
        room -= len(rows) or 1
    return made


class _Trial(NamedTuple):
    """A command for a newcomer and the expected answer."""

    is_own: bool
    command: str
    status: int
    denied: bool


def _greet(asked: ApiRequest) -> dict[str, Any]:
    """Return two requests for the first object: from an own site and from a stranger."""
    described = connect.describe(asked)
    storage = asked.controls.service.storage
    referers = ["http://www.example.com/page.html", connect.THIEF]
    if storage.bucket(described["bucket"]) is not None:
        rules = find_rules(asked, described["bucket"])
        own = (one for one in probes.propose_referers(rules) if name_site(one))
        whitelisted = next(own, None) if rules.whitelist else None
        referers[0] = whitelisted or referers[0]
    trials = [
        _try(asked, described["url"], referer, is_own=place == 0)
        for place, referer in enumerate(referers)
    ]
    return {"trials": trials, **described}


def _try(asked: ApiRequest, url: str, referer: str, *, is_own: bool) -> _Trial:
    """Find out the answer to a request without sending it."""
    row = visitors.try_referer(asked, url, referer)
    command = shlex.join(["curl", "-i", "-H", f"Referer: {referer}", url])
    return _Trial(is_own, command, row["status"], row["verdict"] == RefererResult.DENIED)


def follow_requests(asked: ApiRequest) -> AsyncGenerator[bytes]:
    """Yield new requests as events; raises `ApiError` immediately for an invalid query."""
    view = _View.parse(asked)
    if view.problem:
        raise ApiError(400, view.problem)
    return _events(asked, view, asked.since(), asked.number("changes"))


async def _events(
    asked: ApiRequest, view: _View, since: int, changed: float
) -> AsyncGenerator[bytes]:
    """Yield new rows and the part of the page above them after requests and other changes.

    Ends when the journal is cleared or restored: the page must be loaded again.
    """
    controls, journal, came = asked.controls, asked.controls.journal, asyncio.Event()
    loop = asyncio.get_running_loop()
    ends = [
        journal.listen(lambda _: came.set()),
        controls.listen(lambda: loop.call_soon_threadsafe(came.set)),
    ]
    name, shown, stretch = journal.name, "", 1
    seen = _Seen.take(asked)
    found = await asyncio.to_thread(seen.find, view.search)
    known = seen.entries[-1].number if seen.entries else 0
    try:
        yield api_journal.format(None, {"journal": name})
        if journal.entries(since) or controls.changes != changed:
            came.set()  # since the page was rendered
        while name == journal.name:
            try:
                await asyncio.wait_for(came.wait(), api_journal.PING)
            except TimeoutError:
                yield api_journal.COMMENT
                continue
            await asyncio.sleep(PAUSE * stretch)
            came.clear()
            seen = _Seen.take(asked, since)
            new = seen.entries
            stretch = LONGER if len(new) > READABLE * stretch else 1
            if found is not None:
                found.take(view.search, [entry for entry in new if entry.number > known])
            known = max(known, new[-1].number if new else 0)
            value: dict[str, Any] = {"changes": controls.changes}
            above = await asyncio.to_thread(_render_above, asked, view, seen, found)
            if above != shown:
                shown = value["overview"] = above
            fitting = view.search.find(new)
            if fitting:
                rows = [summarize(entry) for entry in reversed(fitting[-MOST_SENT:])]
                value |= {"count": len(fitting), "skips": _skips(new, since, fitting)}
                if not view.by_site:
                    value["rows"] = page.fragment(asked.request, "requests_rows", {"entries": rows})
            since = new[-1].number if new else since
            if new or "overview" in value:
                yield api_journal.format(since, value)
        yield api_journal.format(None, {"journal": journal.name})
    finally:
        for end in ends:
            end()


def _render_above(asked: ApiRequest, view: _View, seen: _Seen, found: Found | None) -> str:
    overview = sites.judge_sites(asked, seen.traffic, view.search, found, view.sort)
    shown = {**_show(asked, overview, view), "dropped": seen.dropped}
    return page.fragment(asked.request, "requests_overview", shown)


def _skips(new: list[JournalEntry], since: int, fitting: list[JournalEntry]) -> bool:
    """Return whether requests are omitted: too many match, or the journal has dropped some."""
    return len(fitting) > MOST_SENT or (since > 0 and new[0].number > since + 1)


class _DraftEffect(NamedTuple):
    """What the edited rules of a bucket would change for the requests of the journal."""

    bucket: str
    decided: int
    """The number of requests that were decided again."""
    denied: Counter[str]
    """The requests that would be newly denied, by site; "" without a Referer."""
    allowed: Counter[str]


async def compare_drafts(asked: ApiRequest) -> Response:
    """Say which requests of the journal edited rules of buckets would decide differently."""
    drafts = asked.json().get("drafts")
    if not isinstance(drafts, dict):
        raise ApiError(400, "drafts must be an object: the rules of each bucket by its name.")
    assumptions = asked.controls.service.settings.assumptions
    found: list[_DraftEffect] = []
    journal = defaultdict[str, list[JournalEntry]](list)
    for entry in asked.controls.journal.entries():
        journal[entry.bucket].append(entry)
    for bucket, rules in drafts.items():
        configuration = read_rules(rules, assumptions)
        if bucket not in journal:
            continue
        policy = RefererPolicy.compile(configuration, assumptions)
        made = await asyncio.to_thread(JournalReview.make, policy, journal[bucket])
        denied, allowed = (
            Counter(
                key.site if (key := key_of(turn.entry)) else ""
                for turn in made.turns
                if turn.decision.allowed is verdict
            )
            for verdict in (False, True)
        )
        if made.turns:
            found.append(_DraftEffect(bucket, made.decided, denied, allowed))
    return page.show(
        asked, "requests_drafts", {"drafts": [one._asdict() for one in found]}, drafts=found
    )


def restore_requests(asked: ApiRequest) -> Response:
    """Restore the requests that were cleared last."""
    asked.controls.journal.restore()
    return reply({"kept": len(asked.controls.journal.entries())})


async def put_back(asked: ApiRequest) -> Response:
    """Restore the rules that a change replaced, unless the rules were changed again."""
    number, log = asked.json().get("change"), asked.controls.rule_changes
    change = next((one for one in log.all() if str(one.number) == number), None)
    if change is None:
        raise ApiError(404, "This change is no longer known; look at the rules of the bucket.")
    document = await review.put_back(asked, change)
    values = {"bucket": change.bucket, "etag": review.tag(document)}
    made, is_undo = log.latest(change.bucket, document), change.undoes is not None
    return page.show(asked, "requests_put_back", values, made=made, is_undo=is_undo)


ROUTES = (
    Route("GET", "requests", list_requests, stream=follow_requests),
    Route("GET", "requests/{number}", story.get_story),
    Route("POST", "requests/drafts", compare_drafts),
    Route("POST", "requests/restore", restore_requests),
    Route("PUT", "requests/rules", put_back),
)
