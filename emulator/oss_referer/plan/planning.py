"""The plan of rules: a change or a question for each entry, and a proof of what they cost.

Each change stands alone: it keeps all pages of the owner that its entry lets in, whichever other
changes are made. A change that is not proved to do so becomes a question to the owner.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from oss_referer.browser.strangers import APPID
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    GramIndex,
    Pattern,
    RefererConfiguration,
    RefererPolicy,
    Sentence,
    Stage,
    header,
)
from oss_referer.engine.assumptions import LetterCase
from oss_referer.engine.policy import MAX_EXAMINED, MAX_SIZE
from oss_referer.plan.changes import (
    LISTS,
    NO_CHANGE,
    Change,
    EntryPlace,
    Switch,
    apply,
    find_places,
)
from oss_referer.plan.lines import Line, Option, WhoGetsIn, ask
from oss_referer.plan.proof import Family, Owned, covers, needs_path
from oss_referer.plan.proving import Prover, Searches, prove
from oss_referer.plan.reading import (
    BOTH,
    EntryReading,
    Kind,
    Site,
    is_right,
    make_console,
    make_mini_program,
    read_entry,
    read_site,
)
from oss_referer.search.automaton import CompiledRules, SearchedEntry
from oss_referer.search.entry import (
    admits_all,
    choose_stranger,
    is_blank,
    parse_entry,
)


class WishError(ValueError):
    """A wish cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The sites and clients that the owner wants to allow."""

    sites: tuple[str, ...] = ()
    """URLs, or `*.example.com`; if empty, the sites that the entries name."""
    app: bool = False
    """Whether an app, which sends no Referer, shows the objects."""
    mini_programs: tuple[str, ...] = ()
    """The appids of mini programs."""
    console: bool = False
    cdn: tuple[str, ...] = ()
    """Hosts of CDNs with style sheets that name objects (B-04)."""
    object_url: str = ""
    """An object that people may open directly."""
    saved: RefererConfiguration | None = None
    """The rules that were saved before; the sites that they name are wanted too."""
    meant: frozenset[str] = frozenset()
    """The entries that the owner has said to be meant as they are."""

    def name(self, site: Site) -> Sentence:
        """Return in a few words what a site is to the owner."""
        if site.is_mini_program:
            return Sentence("your mini program")
        if site.is_console:
            return Sentence("console's preview")
        is_cdn = any(site.host == one.host for text in self.cdn for one in read_site(text))
        return Sentence("CDN's style sheets") if is_cdn else Sentence("yours")


@dataclass(frozen=True)
class Plan:
    """What to do with rules, and what it costs."""

    rules: RefererConfiguration
    wish: Wish
    owned: Owned
    lines: tuple[Line, ...]
    corrected: RefererConfiguration
    """The rules after all safe changes."""
    now: WhoGetsIn
    then: WhoGetsIn
    """Who gets in by the corrected rules."""
    is_for_everybody: bool
    """Whether the rules mean to let in everybody, apart from a blacklist."""
    rare: tuple[str, ...] = ()
    """Pages of the owner that are newly denied, whose Referers browsers rarely send."""
    notes: tuple[Sentence, ...] = ()

    @property
    def questions(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.question)

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to change and nothing to ask."""
        return not any(line.is_open for line in self.lines)

    def answer(
        self, *, first: bool = False, lines: Iterable[Line] | None = None
    ) -> RefererConfiguration:
        """Return the corrected rules; with `first`, with the first answer to each question.

        Only `lines` are changed, by default all.
        """
        chosen = self.lines if lines is None else lines
        changes = (
            line.options[0].change if first and line.options else line.change for line in chosen
        )
        return apply(self.rules, filter(None, changes))


def plan(
    rules: RefererConfiguration, wish: Wish = Wish(), assumptions: Assumptions = DEFAULT
) -> Plan:
    """Plan rules. Raises WishError for a wish that names no site."""
    return _Planner(rules, wish, assumptions).plan()


_KEEP = Sentence("stays")


def _body(entry: str) -> str:
    return entry.strip(header.WHITE_SPACE)


class _Planner:
    def __init__(self, rules: RefererConfiguration, wish: Wish, assumptions: Assumptions) -> None:
        self._rules, self._wish, self._assumptions = rules, wish, assumptions
        self._readings = {place: read_entry(place.entry) for place in find_places(rules)}
        self._white, self._black = (
            [place for place in self._readings if place.list is stage]
            for stage in (Stage.WHITELIST, Stage.BLACKLIST)
        )
        self._given = tuple(site for text in wish.sites for site in _read_wish(text))
        self._programs = tuple(map(_read_appid, wish.mini_programs))
        self._cdn = {site.host for host in wish.cdn for site in _read_wish(host)}
        self._domains = {site.domain for site in self._given}
        self._owned = Owned(self._find_sites())
        saved = wish.saved or RefererConfiguration()
        self._stranger = choose_stranger(
            (*rules.whitelist, *rules.blacklist, *saved.whitelist, *wish.sites, *wish.cdn)
        )
        self._searches = Searches(self._owned, self._stranger)
        self._policy = RefererPolicy.compile(rules, assumptions)
        self._now = CompiledRules(self._policy)
        # A slash ends the host of a safe entry, which TruncatePath cuts off the Referer.
        self._switch = (Switch.TRUNCATE_PATH, False)
        names_sites = bool(self._owned.sites) or any(
            self._readings[place].sites for place in (*self._white, *self._black)
        )
        self._needs_switch = rules.truncate_path and names_sites
        whole = replace(rules, truncate_path=False) if self._needs_switch else rules
        self._base = CompiledRules(RefererPolicy.compile(whole, assumptions))
        self._bodies = {stage: {_body(p.entry) for p in places} for stage, places in (
            (Stage.WHITELIST, self._white), (Stage.BLACKLIST, self._black))}  # fmt: skip
        self._has_white = any(map(str.strip, self._bodies[Stage.WHITELIST]))
        self._has_black = any(map(str.strip, self._bodies[Stage.BLACKLIST]))
        ignores_case = assumptions.letter_case is LetterCase.INSENSITIVE
        fold: Callable[[str], str] = str.lower if ignores_case else str
        self._right = {
            _body(place.entry): self._wanted(self._readings[place])
            for place in self._white
            if is_right(fold(_body(place.entry)), self._wanted(self._readings[place]))
        }
        """The entries that stay as they are, with their sites."""
        self._filed = GramIndex(parse_entry(fold(text)) for text in self._right)
        readings = [self._readings[place] for place in self._white]
        certain = [one for one in readings if not (one.is_guess or one.has_path)]
        self._sure = {site.domain for site in self._given}
        self._sure |= {site.domain for one in certain for site in self._wanted(one)}
        names_none = not self._owned.sites and not any(one.sites for one in readings)
        self._is_for_everybody = names_none and (
            not self._has_white or any(one.kind is Kind.EVERYBODY for one in readings)
        )

    # The sites of the owner

    def _find_sites(self) -> Iterator[Site]:
        wish = self._wish
        saved = wish.saved.whitelist if wish.saved else ()
        readings = [self._readings[place] for place in self._white]
        named = [site for item in readings for site in self._wanted(item)]
        before = [site for text in saved for site in self._wanted(read_entry(text))]
        black = {site.host for place in self._black for site in self._readings[place].sites}
        ends = tuple(one.host[1:] for one in (*named, *self._given) if one.host[:2] == "*.")
        yield from named
        for site in before:  # a host on the blacklist is an exception from a wildcard, not a site
            if site.is_wild or site.host not in black or not site.host.endswith(ends):
                yield site
        yield from (*self._given, *self._programs)
        if wish.console:
            yield make_console()
        has_http = any("http" in one.schemes for one in (*named, *self._given))
        for host in wish.cdn:
            for site in _read_wish(host):
                yield replace(site, schemes=BOTH if has_http else ("https",))

    def _wanted(self, reading: EntryReading) -> tuple[Site, ...]:
        return tuple(filter(self._means, reading.sites))

    def _means(self, site: Site) -> bool:
        """Return whether the owner means a site that an entry names."""
        if site.is_mini_program and self._programs:
            return site in self._programs
        if not self._given:
            return True
        return site.is_console or site.domain in self._domains or site.host in self._cdn

    # Drafts: changes that are not proved yet

    def _draft(self, places: Iterable[EntryPlace]) -> Iterator[Line]:
        seen: set[str] = set()
        for place in places:
            reading, body = self._readings[place], _body(place.entry)
            if body in seen:
                twin = self._remove(place, reading, Sentence("it stands twice"))
                yield replace(twin, is_twin=True)
            elif reading.kind is Kind.FOREIGN or place.entry in self._wish.meant:
                yield Line(place, reading, why=reading.why or _KEEP)
            elif reading.kind is not Kind.BLANK:
                draft = self._draft_white if place.list is Stage.WHITELIST else self._draft_black
                yield draft(place, reading, body)
            elif self._assumptions.white_space is DEFAULT.white_space:  # ignored
                yield self._remove(place, reading, reading.why)
            else:
                yield self._ask_to_remove(place, reading, Sentence("It is blank."))
            seen.add(body)

    def _draft_white(self, place: EntryPlace, reading: EntryReading, body: str) -> Line:
        if reading.kind is Kind.EVERYBODY:
            return self._draft_everybody(place, reading, body)
        wanted = self._wanted(reading)
        if not reading.sites:
            is_live = self._searches.is_live(body, self._base)
            if is_live:
                said = Sentence("It may let in others: {}.", reading.why)
            elif reading.kind is Kind.OTHERS:
                said = Sentence("It has no effect; corrected, it lets in others: {}.", reading.why)
            else:
                said = Sentence("It has no effect: {}.", reading.why)
            return self._ask_to_remove(place, reading, said)
        if not wanted:
            return self._ask_to_remove(place, reading, self._why_not(reading.sites[0]))
        return self._draft_sites(place, reading, body, wanted)

    def _draft_everybody(self, place: EntryPlace, reading: EntryReading, body: str) -> Line:
        pattern = parse_entry(body)
        schemes = [scheme for scheme in BOTH if admits_all(pattern, scheme)]
        if self._is_for_everybody:
            if place == self._star:
                if body == "*":
                    return Line(place, reading, why=Sentence("everybody who sends a Referer"))
                why = Sentence("* says it plainly")
                return Line(place, reading, change=self._change(place, ("*",)), why=why)
            if self._star:
                return self._remove(place, reading, Sentence("* lets in everybody already"))
            said = Sentence("Write * if everybody is meant, or the sites that may get in.")
            option = Option(Sentence("everybody"), self._change(place, ("*",)))
            return Line(place, reading, why=reading.why, question=said, options=(option,))
        said = (
            Sentence("It lets in everybody, so the other entries have no effect.")
            if len(schemes) > 1
            else Sentence("It lets in everybody by {}.", schemes[0])
        )
        return self._ask_to_remove(place, reading, said)

    @cached_property
    def _star(self) -> EntryPlace | None:
        """The entry that lets in every page: `*`, or else the first that matches as much."""
        cut, everything = self._base.cut, [parse_entry(f"{scheme}://") for scheme in BOTH]
        alike = [
            place
            for place in self._white
            if self._readings[place].kind is Kind.EVERYBODY
            and all(covers(parse_entry(_body(place.entry)), one, cut) for one in everything)
        ]
        return min(alike, key=lambda place: _body(place.entry) != "*", default=None)

    def _draft_sites(
        self, place: EntryPlace, reading: EntryReading, body: str, wanted: tuple[Site, ...]
    ) -> Line:
        is_right = body in self._right  # perhaps with white space around it
        # Any other entry also keeps the owner's other pages that it lets in.
        needed = self._find_missing([*wanted, *self._let_in.get(body, ())])
        entries = sorted(needed, key=lambda entry: entry.startswith("http:"))
        instead = (body, *entries) if is_right else tuple(entries)
        guards = self._find_guards([*needed.values(), *(wanted if is_right else ())])
        change = self._change(place, instead, guards)
        why = self._why(place.entry, entries, guards)
        line = Line(place, reading, wanted, change=change, why=why)
        return self._ask_if_unsure(line, is_own=any(one.domain in self._sure for one in wanted))

    @cached_property
    def _let_in(self) -> dict[str, list[Site]]:
        """The entries that are not right, each with the sites of the owner that it lets in."""
        bodies = {_body(place.entry) for place in self._white if self._readings[place].sites}
        index = GramIndex(map(parse_entry, bodies - self._right.keys()))
        found = defaultdict[str, list[Site]](list)
        for page, site in self._owned.pages:
            for one in index.candidates(page):
                if one.matches(page):
                    found[one.body].append(site)
        return found

    def _find_missing(self, sites: Iterable[Site], *written: GramIndex) -> dict[str, Site]:
        """Return the safe entries of sites that no right entry covers, nor one of `written`.

        An entry for all sub-domains means their domain too.
        """
        found: dict[str, Site] = {}
        added: list[Pattern] = []
        wanted = dict.fromkeys(one for site in sites for one in (site, *site.apex))
        for site in sorted(wanted, key=lambda site: not site.is_wild):
            for scheme in site.schemes:
                page, pattern = site.page(scheme), parse_entry(site.entry(scheme))
                filed = (one.candidates(page) for one in (self._filed, *written))
                near = (*chain.from_iterable(filed), *added)
                if not any(covers(one, pattern, self._base.cut) for one in near):
                    found[pattern.body] = site
                    added.append(pattern)
        return found

    def _widen(self, line: Line, site: Site) -> Line | None:
        """Return a line whose change also lets in a site of the owner; None if it is a guess."""
        if site.domain not in self._sure:
            return None
        change = line.change
        instead = (*(change.instead or ()), *self._find_missing([site]))
        black = (*change.blacklist, *self._find_guards([site]))
        return replace(line, change=replace(change, instead=instead, blacklist=black))

    def _find_guards(self, sites: Iterable[Site]) -> tuple[str, ...]:
        """Return the missing guards of sites: blacklist entries against them in others' paths."""
        found: dict[str, None] = {}
        for site in sites:
            for scheme in site.schemes if site.is_wild else ():
                guard = site.guard(scheme)
                page = site.in_path(scheme, self._stranger)
                wanted, cut = parse_entry(guard), self._base.cut
                near = self._filed_black.candidates(page)
                if not any(covers(one, wanted, cut) for one in near):
                    found[guard] = None
        return tuple(found)

    @cached_property
    def _filed_black(self) -> GramIndex:
        """The blacklist without questions: entries that keep out everybody or the owner."""
        return GramIndex(
            one.pattern
            for place in self._black
            if not is_blank(place.entry)
            and not self._keeps_out_all(place)
            and place not in self._locked
            for one in self._base.read(place.entry)
        )

    def _keeps_out_all(self, place: EntryPlace) -> bool:
        pattern = parse_entry(_body(place.entry))
        return all(admits_all(pattern, scheme) for scheme in BOTH)

    def _draft_black(self, place: EntryPlace, reading: EntryReading, body: str) -> Line:
        if self._keeps_out_all(place):
            said = Sentence("It keeps out everybody, whatever the whitelist says.")
            return self._ask_to_remove(place, reading, said)
        if locked := self._locked.get(place):
            said = Sentence("It keeps out {}, a page of yours.", locked)
            return self._ask_to_remove(place, reading, said)
        is_live = self._searches.is_live(body, self._base)
        if not reading.sites:
            if is_live:
                return Line(place, reading, why=_KEEP)
            said = Sentence("It has no effect: {}.", reading.why)
            return self._ask_to_remove(place, reading, said)
        entries = [
            entry
            for site in reading.sites
            for scheme in (BOTH if site.port is None and not site.is_mini_program else site.schemes)
            if (entry := site.entry(scheme)) not in self._bodies[Stage.BLACKLIST]
            and not self._keeps_out_own(site, scheme, reading)
            and self._needs_denial(site.page(scheme, "a-sub-domain"), is_live=is_live)
        ]
        if is_live and not entries:
            return Line(place, reading, reading.sites, why=_KEEP)
        instead = (place.entry, *entries) if is_live else tuple(entries)
        why = Sentence("the same site gets in otherwise") if is_live else Sentence("kept out")
        change = self._change(place, instead)
        line = Line(place, reading, reading.sites, change=change, why=why)
        return self._ask_if_unsure(line, is_own=False)

    def _ask_if_unsure(self, line: Line, *, is_own: bool) -> Line:
        """Ask about a guess, and about the whole host of an entry with a path, unless it is own."""
        if line.reading.is_guess:
            return ask(line, Sentence("It is a guess at what was meant."))
        if line.reading.has_path and not is_own:
            return ask(line, Sentence("It names the whole host, and not only the path."))
        return line

    def _needs_denial(self, page: str, *, is_live: bool) -> bool:
        """Return whether a blacklist lacks a page that it names: it gets in, or was misspelt.

        The corrected whitelist lets in all pages of the owner.
        """
        if self._filed_black.first(self._base.see(page)):
            return False
        gets_in = self._base.allowing(page) is not None or self._owned.find(page) is not None
        return not is_live or self._is_for_everybody or gets_in

    def _keeps_out_own(self, site: Site, scheme: str, reading: EntryReading) -> bool:
        """Return whether the entry of a site in the blacklist would keep out the owner."""
        # An entry for sub-domains means their domain too, unless it is the owner's.
        is_below = any(one.host == f"*.{site.host}" for one in reading.sites)
        if is_below and self._owned.find(replace(site, port=None).page(scheme)):
            return True
        if site.is_single:
            return site.page(scheme) in self._owned.singles
        pattern, cut = parse_entry(site.entry(scheme)), self._base.cut
        return any(pattern.matches(self._base.see(page)) for page in self._owned.singles) or any(
            covers(pattern, family.entry.pattern, cut) for family in self._owned.families
        )

    @cached_property
    def _locked(self) -> dict[EntryPlace, str]:
        """The entries of the blacklist that keep out pages of the owner, each with the first one.

        Exceptions from a wildcard are meant.
        """
        places = defaultdict[str, list[EntryPlace]](list)
        patterns: dict[str, SearchedEntry] = {}
        for place in self._black:
            for one in () if is_blank(place.entry) else self._base.read(place.entry):
                places[one.pattern.body].append(place)
                patterns[one.pattern.body] = one
        index = GramIndex(one.pattern for one in patterns.values())
        found: dict[EntryPlace, str] = {}
        for page in self._owned.singles:
            seen = self._base.see(page)
            for pattern in index.candidates(seen):
                if pattern.matches(seen) and not needs_path(patterns[pattern.body]):
                    for place in places[pattern.body]:
                        found.setdefault(place, page)
        for family in self._owned.families:
            for pattern in index.candidates(self._base.see(family.sample)):
                for place in places[pattern.body]:
                    if not self._is_exception(place, family) and covers(
                        pattern, family.entry.pattern, self._base.cut
                    ):
                        found.setdefault(place, family.sample)
        for body, entry in patterns.items():
            names_sites = any(self._readings[place].sites for place in places[body])
            kept_out = None if names_sites else self._searches.find_own(entry)
            if kept_out is not None:
                found = dict.fromkeys(places[body], kept_out) | found
        return found

    def _is_exception(self, place: EntryPlace, family: Family) -> bool:
        """Return whether an entry of the blacklist names sites below a wildcard of the owner."""
        sites, own = self._readings[place].sites, family.site
        return bool(sites) and all(
            site.host != own.host and site.owner.owns(own.domain) for site in sites
        )

    # Lines

    def _change(
        self, place: EntryPlace | None, instead: tuple[str, ...] | None, black: Sequence[str] = ()
    ) -> Change:
        change = Change(place, instead, blacklist=tuple(black))
        return replace(change, switch=self._switch) if self._needs_switch and change else change

    def _remove(self, place: EntryPlace, reading: EntryReading, why: Sentence) -> Line:
        return Line(place, reading, change=Change(place, ()), why=why)

    def _ask_to_remove(self, place: EntryPlace, reading: EntryReading, said: Sentence) -> Line:
        return ask(self._remove(place, reading, reading.why or said), said)

    def _why_not(self, site: Site) -> Sentence:
        if site.is_mini_program:
            return Sentence("It names another mini program than you do.")
        return Sentence("You named no site there.")

    def _why(self, entry: str, added: Sequence[str], guards: Sequence[str]) -> Sentence:
        body = _body(entry)
        if body not in self._right:
            return (
                Sentence("yours; / ends the host") if added else Sentence("another entry does it")
            )
        if body != entry:
            return Sentence("white space around it")
        if not added:
            guard = Sentence("a guard against yours in a stranger's path")
            return guard if guards else Sentence("right as it is")
        if body.startswith("http:") and all(entry.startswith("https:") for entry in added):
            return Sentence("the same over https")
        return Sentence("*. does not match the domain itself")

    # The plan

    def plan(self) -> Plan:
        rules = self._rules
        if rules.size > MAX_EXAMINED:
            nobody = WhoGetsIn((), (), (), is_searched=False)
            asked = tuple(self._ask_for_less())
            return Plan(rules, self._wish, self._owned, asked, rules, nobody, nobody, False)
        drafted = [*self._draft(self._white), *self._draft(self._black)]
        additions = [*self._draft_additions(drafted)]
        lines = self._prove(drafted, additions)
        if any(old.change and not new.change for old, new in zip(drafted, lines, strict=False)):
            # A change that became a question adds nothing.
            missing = [*self._draft_additions(lines)]
            lines = self._prove(drafted, [*additions, *missing]) if missing else lines
        corrected = apply(rules, (line.change for line in lines if line.change))
        if corrected.size > MAX_SIZE >= rules.size:
            lines = [*self._ask_to_grow(lines, corrected.size)]
            corrected = apply(rules, (line.change for line in lines if line.change))
        exceptions = [
            entry
            for line in lines
            if line.place in self._black and not line.removes
            if line.reading.sites or line.place.entry in self._wish.meant
            for text in (line.place.entry, *line.change.added(Stage.BLACKLIST))
            for entry in (() if is_blank(text) else self._base.read(text))
            if not needs_path(entry)
        ]
        prover = Prover(lines, self._searches, exceptions)
        lines = list(prover.mark(self._now))
        now = prover.find_visitors(self._policy)
        after = RefererPolicy.compile(corrected, self._assumptions)
        then = now if corrected == rules else prover.find_visitors(after)
        return Plan(
            rules,
            self._wish,
            self._owned,
            tuple(lines),
            corrected,
            now,
            then,
            self._is_for_everybody,
            rare=tuple(self._find_rare(after)) if corrected != rules else (),
        )

    def _prove(self, drafted: list[Line], additions: list[Line]) -> list[Line]:
        if len(additions) > 1 and not self._has_white:
            additions = [_join(additions)]
        lines = [*self._keep_closed(drafted, additions), *self._draft_rules(), *additions]
        return list(prove(lines, self._now, self._base, self._searches, self._widen))

    def _keep_closed(self, lines: list[Line], additions: Sequence[Line]) -> list[Line]:
        """Let no change and no answer empty the whitelist, which opens it to everybody."""
        filled = [
            one
            for one in lines
            if one.place and one.place.list is Stage.WHITELIST and not is_blank(one.place.entry)
            if not one.is_twin
        ]
        if not filled or (len(filled) != 1 and not all(one.removes for one in filled)):
            return lines
        said = Sentence("Write the sites to let in: an empty whitelist lets in everybody.")
        added = [one.change for one in additions]
        entries, guards = (
            tuple(dict.fromkeys(text for change in added for text in change.added(stage)))
            for stage in (Stage.WHITELIST, Stage.BLACKLIST)
        )

        def fill(change: Change) -> Change:
            """Have a change that removes an entry write the additions too, so it stands alone."""
            if change.instead != ():
                return change
            return replace(change, whitelist=entries, blacklist=guards, switch=added[0].switch)

        def close(line: Line) -> Line:
            if not (line.removes or line.options):
                return line
            if entries:
                options = tuple(one._replace(change=fill(one.change)) for one in line.options)
                return replace(line, change=fill(line.change), options=options)
            options = tuple(one for one in line.options if one.change.instead != ())
            question = line.question if options else said
            return replace(line, change=NO_CHANGE, question=question, options=options)

        kept = {id(one): close(one) for one in filled}
        return [kept.get(id(one), one) for one in lines]

    def _draft_rules(self) -> Iterator[Line]:
        """Yield changes of the rules as a whole."""
        rules = self._rules
        yield from self._ask_for_less()
        if self._needs_switch:
            why = Sentence("TruncatePath cuts the / that ends a host (R-27)")
            yield Line(None, change=Change(switch=self._switch), why=why, about="truncate-path")
        elif rules.truncate_path and not rules.allow_truncate_query_string:
            why = Sentence("TruncatePath without AllowTruncateQueryString is not documented (R-27)")
            switch = (Switch.ALLOW_TRUNCATE_QUERY_STRING, True)
            yield Line(None, change=Change(switch=switch), why=why, about="truncation-conflict")
        if self._has_white or self._owned.sites:
            return
        star = Change(whitelist=("*",))
        if not rules.allow_empty_referer:
            said = Sentence("AllowEmptyReferer false has no effect without a whitelist (R-11).")
            options = (
                Option(Sentence("deny requests without a Referer"), star),
                Option(Sentence("let them in"), Change(switch=(Switch.ALLOW_EMPTY_REFERER, True))),
            )
            yield Line(
                None, why=said, question=said, options=options, about="empty-without-whitelist"
            )
        elif self._has_black:
            why = Sentence("* lets in all others for certain (R-14)")
            line = Line(None, change=star, why=why, about="rests-on-assumption")
            said = Sentence("It lets in everybody but the blacklist; now nobody gets in (R-14).")
            yield ask(line, said) if self._now.reading.needs_whitelist else line

    def _ask_for_less(self) -> Iterator[Line]:
        size = self._rules.size
        if size > MAX_SIZE:
            said = Sentence(
                "The entries have {} bytes, and a bucket accepts {}; leave out some.",
                f"{size:,}",
                f"{MAX_SIZE:,}",
            )
            yield Line(None, why=said, question=said, about="too-large")

    def _ask_to_grow(self, lines: Sequence[Line], size: int) -> Iterator[Line]:
        """Yield the lines without changes that need more room than a bucket has (R-42)."""
        said = Sentence(
            "All corrections together need {} bytes, and a bucket accepts {}: make some, or fewer "
            "entries.",
            f"{size:,}",
            f"{MAX_SIZE:,}",
        )
        for line in lines:
            change, place = line.change, line.place
            more = sum(len(text.encode()) for stage in LISTS for text in change.added(stage))
            kept = place is None or change.instead is None
            less = 0 if kept or place is None else len(place.entry.encode())
            # Without the corrected entries, the switch may let in strangers.
            yield ask(line, said) if more > less or change.switch else line

    def _draft_additions(self, lines: Sequence[Line]) -> Iterator[Line]:
        """Yield additions for the sites that a person names and no entry does."""
        console = (make_console(),) if self._wish.console else ()
        texts = {text for line in lines for text in line.change.added(Stage.WHITELIST)}
        written = GramIndex(parse_entry(text) for text in texts if not is_blank(text))
        cdn = (site for site in self._owned.sites if site.host in self._cdn)
        sites = dict.fromkeys((*self._given, *self._programs, *console, *cdn))
        missing = defaultdict[Site, list[str]](list)
        for entry, site in self._find_missing(
            sorted(sites, key=lambda site: (not site.is_wild, len(site.host))), written
        ).items():
            missing[site].append(entry)
        for site, entries in missing.items():
            change = Change(whitelist=tuple(entries), blacklist=self._find_guards([site]))
            if self._rules.truncate_path:
                change = replace(change, switch=self._switch)
            line = Line(None, sites=(site,), change=change, why=self._wish.name(site))
            closes = self._has_black and not self._has_white
            said = Sentence("With it only your sites get in, and others no longer.")
            yield ask(line, said) if closes else line

    def _find_rare(self, after: RefererPolicy) -> Iterator[str]:
        """Yield own pages that are newly denied, on other ports or with their whole URL."""
        for page, site in self._owned.singles.items():
            origin = page.rpartition("/")[0]
            other = f"{page}?{page}"
            for referer in (f"{origin}:8443/", other, f"{page}x/{page.partition('//')[2]}"):
                if site.port is None and self._policy.allows(referer) and not after.allows(referer):
                    yield referer
                    return


def _join(additions: Sequence[Line]) -> Line:
    """Return one addition for an empty whitelist: one alone would lock out the other sites."""
    first = additions[0]
    entries, guards = (
        tuple(text for one in additions for text in one.change.added(stage))
        for stage in (Stage.WHITELIST, Stage.BLACKLIST)
    )
    change = replace(first.change, whitelist=entries, blacklist=guards)
    options = tuple(one._replace(change=change) for one in first.options)
    return replace(
        first,
        sites=tuple(site for one in additions for site in one.sites),
        change=NO_CHANGE if options else change,
        options=options,
    )


def _read_wish(text: str) -> tuple[Site, ...]:
    sites = read_site(text)
    if not sites:
        raise WishError(
            f"{text!r} is not the address of a site; write one such as https://www.example.com "
            "or *.example.com"
        )
    return sites


def _read_appid(appid: str) -> Site:
    if not APPID.fullmatch(appid):
        raise WishError(f"{appid!r} is not an appid; write one such as wx0123456789abcdef")
    return make_mini_program(appid)
