"""Review: a plan for people: who gets in now and then, what to decide, what it costs, what to try.

It reads no entry and corrects none: `plan` does, and each sentence here is one of its results.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import NamedTuple

from oss_referer.advice.effects import Effects, take_alone
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    Decision,
    GramIndex,
    RefererConfiguration,
    RefererPolicy,
    Sentence,
    Stage,
)
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.engine.policy import MAX_EXAMINED, MAX_SIZE
from oss_referer.engine.sentence import join
from oss_referer.plan import (
    BOTH,
    LISTS,
    Change,
    Costs,
    Kind,
    Line,
    Option,
    Plan,
    Site,
    WhoGetsIn,
    compare,
)
from oss_referer.search.automaton import SearchedEntry
from oss_referer.search.entry import choose_stranger, is_blank, parse_entry
from oss_referer.search.sent import SENDS_PATHS, read_sent
from oss_referer.sources.masking import mask

NO_REFERER = Sentence("requests without a Referer")
LOOKS_LIKE_YOURS = Sentence("looks like yours")


class Seen(NamedTuple):
    """Recorded requests from the pages of one site."""

    referer: str | None
    """One of their Referers."""
    page: str | None
    """The Referer that pages of the site send by default."""
    requests: int
    bytes: int = 0
    cached: int = 0
    """Further requests, which the browser answered from its cache."""
    is_recorded: bool = False
    """Whether it is the site of a page on which somebody recorded requests."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A sender of a Referer, with its decisions before and after the change."""

    referer: str | None
    who: Sentence
    wanted: bool | None
    """Whether the owner wants to allow it; None if that is unknown."""
    now: Decision
    then: Decision
    """The decision of the proposed rules."""
    seen: Seen | None = None
    """Its recorded requests; None for one that nobody sent."""

    @property
    def is_wrong(self) -> bool:
        return self.wanted not in (None, self.now.allowed)


class Entry(NamedTuple):
    """An entry that the proposed rules contain or leave out, with the reason."""

    list: Stage
    entry: str
    why: Sentence


class Answer(NamedTuple):
    """An answer to a question, and its effect on the senders that the review names."""

    said: Sentence
    effect: Sentence


class Question(NamedTuple):
    """What only the owner can decide; until then the rules stay as they are."""

    entry: str | None
    """The entry; None for the rules as a whole."""
    said: Sentence
    now: Sentence
    """Whom the entry lets in; "" if that is said already."""
    answers: tuple[Answer, ...]


class Check(NamedTuple):
    """A request to try after the change, with the expected response (R-35)."""

    referer: str | None
    status: int
    ec: str | None


@dataclass(frozen=True, slots=True)
class Review:
    plan: Plan
    answer: Sentence
    after: Sentence
    """What the answer would be with the proposed rules."""
    taken: tuple[str, ...] | None
    """The sites from the entries; None if a person named the sites."""
    visitors: tuple[Visitor, ...]
    lines: tuple[Entry, ...]
    left_out: tuple[Entry, ...]
    questions: tuple[Question, ...]
    costs: Costs
    choice: Sentence
    """A choice that is left to the owner."""
    notes: tuple[Sentence, ...]
    checks: tuple[Check, ...]

    @property
    def rules(self) -> RefererConfiguration:
        """The proposed rules."""
        return self.plan.corrected

    @property
    def changed(self) -> bool:
        """Whether the proposed rules differ from the reviewed ones."""
        return self.plan.corrected != self.plan.rules


def review(
    plan: Plan,
    live: RefererConfiguration | None = None,
    assumptions: Assumptions = DEFAULT,
    seen: Sequence[Seen] = (),
    *,
    takes_alone: bool = False,
) -> Review:
    """Describe a plan; `live` are the rules in use, by default those of the plan.

    `seen` are the recorded requests, the most first. The effect of an answer is its effect on the
    corrected rules or, with `takes_alone`, on the present ones: on a page, an answer is a change of
    its own.
    """
    return _Reviewer(plan, live or plan.rules, assumptions, seen, takes_alone=takes_alone).review()


class _Reviewer:
    def __init__(
        self,
        plan: Plan,
        live: RefererConfiguration,
        assumptions: Assumptions,
        seen: Sequence[Seen],
        *,
        takes_alone: bool,
    ) -> None:
        self._seen = seen
        self._plan, self._wish, self._assumptions = plan, plan.wish, assumptions
        self._is_examined = plan.rules.size <= MAX_EXAMINED
        self._policy, self._live, self._then = (
            RefererPolicy.compile(one, assumptions) for one in (plan.rules, live, plan.corrected)
        )
        texts = (text for one in (plan.rules, live) for text in (*one.whitelist, *one.blacklist))
        self._stranger = choose_stranger((*texts, *(site.host for site in plan.owned.sites)))
        self._kept_out = dict(_kept_out(plan))
        """The entries of sites that the blacklist names, each with a page."""
        self._costs = Costs((), (), (), (), is_searched=live == plan.rules)
        if self._is_examined:
            exceptions = [SearchedEntry(parse_entry(entry)) for entry in self._kept_out]
            self._costs = compare(plan.owned, self._live, self._then, exceptions)
        self._own = self._find_own()
        self._is_alone = takes_alone
        self._effects = Effects(plan.rules if takes_alone else plan.corrected, assumptions)

    def review(self) -> Review:
        plan, visitors = self._plan, tuple(self._visitors())
        owned = frozenset(plan.owned.sites)
        sites = (site for line in plan.lines if line.place for site in line.sites)
        names = dict.fromkeys(site.name for site in sites if site in owned)
        named = tuple(name for name in names if f"*.{name}" not in names)
        return Review(
            plan=plan,
            answer=self._answer(),
            after=_chain(self._say(plan.then, plan.corrected, self._then)),
            taken=None if self._wish.sites else named,
            visitors=visitors,
            lines=tuple(self._lines()),
            left_out=tuple(
                Entry(line.place.list, line.place.entry, line.why)
                for line in plan.lines
                if line.place and line.change.instead == ()
            ),
            questions=tuple(map(self._ask, plan.questions)),
            costs=self._costs,
            choice=self._choice(),
            notes=tuple(self._notes()),
            checks=tuple(_check(visitors)),
        )

    # The answer

    def _answer(self) -> Sentence:
        plan = self._plan
        if not self._is_examined:
            template = "Not examined: the rules have {} bytes of entries, and a bucket accepts {}."
            return Sentence(template, f"{plan.rules.size:,}", f"{MAX_SIZE:,}")
        said = [Sentence("Nothing to change.")] if plan.is_done else []
        return _chain([*said, *self._say(plan.now, plan.rules, self._policy)])

    def _say(
        self, now: WhoGetsIn, rules: RefererConfiguration, policy: RefererPolicy
    ) -> Iterator[Sentence]:
        yield self._say_strangers(now, rules, policy)
        yield from self._say_own(now)
        if not policy.allows(None):
            yield from self._say_empty()

    def _say_strangers(
        self, now: WhoGetsIn, rules: RefererConfiguration, policy: RefererPolicy
    ) -> Sentence:
        apart = not all(map(is_blank, rules.blacklist))
        if now.open == BOTH:
            by = policy.decide(now.strangers[0]).entry
            if by is None and apart:
                template = "Everybody gets in, apart from the blacklist: there is no whitelist."
                if not rules.allow_empty_referer:
                    template = (
                        "Everybody gets in, apart from the blacklist, also without a Referer: "
                        "there is no whitelist. With * in it, requests without a Referer stay out."
                    )
                return Sentence(template)
            if by is None:
                return Sentence("Everybody gets in: there is no whitelist.")
            template = "Everybody gets in by {}."
            if apart:
                template = "Everybody gets in by {}, apart from the blacklist."
            return Sentence(template, by)
        for scheme in now.open:
            by = policy.decide(f"{scheme}://{self._stranger}/").entry or Sentence("no entry")
            template = "Everybody gets in by {}: {}."
            if apart:
                template = "Everybody gets in by {}: {}, apart from the blacklist."
            return Sentence(template, scheme, by)
        direct = [one for one in now.strangers if not sends_whole_url(one)]
        if direct:
            return Sentence("Strangers get in, such as {}.", direct[0])
        if now.strangers:
            return Sentence("Strangers who send their whole URL get in: {}.", now.strangers[0])
        if not now.is_searched:
            return Sentence("Not searched to the end: strangers may get in.")
        if self._plan.is_for_everybody:
            return Sentence("Nobody gets in who sends a Referer.")
        if policy.allows(None):
            return Sentence("Strangers get in only without a Referer.")
        return Sentence("Strangers stay out.")

    def _say_own(self, now: WhoGetsIn) -> Iterator[Sentence]:
        owned, denied = self._plan.owned, now.denied
        if not owned.sites:
            if not self._plan.is_for_everybody:
                yield Sentence("The entries name no site of yours.")
        elif len(denied) == 1:
            yield Sentence("{} cannot get in.", denied[0])
        elif denied and len(denied) == len(owned.singles) and not owned.families:
            yield Sentence("None of your {} addresses gets in.", str(len(denied)))
        elif denied:
            yield Sentence("{} of your addresses cannot get in.", str(len(denied)))
        elif now.is_searched:
            yield Sentence("Your addresses get in.")
        else:
            yield Sentence("Not searched to the end: addresses of yours may be denied.")

    def _say_empty(self) -> Iterator[Sentence]:
        if self._wish.app:
            yield Sentence("Your app cannot get in: it sends no Referer.")
        elif self._plan.is_for_everybody:
            yield Sentence("Requests without a Referer cannot get in.")

    # Who gets in

    def _visitor(self, referer: str | None, who: Sentence, wanted: bool | None) -> Visitor:
        return Visitor(
            referer, who, wanted, now=self._live.decide(referer), then=self._then.decide(referer)
        )

    def _visitors(self) -> Iterator[Visitor]:
        """Yield the senders of recorded requests, then those whose verdicts no request shows."""
        known = set()
        for seen in self._seen:
            yield (one := self._recorded(seen))
            known.add((seen.page, one.now.allowed, one.then.allowed))
        for one in self._possible():
            if (one.referer, one.now.allowed, one.then.allowed) not in known:
                yield one

    def _recorded(self, seen: Seen) -> Visitor:
        who, wanted = Sentence("app, address bar"), True if self._wish.app else None
        if seen.page is not None:
            who, wanted = self._name(seen, seen.page)
        shown = seen.referer and mask(seen.referer)
        return replace(self._visitor(seen.referer, who, wanted), referer=shown, seen=seen)

    def _name(self, seen: Seen, page: str) -> tuple[Sentence, bool | None]:
        """Return who sends a Referer, and whether the owner wants to let it in."""
        plan = self._plan
        if site := plan.owned.find(page):
            return self._wish.name(site), True
        url = read_sent(page)
        if seen.is_recorded or (url and plan.owned.owns(url.host)):
            return LOOKS_LIKE_YOURS, None
        wanted = None if plan.is_for_everybody else False
        kind = self._kind(page)
        if self._live.allows(seen.referer) or kind != Sentence("fits an entry"):
            return kind, wanted
        return Sentence("a stranger"), wanted

    def _possible(self) -> Iterator[Visitor]:
        for page, site in self._own.items():
            yield self._visitor(page, self._wish.name(site), True)
        yield self._visitor(None, Sentence("app, address bar"), True if self._wish.app else None)
        if self._wish.object_url:
            yield self._visitor(self._wish.object_url, Sentence("opened video"), None)  # B-06
        for line in self._plan.lines:
            if line.place and line.place.list is Stage.WHITELIST and not line.sites:
                for site in line.reading.sites:
                    who = Sentence("you did not name it")
                    yield from (self._visitor(page, who, None) for page in site.pages)
        kept_out: dict[object, Visitor] = {}
        for page in self._kept_out.values():
            item = self._visitor(page, Sentence("on your blacklist"), False)
            key = page if item.now.allowed or item.then.allowed else None
            kept_out.setdefault(key, item)
        yield from kept_out.values()
        yield from self._strangers()

    def _find_own(self) -> dict[str, Site]:
        """Return a page for each address of the owner, if possible one that some rules deny."""
        owned = self._plan.owned
        pages = dict(owned.singles)
        verdicts = (self._plan.now, self._plan.then, self._costs)
        denied = dict.fromkeys((*(one for some in verdicts for one in some.denied),
                                *self._costs.admitted))  # fmt: skip
        for family in owned.families:
            sent = (one for one in denied if one not in pages and family.pages.is_sent(one))
            fits = family.entry.pattern.matches
            # Rules that cut the path are searched for all pages of the owner.
            is_cut = self._plan.rules.truncate_path
            page = next((one for one in sent if is_cut or fits(one)), None)
            pages.setdefault(page or family.sample, family.site)
        return pages

    def _strangers(self) -> Iterator[Visitor]:
        """Yield the first stranger of each kind and verdict."""
        plan, is_open = self._plan, self._plan.is_for_everybody
        plain = [f"{scheme}://{self._stranger}/" for scheme in BOTH]
        found = [line.stranger for line in plan.lines if line.stranger]
        found += [*plan.now.strangers, *plan.then.strangers]
        found += [*self._costs.strangers, *self._costs.kept_out]
        wanted = None if is_open else False
        kinds: dict[object, Visitor] = {}
        for referer in dict.fromkeys((*plain, *found)):
            who = self._kind(referer)
            if referer in plain:
                who = Sentence("anybody") if is_open else Sentence("a stranger")
            item = self._visitor(referer, who, wanted)
            kinds.setdefault((who, item.now.allowed, item.then.allowed), item)
        yield from kinds.values()
        if plan.rules.allow_empty_referer and not is_open:
            yield self._visitor(None, Sentence("hides its Referer"), False)

    def _kind(self, referer: str) -> Sentence:
        """Return in a few words how a Referer of a stranger resembles the owner's."""
        url = read_sent(referer)
        host = url.host if url else ""
        if sends_whole_url(referer):
            path = referer.partition("://")[2].partition("/")[2]
            named = any(name in path for name in self._names)
            return Sentence("yours in its path") if named else Sentence("sends its whole URL")
        if host == SENDS_PATHS:
            return Sentence("other mini program")
        ends = [host[dot.end() :] for dot in re.finditer(r"^|\.", host)]
        if any(end[:size] in self._names for end in ends for size in range(1, len(end) + 1)):
            return Sentence("begins like yours")
        is_alike = any(host[place:] in self._names for place in range(len(host)))
        return Sentence("ends like yours") if is_alike else Sentence("fits an entry")

    @cached_property
    def _names(self) -> frozenset[str]:
        """The hosts of the owner without wildcards before them."""
        return frozenset(site.host.lstrip("*.?") for site in self._plan.owned.sites)

    # What to change

    def _lines(self) -> Iterator[Entry]:
        """Yield the entries of the proposed rules with their reasons."""
        reasons: dict[tuple[Stage, str], Sentence] = {}
        for line in self._plan.lines:
            place, change = line.place, line.change
            if place and (change.instead is None or place.entry in change.instead):
                why = Sentence("you decide") if line.question else line.why
                if change and place.list is Stage.WHITELIST and line.sites:
                    why = Sentence("right as it is")
                elif change and place.list is Stage.BLACKLIST:
                    why = Sentence("stays")
                reasons.setdefault((place.list, place.entry), why)
            for stage in LISTS:
                for text in change.added(stage):
                    why = _explain(line, text, change.added(stage))
                    if text in change.blacklist:
                        why = Sentence("yours in a stranger's path")
                    reasons.setdefault((stage, text), why)
        for stage in LISTS:
            for text in getattr(self._plan.corrected, stage.value):
                bare = text.strip(WHITE_SPACE)
                why = reasons.get((stage, text)) or reasons.get((stage, bare), Sentence(""))
                yield Entry(stage, text, why)

    def _ask(self, line: Line) -> Question:
        now = Sentence("")
        if line.stranger and line.is_in_path:
            template = "It lets in strangers who send their whole URL, such as {}."
            now = Sentence(template, line.stranger)
        elif line.stranger:
            now = Sentence("It lets in strangers, such as {}.", line.stranger)
        elif not line.is_searched:
            now = Sentence("It was not searched to the end for strangers.")
        entry = line.place.entry if line.place else None
        return Question(entry, line.question, now, tuple(self._answers(line)))

    def _answers(self, line: Line) -> Iterator[Answer]:
        # Only pages that its entry matches, before or after a cut, or that it names.
        own: Iterable[str] = self._matched[line.place.entry] if line.place else self._own
        pages = (page for site in line.reading.sites for page in site.pages)
        strangers = (line.stranger, *(f"{one}://{self._stranger}/" for one in BOTH))
        tried = dict.fromkeys((*own, *pages, *filter(None, strangers), None))
        for option in line.options:
            yield Answer(_name(option), self._effect(option.change, tried))

    @cached_property
    def _matched(self) -> Mapping[str, Sequence[str]]:
        """The own pages that each entry with a question matches."""
        places = (line.place for line in self._plan.questions if line.place)
        filed = GramIndex(parse_entry(place.entry) for place in places if not is_blank(place.entry))
        found: defaultdict[str, list[str]] = defaultdict(list)
        for page in self._own:
            for pattern in filed.candidates(page):
                if pattern.matches(page) or pattern.matches(page.rstrip("/")):
                    found[pattern.text].append(page)
        return found

    def _effect(self, change: Change, tried: Iterable[str | None]) -> Sentence:
        changes = take_alone(self._plan, change) if self._is_alone else (change,)
        gained, lost = (
            [NO_REFERER if page is None else page for page in pages]
            for pages in self._effects.compare(changes, tried)
        )
        if gained and lost:
            return Sentence("lets in {}, locks out {}", join(gained), join(lost))
        if gained:
            return Sentence("lets in {}", join(gained))
        if lost:
            return Sentence("locks out {}", join(lost))
        return Sentence("changes nothing for the pages named here")

    # What it costs

    def _choice(self) -> Sentence:
        if not (self._plan.corrected.whitelist or self._plan.corrected.blacklist):
            return Sentence("Without a whitelist everybody gets in, with or without a Referer.")
        if self._plan.rules.allow_empty_referer:
            return Sentence(
                "AllowEmptyReferer true lets in apps, and also pages that hide their Referer. With "
                "false, apps must send yours or sign in the header."
            )
        return Sentence(
            "AllowEmptyReferer false keeps out pages that hide their Referer, and apps unless they "
            "send yours or sign in the header; true lets in both."
        )

    def _notes(self) -> Iterator[Sentence]:
        new, old = self._plan.corrected, self._plan.rules
        yield from self._plan.notes
        if old.truncate_path and not new.truncate_path:
            yield Sentence("TruncatePath becomes false: it cuts the / that ends a host (R-27).")
        if new.size > MAX_SIZE:
            template = "These rules have {} bytes of entries, and a bucket accepts {} (R-42)."
            yield Sentence(template, f"{new.size:,}", f"{MAX_SIZE:,}")
        if any(line.reading.kind is Kind.FOREIGN for line in self._plan.lines):
            yield Sentence(
                "Apps whose pages are at file:// or capacitor://localhost send no Referer: "
                "AllowEmptyReferer decides."
            )
        if self._wish.cdn:
            yield Sentence(
                "The host of a CDN matters only for style sheets there (B-04). Private "
                "back-to-origin requests are not checked (R-36)."
            )


def _chain(said: Iterable[Sentence]) -> Sentence:
    """Return sentences as one text."""
    first, *more = said
    for one in more:
        first = Sentence("{} {}", first, one)
    return first


def sends_whole_url(referer: str) -> bool:
    """Return whether only a page that sends its whole URL sends a Referer, not by default."""
    url = read_sent(referer)
    return url is not None and url.host != SENDS_PATHS and url.text != f"{url.origin}/"


def _kept_out(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the entries of strangers' sites that the blacklist names, each with a page."""
    for line in plan.lines:
        if line.place and line.place.list is Stage.BLACKLIST:
            for site, scheme in product(line.reading.sites, BOTH):
                if not plan.owned.find(page := site.page(scheme)):
                    yield site.entry(scheme), page


def _explain(line: Line, text: str, added: tuple[str, ...]) -> Sentence:
    """Return the reason for an entry among those that a change writes."""
    if text.startswith("http:") and f"https{text[4:]}" in added:
        return Sentence("the same over http")
    if text.replace("://", "://*.", 1) in added:
        return Sentence("*. does not match it")
    return line.why


def _name(option: Option) -> Sentence:
    written = [text for stage in LISTS for text in option.change.added(stage)]
    if not written:
        return option.said
    if option.change.instead == ():
        return Sentence("{} and add {}", option.said, join(written))
    return Sentence("{}: {}", option.said, join(written))


MOST_CHECKS = 6


def _check(visitors: Iterable[Visitor]) -> Iterator[Check]:
    """Yield requests that show the effect of the rules; those with a changed verdict come first."""
    everybody = [*visitors]
    changes = [item for item in everybody if item.now.allowed != item.then.allowed]
    own = [item for item in (*changes, *everybody) if item.wanted]
    others = [item for item in changes if item.wanted is False]
    chosen = {item.referer: item for item in [*own[:1], *others[:1], *changes, *everybody]}
    for referer, item in [*chosen.items()][:MOST_CHECKS]:
        yield Check(referer, 200 if item.then.allowed else 403, item.then.ec)
