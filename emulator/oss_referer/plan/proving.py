"""Proves that changes of a plan are safe, and who gets in by its rules."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace

from oss_referer.engine import DEFAULT, GramIndex, RefererPolicy, Sentence, Stage
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.plan.lines import Line, WhoGetsIn, ask
from oss_referer.plan.proof import (
    Family,
    Owned,
    Reach,
    covers,
    find_denied,
    may_be_of,
    needs_path,
    pages_of,
    seek,
)
from oss_referer.plan.reading import BOTH, Site
from oss_referer.search.automaton import (
    Budget,
    CompiledRules,
    SearchedEntry,
    Truncation,
    UndecidedError,
)
from oss_referer.search.entry import example, is_blank, parse_entry
from oss_referer.search.sent import Senders, SentReferers, read_sent

_STEPS, _STEPS_OF_ONE = 6_000_000, 600_000
"""The most steps of all searches of a plan, and of one. They take about 5 seconds."""

NOT_SEARCHED = Sentence("Whether it lets in strangers was not searched: it takes too long.")
UNPROVED = Sentence("It may lock out a page of yours: the search for one ended early.")


def _lock_out(page: str) -> Sentence:
    return Sentence("It locks out {}, which gets in now.", page)


def _would_lock_out(page: str) -> Sentence:
    return Sentence("Corrected, it locks out {}, which gets in now.", page)


@dataclass(frozen=True, slots=True)
class _Drafted:
    """A whitelist entry with its drafted change, as the rules compare it."""

    line: Line
    old: tuple[SearchedEntry, ...]
    new: tuple[SearchedEntry, ...]
    """The entries that the change writes."""
    stays: bool

    def matches(self, seen: str) -> bool:
        return any(one.pattern.matches(seen) for one in self.old)

    def keeps(self, seen: str) -> bool:
        """Return whether a Referer that the entry matches is matched after the change too."""
        return self.stays or any(one.pattern.matches(seen) for one in self.new)


class _Filed:
    """Drafted entries, filed by what they match."""

    def __init__(self, drafted: Sequence[_Drafted]) -> None:
        self._drafted = {id(entry.pattern): one for one in drafted for entry in one.old}
        self._index = GramIndex(entry.pattern for one in drafted for entry in one.old)

    def matching(self, seen: str) -> list[_Drafted]:
        """Return the drafted entries that match a Referer as the rules compare it."""
        found = (one for one in self._index.candidates(seen) if one.matches(seen))
        return [self._drafted[id(one)] for one in found]

    def settles(self, family: Family, base: CompiledRules) -> bool:
        """Return whether one entry lets in a whole family, before and after its change."""
        wanted = family.entry.pattern
        return any(
            any(covers(entry.pattern, wanted, base.cut) for entry in one.old)
            and (one.stays or any(covers(entry.pattern, wanted, base.cut) for entry in one.new))
            for one in self.matching(base.see(family.sample))
        )


class Searches:
    """The searches for a plan; they share one budget of steps."""

    def __init__(self, owned: Owned, stranger: str) -> None:
        self.owned, self.stranger = owned, stranger
        self._budget = Budget(_STEPS)
        self._found = defaultdict[str, dict[object, tuple[str, Reach] | None]](dict)
        """The strangers by entry, and by what else decides on them."""

    def seek(
        self,
        entry: SearchedEntry,
        pages: SentReferers,
        excluded: Sequence[SearchedEntry],
        rules: CompiledRules,
        within: Sequence[Sequence[SearchedEntry]] = (),
    ) -> str | None:
        """Seek a page that an entry matches, and neither `excluded` nor the blacklist of `rules`.

        Raises UndecidedError.
        """

        def exclude(referer: str) -> SearchedEntry | None:
            seen = rules.see(referer)
            found = next((one for one in excluded if one.pattern.matches(seen)), None)
            return found or rules.denying(referer)

        with self.lend() as budget:
            return seek(entry, pages, exclude, budget, within)

    def lend(self) -> AbstractContextManager[Budget]:
        """Lend the steps of one search."""
        return self._budget.lend(_STEPS_OF_ONE)

    def find_stranger(self, entry: SearchedEntry, rules: CompiledRules) -> tuple[str, Reach] | None:
        """Return a Referer of a stranger that an entry of rules lets in. Raises UndecidedError."""
        before, known = self._found[entry.pattern.body], (entry.cut, rules.blacklisted)
        if known not in before:
            for found in filter(None, before.values()):
                if rules.policy.allows(found[0]):
                    return found
            with self.lend() as budget:
                before[known] = self.owned.find_stranger(
                    entry, rules.denying, budget, self.stranger
                )
        return before[known]

    def find_own(self, entry: SearchedEntry) -> str | None:
        """Return a page of the owner that an entry matches; None also if the search ends early."""
        for family in self.owned.families:
            if may_be_of(entry, family):
                with self.lend() as budget, suppress(UndecidedError):
                    within = [[family.entry]]
                    if found := seek(entry, family.pages, lambda _: None, budget, within):
                        return found
        return None

    def is_live(self, entry: str, rules: CompiledRules) -> bool:
        """Return whether an entry may match a Referer that a browser sends; True if unknown."""
        page, read = example(entry), rules.read(entry)
        if read_sent(page) and any(one.pattern.matches(rules.see(page)) for one in read):
            return True
        everybody = pages_of(Senders.ALL, (), Reach.RARE)
        with self.lend() as budget:
            try:
                return any(seek(one, everybody, lambda _: None, budget) for one in read)
            except UndecidedError:
                return True


def prove(
    lines: Sequence[Line],
    now: CompiledRules,
    base: CompiledRules,
    searches: Searches,
    widen: Callable[[Line, Site], Line | None],
) -> Iterator[Line]:
    """Yield the lines; a change that may lock out an own page becomes a question.

    `now` are the rules, and `base` the same with the switch TruncatePath that the changes set.
    `widen` returns a line whose change also lets in a site; None if that is not certainly meant.
    """
    owned = searches.owned
    drafted = [
        _draft(line, base)
        for line in lines
        if line.place and line.place.list is Stage.WHITELIST and not is_blank(line.place.entry)
        if not line.is_twin  # the same entry stands before it, and has its own change
    ]
    reasons: dict[int, Sentence] = {}
    filed = _Filed(drafted)
    for page in owned.singles:
        if not now.policy.allows(page):
            continue
        matching, seen = filed.matching(base.see(page)), base.see(page)
        if not any(one.keeps(seen) for one in matching):
            for one in (one for one in matching if one.line.change):
                reasons.setdefault(id(one.line), _lock_out(page))
    kept = [
        entry
        for one in drafted
        for entry in one.old
        if one.stays
        # Its change keeps all that it matches, so that others may rely on it.
        or (
            one.line.change and any(covers(new.pattern, entry.pattern, base.cut) for new in one.new)
        )
    ]
    settled = {family: filed.settles(family, base) for family in owned.families}
    kept += [family.entry for family in settled if settled[family]]
    unsettled = [family for family in settled if not settled[family]]
    widened: dict[int, Line] = {}
    for one in drafted:
        if one.stays or not one.line.change or id(one.line) in reasons:
            continue
        line = one.line
        try:
            for referer, lost in _find_lost(one, kept, unsettled, base, searches):
                wider = widen(line, lost.site) if lost else None
                if wider is None:
                    reasons[id(one.line)] = _lock_out(referer)
                    break
                line = wider
            else:
                widened[id(one.line)] = line
        except UndecidedError:
            reasons[id(one.line)] = UNPROVED
    lines = [widened.get(id(line), line) for line in lines]
    for line in lines:
        if line.change and id(line) not in reasons:
            denied = _find_newly_denied(line, now, base, searches)
            if denied is not None:
                reasons[id(line)] = denied
    whites = [(entry, one.stays or not one.line.change) for one in drafted for entry in one.old]
    if not _may_switch(now, base, searches, whites):
        said = Sentence("It changes TruncatePath, which may lock out or let in others.")
        reasons |= {id(line): said for line in lines if line.change.switch}
    for line in lines:
        reason = reasons.get(id(line))
        yield ask(line, reason) if reason else line


def _draft(line: Line, base: CompiledRules) -> _Drafted:
    place, change = line.place, line.change
    assert place is not None  # noqa: S101 - only lines of entries are drafted
    # Nothing is covered by an entry that the owner may remove, such as one for everybody.
    stays = not line.question and (change.instead is None or place.entry in change.instead)
    new = tuple(one for text in change.added(Stage.WHITELIST) for one in base.read(text))
    return _Drafted(line, base.read(place.entry), new, stays)


def _find_lost(
    one: _Drafted,
    kept: Sequence[SearchedEntry],
    families: Sequence[Family],
    base: CompiledRules,
    searches: Searches,
) -> Iterator[tuple[str, Family | None]]:
    """Yield own pages that only this entry lets in and its change does not, with their family."""
    excluded = [*one.new, *kept]
    for entry in (closed for old in one.old for closed in _close(old, one.line)):
        for family in families:
            if may_be_of(entry, family):
                found = searches.seek(entry, family.pages, excluded, base, [[family.entry]])
                if found:
                    yield found, family
                    excluded.append(family.entry)  # a wider change keeps the whole family
        for own in one.line.reading.may:
            pages = pages_of(Senders.OWN, (own,))
            if found := searches.seek(entry, pages, excluded, base):
                yield found, None


def _close(entry: SearchedEntry, line: Line) -> tuple[SearchedEntry, ...]:
    """Return copies of an entry, each with a character that can end its host.

    `https://www.example.com` also matches `https://www.example.com.example.org/`, but does not mean
    a sub-domain of example.org.
    """
    body = entry.pattern.body.rstrip("*")
    if not any(body.endswith(site.fixed) for site in line.reading.sites):
        return (entry,)
    return tuple(replace(entry, pattern=parse_entry(f"{body}{end}")) for end in "/:")


def _find_newly_denied(
    line: Line, now: CompiledRules, base: CompiledRules, searches: Searches
) -> Sentence | None:
    """Return why the blacklist entries that a change adds are not safe; None if they are."""
    old = {one.pattern.body for one in base.black}
    added = [
        entry
        for text in line.change.added(Stage.BLACKLIST)
        for entry in base.read(text)
        if entry.pattern.body not in old
    ]
    is_black = line.place is not None and line.place.list is Stage.BLACKLIST
    lock_out = _would_lock_out if is_black else _lock_out
    for entry in added:
        is_guard = needs_path(entry)  # only mini programs send a path
        for page in () if is_guard else searches.owned.singles:
            if entry.pattern.matches(base.see(page)) and now.policy.allows(page):
                return lock_out(page)
        for family in searches.owned.programs if is_guard else searches.owned.families:
            if not may_be_of(entry, family):
                continue
            try:
                found = searches.seek(entry, family.pages, (), base, [[family.entry]])
            except UndecidedError:
                return UNPROVED
            if found and now.policy.allows(found):
                return lock_out(found)
    return None


def _may_switch(
    now: CompiledRules,
    base: CompiledRules,
    searches: Searches,
    whites: Sequence[tuple[SearchedEntry, bool]],
) -> bool:
    """Return whether another TruncatePath locks out no own page and lets in no stranger.

    `whites` are the entries of the whitelist, each with True if it stays. The change of another one
    may not be made, so it lets in no stranger by default either.
    """
    if now.cut is base.cut:
        return True
    if now.policy.assumptions.cut_entries is not DEFAULT.cut_entries:
        return False  # the entries change as well
    if any(
        now.policy.allows(page) and not base.policy.allows(page) for page in searches.owned.singles
    ):
        return False
    try:
        for family in searches.owned.families:
            for entry in base.black:
                if may_be_of(entry, family) and searches.seek(
                    entry, family.pages, (), now, [[family.entry]]
                ):
                    return False
        for entry, stays in whites:
            body = entry.pattern.body
            is_alike = "/" not in body.rpartition("://")[2] and not (stays and {*"*?"} & {*body})
            if body in searches.owned.safe or is_alike:
                continue  # it matches own pages, or the origin before and after
            found = searches.owned.find_stranger(
                entry,
                lambda referer: base.denying(referer) or now.allowing(referer),
                Budget(_STEPS_OF_ONE),
                searches.stranger,
                [replace(entry, cut=now.cut)],
            )
            if found and (stays or found[1] is Reach.DEFAULT):
                return False
    except UndecidedError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Found:
    stranger: str | None
    is_in_path: bool = False
    is_searched: bool = True


class Prover:
    """Judges who gets in by rules: own pages that are denied, and strangers who get in."""

    def __init__(
        self, lines: Sequence[Line], searches: Searches, exceptions: Sequence[SearchedEntry]
    ) -> None:
        """Take `exceptions`: the entries of sites that the blacklist means to deny."""
        self._searches, self._exceptions = searches, exceptions
        self._owned = searches.owned
        self._lines = lines
        self._others = {
            one.place.entry.strip(WHITE_SPACE)
            for one in lines
            if one.place and one.place.list is Stage.BLACKLIST and one.reading.sites
            if not any(
                site in self._owned.sites or self._owned.owns(site.domain)
                for site in one.reading.sites
            )
        }

    def find_visitors(self, policy: RefererPolicy) -> WhoGetsIn:
        rules, is_searched = CompiledRules(policy), True
        denied = [page for page in self._owned.singles if not policy.allows(page)]
        denied = [page for page in denied if not self._is_exception(page)]
        black = [entry for entry in rules.black if entry.pattern.body not in self._others]
        shallow = [entry for entry in black if not needs_path(entry)]
        for family in self._owned.families:
            examined = black if family.site.is_mini_program else shallow
            try:
                with self._searches.lend() as budget:
                    found = find_denied(family, rules, self._exceptions, examined, budget)
            except UndecidedError:
                found, is_searched = None, False
            if found:
                denied.append(found)
        named, first = tuple(dict.fromkeys(denied)), f"https://{self._searches.stranger}/"
        opened = tuple(scheme for scheme in BOTH if self._is_open(scheme, rules))
        if opened == BOTH:
            return WhoGetsIn(named, (first,), opened, is_searched)
        strangers = []
        for entry in rules.white:
            found_by = self.find_stranger(entry, rules)
            is_searched &= found_by.is_searched
            if found_by.stranger:
                strangers.append(found_by.stranger)
        return WhoGetsIn(named, tuple(dict.fromkeys(strangers)), opened, is_searched)

    def _is_open(self, scheme: str, rules: CompiledRules) -> bool:
        """Return whether everybody gets in by a scheme, apart from a blacklist."""
        everybody = parse_entry(f"{scheme}://?*/")
        is_open = not rules.white or any(
            covers(one.pattern, everybody, rules.cut) for one in rules.white
        )
        return is_open and rules.policy.allows(f"{scheme}://{self._searches.stranger}/")

    def find_stranger(self, entry: SearchedEntry, rules: CompiledRules) -> _Found:
        """Return a stranger whom an entry lets in."""
        body = entry.pattern.body
        if rules.cut is Truncation.PATH and re.search(r"[^/:*?]/", body):
            return _Found(None)  # no Referer has a path
        right = self._owned.safe.get(body)
        if right is not None and rules.cut is not Truncation.PATH:
            site, scheme = right
            page = site.in_path(scheme, self._searches.stranger) if site.is_wild else ""
            denying = rules.denying(page) if page else None
            guard = parse_entry(site.guard(scheme))
            if not page or (denying and covers(denying.pattern, guard, rules.cut)):
                return _Found(None)
            if denying is None and rules.policy.allows(page):
                return _Found(page, is_in_path=True)
        if not rules.is_searchable:
            return _Found(None, is_searched=False)
        try:
            found = self._searches.find_stranger(entry, rules)
        except UndecidedError:
            return _Found(None, is_searched=False)
        return _Found(None) if found is None else _Found(found[0], found[1] is Reach.RARE)

    def mark(self, rules: CompiledRules) -> Iterator[Line]:
        """Yield the lines with the strangers whom their entries let in."""
        for line in self._lines:
            place = line.place
            if place is None or place.list is Stage.BLACKLIST or is_blank(place.entry):
                yield line
                continue
            found = [self.find_stranger(one, rules) for one in rules.read(place.entry)]
            shown = next((one for one in found if one.stranger), _Found(None))
            is_searched = all(one.is_searched for one in found)
            is_unknown = not (is_searched or shown.stranger or line.is_open)
            yield replace(
                line,
                stranger=shown.stranger,
                is_in_path=shown.is_in_path,
                is_searched=is_searched,
                question=NOT_SEARCHED if is_unknown else line.question,
            )

    def _is_exception(self, page: str) -> bool:
        return any(one.pattern.matches(page) for one in self._exceptions)
