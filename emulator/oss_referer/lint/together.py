"""Rules about how the entries and switches of a configuration work together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice

from oss_referer.browser import probes
from oss_referer.browser.default_domain import find_rule_of_url
from oss_referer.browser.probes import STRANGER
from oss_referer.engine import FACTS, GramIndex, Reading, Sentence, header
from oss_referer.engine.assumptions import SENTENCES
from oss_referer.engine.policy import MAX_EXAMINED, MAX_SIZE
from oss_referer.engine.sentence import join
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.matching import PROGRAM
from oss_referer.lint.rule import suspects
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan import BOTH, Kind, Line
from oss_referer.plan.proof import covers, may_be_sent
from oss_referer.search.automaton import Truncation
from oss_referer.search.entry import Parts, example, is_blank, parse_entry
from oss_referer.search.sent import read_sent
from oss_referer.search.url import DEFAULT_PORTS, MAX_LENGTH
from oss_referer.sources import toml


@suspects()
def too_long(subject: Subject) -> Suspicions:
    """An entry is longer than any Referer.

    A browser cuts a Referer of more than 4,096 characters to the origin (B-03), so a longer entry
    matches nothing that a browser sends. Perhaps the entry joins many entries (R-37).
    """
    for place in subject.lines:
        count = len(place.entry)
        if count > MAX_LENGTH and not is_blank(place.entry):
            template = "It has {} characters, but a Referer has at most {}."
            reason = Sentence(template, f"{count:,}", f"{MAX_LENGTH:,}")
            yield Suspicion(Evidence.UNMATCHED, (STRANGER,), reason, place)


WARNED_SIZE = 16 * 1024
"""Bytes of entries from which the rule has a note."""


@suspects()
def too_large(subject: Subject) -> Suspicions:
    """The entries together have more bytes than PutBucketReferer accepts, or nearly.

    The service refuses more than 20 KB in both lists together with `InlineDataTooLarge` (R-42). The
    documentation does not say what counts. The emulator counts the entries in UTF-8, and the rule
    reports 16 KB and more, to leave some room. Write one entry with a wildcard instead of many, or
    spread the objects over several buckets. For lists with more than 100 KiB, the linter checks
    only the size.
    """
    size = subject.configuration.size
    if size < WARNED_SIZE:
        return
    template = "The entries have {} bytes, and PutBucketReferer refuses more than {}."
    if size > MAX_EXAMINED:
        template = (
            "The entries have {} bytes, and PutBucketReferer refuses more than {}. "
            "Nothing else was examined."
        )
    yield subject.describe(Sentence(template, f"{size:,}", f"{MAX_SIZE:,}"))


@suspects(Severity.WARNING)
def duplicate(subject: Subject) -> Suspicions:
    """An entry occurs twice in the same list.

    The second one has no effect. Often the author intended another entry, such as one for the other
    scheme.
    """
    for entries in (subject.whitelist, subject.blacklist):
        seen: set[str] = set()
        for entry in entries:
            if entry.text in seen:
                yield Suspicion(
                    Evidence.UNCHANGED,
                    (example(entry.text),),
                    Sentence("The same entry occurs earlier in this list."),
                    entry.place,
                )
            seen.add(entry.text)


@suspects()
def shadowed(subject: Subject) -> Suspicions:
    """The blacklist denies everything that a whitelist entry matches.

    The service consults the blacklist first, and denies a Referer that it matches even if the
    whitelist matches too (R-12). This rule reports a blacklist entry that matches everything that a
    whitelist entry matches, or the whitelist entry if several entries do so together. It does not
    report an exception, such as one sub-domain of many.
    """
    white = [(entry, example(entry.text)) for entry in subject.whitelist]
    for black in subject.blacklist:
        for entry, page in white:
            if black.pattern.matches(page) and covers(black.pattern, entry.pattern, subject.cut):
                said = Sentence("It matches all that the whitelist entry {} matches.", entry.text)
                yield Suspicion(Evidence.DENIED, (page,), said, black.place)
                break


@suspects()
def other_sites(subject: Subject) -> Suspicions:
    """An entry lets in pages of other sites.

    A search over all Referers that browsers can send (B-02) has found one from another site that
    the entry matches and the blacklist does not. A site is a registered domain with all its
    sub-domains.
    """
    for entry in subject.whitelist:
        if entry.is_foreign or entry.place in subject.reported:
            continue
        page = subject.lines[entry.place].stranger
        if page is not None:
            yield Suspicion(
                Evidence.ALLOWED,
                (page,),
                Sentence("It also matches pages of other sites."),
                entry.place,
            )


@suspects()
def never_matches(subject: Subject) -> Suspicions:
    """No Referer of a browser matches an entry.

    A search over all Referers that browsers can send (B-02) has found none that the entry matches.
    The entry has no effect. Usually a character is wrong.
    """
    for entry in subject.entries:
        has_cut_path = subject.cut is Truncation.PATH and "/" in entry.parts.rest
        is_known = has_cut_path and may_be_sent(entry.pattern)
        if entry.is_foreign or is_known or entry.place in subject.reported:
            continue  # truncate_path and needs_path report paths that are cut
        yield Suspicion(
            Evidence.UNMATCHED,
            (STRANGER,),
            Sentence("No Referer of a browser matches it."),
            entry.place,
            is_dead=True,
        )


@suspects(Severity.NOTE)
def covered(subject: Subject) -> Suspicions:
    """An entry has no effect because another entry matches everything that it matches.

    Often the wider entry is wider than intended: if you wrote this entry with care, check the
    other.
    """
    for entries in (subject.whitelist, subject.blacklist):
        first = {entry.text: entry for entry in reversed(entries)}  # duplicates have their own rule
        filed = GramIndex(parse_entry(text) for text in first)
        for entry in first.values():
            page = example(entry.text)
            wider = next(
                (
                    first[pattern.text]
                    for pattern in filed.candidates(page)
                    if pattern.matches(page) and _covers(subject, first[pattern.text], entry)
                ),
                None,
            )
            if wider is not None:
                yield Suspicion(
                    Evidence.UNCHANGED,
                    (page,),
                    Sentence("{} matches everything that this entry matches.", wider.place.entry),
                    entry.place,
                )


def _covers(subject: Subject, wider: LintedEntry, entry: LintedEntry) -> bool:
    if wider.reading.kind is Kind.EVERYBODY:
        return False  # matches_all reports it
    if wider is entry or not covers(wider.pattern, entry.pattern, subject.cut):
        return False
    # If two entries match the same Referers, the later one is superfluous.
    same = covers(entry.pattern, wider.pattern, subject.cut)
    return not same or wider.place.position < entry.place.position


@suspects()
def truncate_path(subject: Subject) -> Suspicions:
    """With `TruncatePath` true, no entry is both effective and safe.

    `TruncatePath` leaves `scheme://host[:port]` of a Referer, without a `/` (R-27), and does not
    cut the entries (R-28). So `https://www.example.com/` matches nothing, and
    `https://www.example.com` also matches `https://www.example.com.evil.test`. Both facts are
    partly assumed. Leave `TruncatePath` false and end each entry with `/`: browsers send other
    sites no path anyway.
    """
    if not any(line.about == "truncate-path" for line in subject.plan.lines):
        return
    dead = Sentence("TruncatePath is true, so entries with a / after the host match nothing.")
    is_open = Sentence("TruncatePath is true, so an entry cannot end the host with a /.")
    entries, is_cut = subject.entries[:100], subject.cut is Truncation.PATH
    cut = [(one, example(one.text)) for one in entries if is_cut and "/" in one.parts.rest]
    longer = [example(f"{one.text.rstrip('*/')}.{subject.stranger}/") for one in entries]
    found = [(dead, page) for one, page in cut if subject.allows(page) is not one.is_white]
    found += [(is_open, page) for page in longer if subject.allows(page)]
    reason, page = next((one for one in found if read_sent(one[1])), (is_open, STRANGER))
    yield subject.describe(reason, page)


@suspects(Severity.WARNING)
def truncation_conflict(subject: Subject) -> Suspicions:
    """`TruncatePath` is true and `AllowTruncateQueryString` is false.

    The documentation of the Terraform provider says that `TruncatePath` needs
    `AllowTruncateQueryString`. It is not documented what the service does otherwise (R-27); it may
    refuse the rules. Terraform sends `AllowTruncateQueryString` false if a file omits it (R-38).
    """
    rules = subject.configuration
    if rules.truncate_path and not rules.allow_truncate_query_string:
        yield subject.describe(
            Sentence(
                "TruncatePath is true without AllowTruncateQueryString, which is not documented."
            )
        )


@suspects()
def empty_without_whitelist(subject: Subject) -> Suspicions:
    """`AllowEmptyReferer` false has no effect without a whitelist.

    An empty Referer is denied only if there is a whitelist (R-11). Without one it is allowed,
    whatever the switch and the blacklist say. To deny empty Referers only, use the whitelist `*`.
    """
    if not subject.configuration.allow_empty_referer and not subject.has_whitelist:
        yield Suspicion(
            Evidence.ALLOWED,
            (None,),
            Sentence("AllowEmptyReferer is false, which has no effect without a whitelist."),
        )


@suspects(Severity.NOTE)
def empty_allowed(subject: Subject) -> Suspicions:
    """With `AllowEmptyReferer` true, any page can get around the rules.

    A page can make the browser send no Referer (`referrerpolicy="no-referrer"`), and the rules
    allow an empty Referer before they consult any list (R-11). But the address bar, applications
    and some video players send no Referer either, so only you can decide; `--fix` never changes the
    switch. Without a whitelist the switch has no effect: an empty Referer is always allowed.
    """
    if subject.configuration.allow_empty_referer and (
        subject.has_whitelist or subject.has_blacklist
    ):
        yield Suspicion(
            Evidence.ALLOWED,
            (None,),
            Sentence(
                "AllowEmptyReferer is true, so every page that suppresses the Referer is allowed."
            ),
        )


_ENTRIES = 100
"""The most entries to make Referers from, for each fact; more would rarely find anything new."""
_CUT = {Truncation.PATH: "/", Truncation.QUERY: "?", Truncation.NOT: "?", Truncation.LOWERED: "?"}
"""The sign that an entry must contain if cutting the entry changes what it matches."""
_EMPTY = "empty_whitelist"
_ABOUT: Mapping[str, Callable[[Subject, str], bool]] = {
    _EMPTY: lambda subject, _: not subject.has_whitelist,
    "letter_case": lambda _, entry: entry != entry.lower(),
    "white_space": lambda _, entry: entry != entry.strip() or not entry,
    "cut_path": lambda subject, _: subject.configuration.truncate_path,
    "cut_entries": lambda subject, entry: _CUT[subject.cut] in Parts.split(entry).rest,
    "joined_entry": lambda _, entry: "," in entry,
}
"""The facts that may decide one anonymous GET, each with a test for the entries it concerns."""


@suspects(Severity.WARNING)
def rests_on_assumption(subject: Subject) -> Suspicions:
    """The verdict on a Referer rests on an assumption about the service, not on its documentation.

    Another variant of an assumed fact would give another verdict. Write the rules so that every
    variant gives the same verdict, or ask the real service. The rule tries only Referers that
    browsers send: with a scheme, a host in lower case (B-02) and a path. It makes them from at most
    100 entries, first from those that the fact concerns. It skips an entry with another finding,
    because the correction of that finding makes the verdict certain.
    """
    for name, is_about in _ABOUT.items():
        for referer in _referers(subject, name, is_about):
            allowed = subject.policy.decide(referer).allowed
            others = [
                variant
                for variant, verdict in _other_verdicts(subject, referer, name)
                if verdict != allowed
            ]
            if others:
                yield Suspicion(
                    Evidence.ASSUMED,
                    (referer,),
                    _describe(subject, name, allowed, others),
                )
                break


def _referers(
    subject: Subject, name: str, is_about: Callable[[Subject, str], bool]
) -> Iterator[str | None]:
    entries = [place for place in subject.lines if len(place.entry) <= MAX_LENGTH]
    about = [
        place.entry
        for place in entries
        if is_about(subject, place.entry) and (name == _EMPTY or place not in subject.reported)
    ]
    if not about:
        return
    # Under another variant, these entries may decide a Referer that another entry decides now.
    made_from = dict.fromkeys((*about, *(place.entry for place in entries)))
    chosen = list(islice(made_from, _ENTRIES))
    pages = [entry.replace("*", "www") for entry in chosen]  # with a query, if there is one
    yield None
    made = (*(probe.referer for probe in probes.make(chosen)), *pages)
    yield from dict.fromkeys(filter(None, (_as_sent(referer) for referer in made if referer)))


def _as_sent(referer: str) -> str | None:
    """Return a Referer as a browser sends it; None if no browser sends such a Referer."""
    parts = Parts.split(referer)
    if (parts.scheme or "").lower() not in DEFAULT_PORTS or not parts.names_host:
        return None
    if not parts.rest.startswith("/") or any(mark in referer for mark in ", "):
        return None
    return parts.origin.lower() + parts.rest


def _other_verdicts(
    subject: Subject, referer: str | None, name: str
) -> Iterator[tuple[StrEnum, bool]]:
    """Yield the other variants of a fact, each with whether it allows a Referer."""
    if name not in dict(subject.policy.decide(referer).variants):
        return
    for field, assumptions in subject.assumptions.alternatives():
        if field == name:
            reading = Reading(subject.configuration, assumptions, subject.policy.reading)
            yield assumptions.chosen()[name], reading.decide(header.trim(referer)).reason.allows


def _describe(subject: Subject, name: str, allowed: bool, others: Sequence[StrEnum]) -> Sentence:
    variant = subject.assumptions.chosen()[name]
    template = "It is assumed and not documented that {} ({}, {}). With {} it would be allowed."
    if allowed:
        template = "It is assumed and not documented that {} ({}, {}). With {} it would be denied."
    return Sentence(template, SENTENCES[variant], FACTS[name], variant, toml.join(others))


@suspects(Severity.NOTE)
def no_rules(subject: Subject) -> Suspicions:
    """There are no rules.

    Without a whitelist and a blacklist, hotlink protection is off: every site is allowed (R-15).
    """
    is_empty = not (subject.has_whitelist or subject.has_blacklist)
    if is_empty and subject.configuration.allow_empty_referer:
        reason = Sentence("There are no rules, so every site is allowed.")
        yield Suspicion(Evidence.ALLOWED, (STRANGER,), reason)


@suspects(Severity.WARNING)
def not_examined(subject: Subject) -> Suspicions:
    """It is not known whether an entry lets in other sites.

    The search for a page of another site that the entry matches reached its limit, which keeps it
    within a few seconds. Entries with many wildcards need the most steps.
    """
    for entry in subject.whitelist:
        if not subject.lines[entry.place].is_searched:
            reason = Sentence(
                "Whether it lets in other sites is not known; the search ended too soon."
            )
            yield subject.describe(reason, place=entry.place)


@suspects(Severity.NOTE)
def default_domain(subject: Subject) -> Suspicions:
    """Pages at the service's own host names are downloaded, not shown.

    Since 2017 the service sends `.htm` and `.html` objects of new buckets as downloads at hosts
    such as `BUCKET.oss-REGION.aliyuncs.com` (D-01). So no page at such a host sends a Referer, and
    an entry for the host helps only a video in the address bar (B-06). The service sends images
    there as downloads too (D-03). Bind your own domain to the bucket, and list that domain.
    """
    for entry in subject.whitelist:
        site = f"{entry.parts.scheme}://{entry.parts.host}/"
        rule = find_rule_of_url(entry.parts.host, "index.html")
        if rule is None or entry.parts.scheme not in BOTH:
            continue
        yield Suspicion(
            Evidence.ALLOWED,
            (site, f"{site}video.mp4"),
            Sentence(
                "Pages of {} are downloaded and not shown ({}), so they send no Referer.",
                site,
                rule.fact,
            ),
            place=entry.place,
        )


_BUCKET = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/video.mp4"
_ENDINGS = (".aliyuncs.com", ".aliyuncs.com/")


@suspects(Severity.NOTE, common=True)
def video_second_request(subject: Subject) -> Suspicions:
    """A browser requests a video twice: without a Referer, then with the video's own address.

    For an MP4 or MP3 in the address bar, the first request has no Referer, and the second has the
    address of the file itself (B-06). If `AllowEmptyReferer` is false, the rules deny the first
    request (R-11). If it is true but the host of the bucket is not in the whitelist, they deny the
    second one. Allow empty Referers and add `https://BUCKET.oss-REGION.aliyuncs.com/`. On a page,
    the first request has the Referer of the page, and later requests may have no Referer (R-44).
    """
    if not subject.configuration.allow_empty_referer:
        yield Suspicion(
            Evidence.DENIED,
            (None,),
            Sentence(
                "A video opened from the address bar fails: its first request has no Referer."
            ),
        )
    elif not any(entry.text.endswith(_ENDINGS) for entry in subject.whitelist):
        yield Suspicion(
            Evidence.DENIED,
            (_BUCKET,),
            Sentence(
                "A video opened from the address bar fails: the Referer of its second request is "
                "its own address, and the host of the bucket is not listed."
            ),
        )


@suspects(Severity.NOTE, common=True)
def mini_program(subject: Subject) -> Suspicions:
    """WeChat mini programs have their own Referer.

    The mini program of any site sends `https://servicewechat.com/<appid>/<version>/page-frame.html`
    (R-44). Without an entry such as `https://servicewechat.com/<appid>/`, the rules deny it.
    """
    is_named = any("servicewechat" in entry.text for entry in subject.whitelist)
    if subject.has_whitelist and not is_named:
        reason = Sentence("The rules deny WeChat mini programs.")
        yield Suspicion(Evidence.DENIED, (PROGRAM,), reason)


@suspects(Severity.NOTE, common=True)
def console_preview(subject: Subject) -> Suspicions:
    """The preview in the OSS console has its own Referer.

    The console shows objects on pages of hosts such as `oss.console.aliyun.com`. Without an entry
    for them, the preview of an image fails with 403. The documentation names `*.console.aliyun.com`
    (R-44); the safe form is `https://*.console.aliyun.com/` with the blacklist entry
    `https://*/*.console.aliyun.com/`.
    """
    if subject.has_whitelist:
        yield Suspicion(
            Evidence.DENIED,
            ("https://oss.console.aliyun.com/",),
            Sentence("The rules deny the preview in the OSS console."),
        )


@suspects(Severity.NOTE, common=True)
def cdn_in_front(subject: Subject) -> Suspicions:
    """A CDN in front answers from its cache without asking OSS.

    A CDN sends OSS the Referer of the first visitor. Once the object is in its cache, everybody
    gets it, even visitors whom these rules deny (R-43). If the rules deny the first visitor, the
    CDN may send that answer to all visitors. A CDN that reads a private bucket signs its requests,
    so the rules never apply to them (R-36). If you use a CDN, set the Referer rules there.
    """
    if subject.has_whitelist:
        yield Suspicion(
            Evidence.DENIED,
            (f"https://{subject.stranger}/",),
            Sentence("Behind a CDN, denied sites still get the objects that are in its cache."),
        )


@suspects(Severity.WARNING)
def needs_change(subject: Subject) -> Suspicions:
    """The plan changes an entry, or asks about it, for a reason that no other rule explains.

    A site that you name may have no entry, or an entry may name a part of a host or of a port. The
    reason says what is wrong, and the correction is that of the plan.
    """
    for line in subject.unexplained:
        pages = [page for site in line.sites for page in site.pages]
        shown = filter(None, (line.stranger, *sorted(pages, key=subject.allows)))
        yield subject.describe(_say(line), *shown, place=line.place, line=line)


def _say(line: Line) -> Sentence:
    instead = line.change.instead or ()
    if line.place is None and line.sites:
        return Sentence("No entry lets in this site.")
    if line.question:
        return Sentence("Only you can decide what to do with it.")
    if line.place is None:
        return Sentence("The rules need a change: {}.", line.why)
    if line.place.entry in instead:
        return Sentence("It needs another entry beside it: {}.", line.why)
    if line.sites:
        return Sentence("It is not the safe entry for {}.", join([one.name for one in line.sites]))
    return Sentence("It needs a change: {}.", line.why)
