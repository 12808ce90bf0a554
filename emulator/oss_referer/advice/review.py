"""Review: who gets in, what to change, what the change costs, and what to try after it.

The proposed rules keep every correct entry. Safe entries for the same sites replace a wrong entry,
and an entry without a wanted site is removed. A person names the wanted sites, or else the entries
name them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeGuard

from oss_referer.advice.proposal import ProposalError, read_appid
from oss_referer.advice.sites import (
    BOTH,
    Meaning,
    Site,
    is_right,
    make_console,
    make_mini_program,
    read,
)
from oss_referer.browser.probes import make
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    Decision,
    RefererConfiguration,
    RefererPolicy,
    Sentence,
    Stage,
)
from oss_referer.engine.policy import MAX_SIZE
from oss_referer.search.entry import choose_stranger, example, is_blank, parse_entry
from oss_referer.search.sent import read_sent
from oss_referer.search.url import WebURL

PLACE = Site(("https",), "your-site.example")
"""The placeholder for the site if the entries name none; nobody can register this name."""
ANY_LABEL = "a-sub-domain"
"""The label of a sub-domain that only a wildcard matches."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The sites and clients that the owner wants to allow."""

    sites: tuple[str, ...] = ()
    """URLs, or `*.example.com`; if empty, the sites that the entries name."""
    app: bool = False
    """Whether an app, which sends no Referer, shows the objects."""
    mini_programs: tuple[str, ...] = ()
    console: bool = False
    cdn: tuple[str, ...] = ()
    """Hosts of CDNs with style sheets that name objects (B-04)."""
    object_url: str = ""
    """An object that people may open directly."""


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
    name: str = ""
    """The name of the site: a host, or `*.` with a host."""
    others: tuple[str, ...] = ()
    """The Referers of the visitors in the same group."""

    @property
    def is_wrong(self) -> bool:
        return self.wanted not in (None, self.now.allowed)


class Line(NamedTuple):
    """An entry that the proposed rules contain or remove, with the reason."""

    list: Stage
    entry: str
    why: Sentence


@dataclass(frozen=True, slots=True)
class Costs:
    """The effects of the proposed rules on sites and clients."""

    locked_out: tuple[str, ...]
    let_in: tuple[str, ...]
    rare: tuple[Sentence, ...]
    """Referers of the owner that get locked out, but that browsers rarely send."""
    choice: Sentence
    """A choice that is left to the owner."""


class Check(NamedTuple):
    """A request to try after the change, with the expected response (R-35)."""

    referer: str | None
    status: int
    ec: str | None


@dataclass(frozen=True, slots=True)
class Review:
    answer: Sentence
    taken: tuple[str, ...] | None
    """The sites from the entries; None if a person named the sites."""
    visitors: tuple[Visitor, ...]
    rules: RefererConfiguration
    """The proposed rules."""
    changed: bool
    """Whether the proposed rules differ from the reviewed ones."""
    lines: tuple[Line, ...]
    left_out: tuple[Line, ...]
    costs: Costs
    notes: tuple[Sentence, ...]
    checks: tuple[Check, ...]


def review(
    rules: RefererConfiguration,
    wish: Wish = Wish(),
    live: RefererConfiguration | None = None,
    assumptions: Assumptions = DEFAULT,
) -> Review:
    """Review rules; `live` are the rules in use, by default the same. Raises ProposalError."""
    return _Reviewer(rules, wish, live or rules, assumptions).review()


def _read_wish(text: str) -> tuple[Site, ...]:
    meaning = read(text)
    if not meaning.sites:
        raise ProposalError(
            f"{text!r} is not the address of a site; write one such as https://www.example.com "
            "or *.example.com"
        )
    return meaning.sites


def _matcher(entries: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that returns whether any of the entries matches a Referer."""
    rules = RefererConfiguration(whitelist=(*entries, "none"))
    return RefererPolicy.compile(rules).allows


def _pages(sites: Iterable[Site]) -> Iterator[tuple[Site, str]]:
    """Yield each site with each of its schemes."""
    return ((site, scheme) for site in sites for scheme in site.schemes)


def _by_both(site: Site) -> Site:
    """Return a site with both schemes if possible, because a blacklist must name both."""
    has_both = site.port is None and not (site.is_mini_program or site.is_console)
    return replace(site, schemes=BOTH) if has_both else site


class _Reviewer:
    def __init__(
        self,
        rules: RefererConfiguration,
        wish: Wish,
        live: RefererConfiguration,
        assumptions: Assumptions,
    ) -> None:
        self._rules, self._wish, self._live = rules, wish, live
        self._white = [(text, read(text)) for text in rules.whitelist]
        self._black = [(text, read(text)) for text in rules.blacklist]
        self._given = tuple(site for text in wish.sites for site in _read_wish(text))
        self._programs = tuple(map(read_appid, wish.mini_programs))
        console = (make_console(),) if wish.console else ()
        self._domains = {site.domain for site in self._given}
        cdn = [site for host in wish.cdn for site in _read_wish(host)]
        self._cdn = {site.host for site in cdn}
        self._named = self._find_named()
        has_http = any("http" in site.schemes for site in (*self._named, *self._given))
        cdn = [replace(site, schemes=BOTH if has_http else ("https",)) for site in cdn]
        self._sites = tuple(
            dict.fromkeys([*self._named, *self._given, *self._programs, *console, *cdn])
        )
        texts = (*rules.whitelist, *rules.blacklist, *live.whitelist, *live.blacklist)
        self._stranger = choose_stranger((*texts, *wish.sites, *wish.cdn))
        self._lines: list[Line] = []
        self._left_out: list[Line] = []
        self._has_blacklist = not all(map(is_blank, rules.blacklist))
        self._kept_out: list[Site] = []
        self._wild: set[str] = set()
        self._everybody = self._is_for_everybody()
        self._proposed = self._propose()
        self._reviewed, self._now, self._then = (
            RefererPolicy.compile(one, assumptions) for one in (rules, live, self._proposed)
        )

    def _find_named(self) -> tuple[Site, ...]:
        """Return the sites that the whitelist names and the owner means.

        A host on the blacklist is an exception from a wildcard, not a site.
        """
        named = [site for _, meaning in self._white for site in meaning.sites if self._means(site)]
        black = {site.host for _, meaning in self._black for site in meaning.sites}
        ends = tuple(site.host[1:] for site in (*named, *self._given) if site.host[:2] == "*.")
        return tuple(
            dict.fromkeys(
                site
                for site in named
                if site.is_wild or site.host not in black or not site.host.endswith(ends)
            )
        )

    def _means(self, site: Site) -> bool:
        """Return whether the owner means a site that an entry names."""
        if site.is_mini_program and self._programs:
            return site in self._programs
        if not self._given:
            return True
        if site.is_console:
            return self._wish.console or any(one.is_console for one in self._given)
        return site.domain in self._domains or site.host in self._cdn

    def _is_for_everybody(self) -> bool:
        """Return whether the rules should allow all pages except those of the blacklist."""
        if self._given or (self._named and not self._has_blacklist):
            return False
        plain = [meaning.is_everybody for text, meaning in self._white if not is_blank(text)]
        if self._has_blacklist:
            return any(plain) or not plain
        return all(plain) and bool(plain or not self._sites)

    def _special(self, site: Site) -> Sentence | None:
        """Return a description of a special site; None for an ordinary one."""
        if site == PLACE:
            return Sentence("put your site here")
        if site.is_mini_program:
            every, one = Sentence("every mini program"), Sentence("your mini program")
            return every if site.path == "/" else one
        if site.is_console:
            return Sentence("console's preview")
        return Sentence("CDN's style sheets") if site.host in self._cdn else None

    # The rules to use

    def _propose(self) -> RefererConfiguration:
        rules = self._rules
        if self._everybody:
            self._sites, white = (), self._for_everybody()
        else:
            if not self._sites:
                self._sites = (PLACE,)
            self._wild = {site.host for site in self._sites if site.is_wild}
            white = tuple(self._for_sites())
        black = tuple(self._for_blacklist(white))
        return replace(
            rules,
            truncate_path=rules.truncate_path and not white,
            whitelist=white,
            blacklist=black,
        )

    def _for_everybody(self) -> tuple[str, ...]:
        needs = self._has_blacklist or (not self._rules.allow_empty_referer and not self._wish.app)
        if not needs and all(is_blank(text) for text, _ in self._white):
            return self._rules.whitelist
        for text, _ in self._white:
            if text != "*":
                self._leave_out(Stage.WHITELIST, text, Sentence("* lets it in already"))
        self._add(Stage.WHITELIST, "*", Sentence("everybody who sends a Referer"))
        return ("*",)

    def _for_sites(self) -> Iterator[str]:
        """Yield the whitelist: the correct entries, and the missing ones."""
        right = {
            text
            for text, meaning in self._white
            if is_right(text, meaning) and any(map(self._means, meaning.sites))
        }
        missing = self._find_missing(right)
        for text, meaning in self._white:
            if text in right:
                self._add(Stage.WHITELIST, text, Sentence("right as it is"))
                yield text
                continue
            meant = [site for site in meaning.sites if self._means(site)]
            if not meant:
                self._leave_out(Stage.WHITELIST, text, self._why_not(meaning))
            yield from self._take(missing, meant)
        yield from self._take(missing, self._sites)

    def _find_missing(self, right: Iterable[str]) -> dict[str, Site]:
        """Return the entries to add: those that neither correct entries nor new wildcards cover."""
        found: dict[str, Site] = {}
        for wild in (True, False):
            is_covered = _matcher([*right, *found])
            found |= {
                site.entry(scheme): site
                for site, scheme in _pages(self._sites)
                if site.is_wild is wild and not is_covered(site.page(scheme, ANY_LABEL))
            }
        return found

    def _take(self, missing: dict[str, Site], sites: Iterable[Site]) -> Iterator[str]:
        for site, scheme in sorted(_pages(sites), key=lambda page: page[1] == "http"):
            entry = site.entry(scheme)
            if missing.pop(entry, None):
                self._add(Stage.WHITELIST, entry, self._why(site, entry))
                yield entry

    def _for_blacklist(self, white: tuple[str, ...]) -> Iterator[str]:
        """Yield the blacklist: entries against pages that `white` allows, and wildcard guards."""
        gets_in = _matcher(white)
        own = {site.page(scheme, ANY_LABEL) for site, scheme in _pages(self._sites)}
        own = {f"https://{self._stranger}/"} if self._everybody else own
        guards = {
            page: site.guard(scheme)
            for site, scheme in _pages(self._sites)
            if site.is_wild
            and gets_in(page := site.in_path(scheme, self._stranger))
            and read_sent(page)
        }
        kept = {
            text
            for text, meaning in self._black
            if self._keeps_out(text, meaning, own, gets_in, guards)
        }
        is_denied = _matcher(kept)
        added: set[str] = set()
        for text, meaning in self._black:
            if text in kept:
                self._add(Stage.BLACKLIST, text, Sentence("stays: it keeps somebody out"))
                yield text
            for site, scheme in _pages(map(_by_both, meaning.sites)):
                page, entry = site.page(scheme, ANY_LABEL), site.entry(scheme)
                if not gets_in(page) or page in own:
                    continue
                self._kept_out.append(replace(site, schemes=(scheme,)))
                if not is_denied(page) and entry not in added:
                    added.add(entry)
                    self._add(Stage.BLACKLIST, entry, Sentence("kept out"))
                    yield entry
        safe = {text for guard in guards.values() for text in (guard, f"{guard}*")}
        is_guarded = _matcher(kept & safe)
        for page, guard in guards.items():
            if not is_guarded(page) and guard not in added:
                added.add(guard)
                self._add(Stage.BLACKLIST, guard, Sentence("yours in a stranger's path"))
                yield guard

    def _keeps_out(
        self,
        text: str,
        meaning: Meaning,
        own: Collection[str],
        gets_in: Callable[[str], bool],
        guards: Iterable[str],
    ) -> bool:
        """Return whether a blacklist entry stays as it is; if not, record the reason."""
        if is_blank(text):
            self._leave_out(Stage.BLACKLIST, text, meaning.why)
            return False
        denies = parse_entry(text).matches
        if locked := min(filter(denies, own), default=None):
            self._leave_out(Stage.BLACKLIST, text, Sentence("it keeps out {}", locked))
            return False
        pages = [site.page(scheme, ANY_LABEL) for site, scheme in _pages(meaning.sites)]
        origins = [probe.referer for probe in make([text]) if _is_origin(probe.referer)]
        if any(denies(page) and gets_in(page) for page in (*pages, *origins, *guards)):
            return True
        if not any(gets_in(page) and page not in own for page in pages):
            why = Sentence("no entry lets it in") if meaning.sites else meaning.why
            if any(map(gets_in, pages)):
                why = Sentence("browsers send only the host, which is yours")
            self._leave_out(Stage.BLACKLIST, text, why)
        return False

    def _add(self, stage: Stage, entry: str, why: Sentence) -> None:
        self._lines.append(Line(stage, entry, why))

    def _leave_out(self, stage: Stage, entry: str, why: Sentence) -> None:
        self._left_out.append(Line(stage, entry, why))

    def _why_not(self, meaning: Meaning) -> Sentence:
        if not meaning.sites:
            return meaning.why
        site = meaning.sites[0]
        if site.is_mini_program:
            return Sentence("you named other mini programs, or none")
        if "aliyun.com" in site.name and not self._wish.console:
            return Sentence("you named no site there; --console keeps its preview")
        return Sentence("you named no site there")

    def _why(self, site: Site, entry: str) -> Sentence:
        """Return in a few words why an entry is in the whitelist."""
        if special := self._special(site):
            return special
        if entry.startswith("http:") and "https" in site.schemes:
            return Sentence("the same over http")
        if site.is_wild:
            return Sentence("sub-domains; / ends the host")
        if f"*.{site.host}" in self._wild:
            return Sentence("*. does not match it")
        return Sentence("yours; / ends the host")

    # Who gets in

    def review(self) -> Review:
        visitors = tuple(self._visitors())
        grouped = tuple(_group(visitors))
        changed = self._proposed != self._rules
        names = dict.fromkeys(site.name for site in self._named)
        named = tuple(name for name in names if f"*.{name}" not in names)
        return Review(
            answer=self._answer(visitors, changed=changed),
            taken=None if self._wish.sites else named,
            visitors=grouped,
            rules=self._proposed,
            changed=changed,
            lines=tuple(self._lines),
            left_out=tuple(self._left_out),
            costs=self._costs(visitors),
            notes=tuple(self._notes()),
            checks=tuple(_check(grouped)),
        )

    def _visitor(
        self, referer: str | None, who: Sentence, wanted: bool | None, name: str = ""
    ) -> Visitor:
        now, then = self._now.decide(referer), self._then.decide(referer)
        return Visitor(referer, who, wanted, now=now, then=then, name=name)

    def _visitors(self) -> Iterator[Visitor]:
        if not self._everybody:
            yield from self._own_visitors()
        without = Sentence("app, video, typed")
        yield self._visitor(None, without, True if self._wish.app else None)
        if self._wish.object_url:
            yield self._visitor(self._wish.object_url, Sentence("opened video"), None)  # B-06
        for site, scheme in _pages(self._kept_out):
            who = Sentence("on your blacklist")
            yield self._visitor(site.page(scheme), who, False, site.name)
        for page, name in dict(self._unnamed_pages()).items():
            yield self._visitor(page, Sentence("not named"), None, name)
        stranger, by_http = (f"{scheme}://{self._stranger}/" for scheme in BOTH)
        if self._everybody:
            who = Sentence("anybody")
            if self._now.allows(stranger) is not self._now.allows(by_http):
                who, other = (Sentence("anybody by {}", scheme) for scheme in BOTH)
                yield self._visitor(by_http, other, None, other)
            yield self._visitor(stranger, who, None, who)
            return
        yield self._visitor(stranger, Sentence("a stranger"), False)
        yield from self._trying_visitors()
        if self._rules.allow_empty_referer:
            yield self._visitor(None, Sentence("stranger hides it"), False)

    def _own_visitors(self) -> Iterator[Visitor]:
        is_excepted = _matcher(self._proposed.blacklist)
        for site, scheme in _pages(self._sites):
            labels = ("oss",) if site.is_console else ("www", "m", ANY_LABEL)
            pages = [site.page(scheme, label) for label in labels]
            page = min(pages, key=lambda one: (is_excepted(one), self._now.allows(one)))
            who = self._special(site) or Sentence("yours")
            yield self._visitor(page, who, True, site.name)

    def _unnamed_pages(self) -> Iterator[tuple[str, str]]:
        """Yield pages that may be the owner's, and pages of entries that are left out.

        The second value is the name of the site.
        """
        for site in self._sites[:1]:
            if not (site.is_mini_program or site.is_console or site.port or site == PLACE):
                twins = dict.fromkeys([site.host.removeprefix("www."), site.host])
                for twin, scheme in _pages(
                    replace(site, host=host, schemes=BOTH) for host in twins
                ):
                    if not self._then.allows(twin.page(scheme, ANY_LABEL)):
                        yield twin.page(scheme), twin.name
        for text in (*self._rules.whitelist, *self._live.whitelist):
            for site, scheme in _pages(read(text).sites):
                if not self._then.allows(site.page(scheme)):
                    yield site.page(scheme), site.name
        kept_out = {*self._rules.blacklist}
        for text in (one for one in self._live.blacklist if one not in kept_out):
            for site, scheme in _pages(read(text).sites):
                page = site.page(scheme)
                if self._then.allows(page) and not self._now.allows(page):
                    yield page, site.name

    def _trying_visitors(self) -> Iterator[Visitor]:
        """Yield strangers with Referers similar to the owner's, the best of each kind."""
        found: dict[str, list[str]] = {name: [] for name in _TRIES}
        for site, scheme in _pages(self._sites):
            host = site.page(scheme).partition("//")[2].partition("/")[0].partition(":")[0]
            if site.is_mini_program and make_mini_program() not in self._sites:
                found["program"].append(make_mini_program("wx0000000000000000").page("https"))
            found["path"] += [f"{scheme}://{self._stranger}/{host}/"]
            if site.is_wild:
                found["path"].append(site.in_path(scheme, self._stranger))
            found["begins"] += [f"{scheme}://{host}.{self._stranger}/", f"{scheme}://{host}.cn/"]
            bare = host.removeprefix("www.")
            found["ends"] += [f"{scheme}://not{bare}/", f"{scheme}://my-{bare}/"]
        for text, meaning in self._white:
            if not meaning.sites and not is_blank(text):
                page = example(text, stranger=self._stranger)
                found["wide"] += [page, f"{page.rstrip('/')}.{self._stranger}/"]
                found["wide"] += [probe.referer for probe in make([text]) if probe.referer]
        own = {site.domain for site in self._sites if not site.is_mini_program}

        def is_strange(referer: str) -> bool:
            """Return whether a page of another owner can send a Referer."""
            url = read_sent(referer)
            labels = url.host.strip(".").split(".") if url else []
            ends = {".".join(labels[number:]) for number in range(len(labels))}
            return len(labels) > 1 and own.isdisjoint(ends)

        for name, referers in found.items():
            tried = dict.fromkeys(referers)
            strange = [*filter(is_strange, tried)]
            found_by = (
                next(filter(by.allows, strange), None) for by in (self._reviewed, self._now)
            )
            best = next(filter(None, found_by), None)
            if best is None and name not in ("ends", "wide"):
                best = next(iter(strange), None)
            if best is not None:
                yield self._visitor(best, _TRIES[name], False)

    # The answer and the costs

    def _answer(self, visitors: Sequence[Visitor], *, changed: bool) -> Sentence:
        allows = self._reviewed.allows
        if self._everybody:
            return self._answer_for_everybody(visitors, changed=changed)
        if not changed and self._wish.app and not self._rules.allow_empty_referer:
            return Sentence(
                "Nothing to change, but your app stays out: that is your choice, see 3."
            )
        if not changed:
            if self._rules.allow_empty_referer:
                return Sentence(
                    "Nothing to change: your pages get in, and strangers only without a Referer."
                )
            return Sentence("Nothing to change: your pages get in, and strangers stay out.")
        if PLACE in self._sites:
            return Sentence("The entries name no site: put yours in these rules, or name it.")
        own = [item.referer for item in visitors if item.wanted and item.referer]
        out = len([referer for referer in own if not allows(referer)])
        gets_in = any(
            allows(item.referer) for item in visitors if item.wanted is False and item.referer
        )
        count = Sentence("{} of your {} addresses", str(out), str(len(own)))
        if out == len(own):
            count = Sentence("all your pages")
        if out and gets_in:
            return Sentence("Strangers get in, and {} cannot.", count)
        if out == 1 < len(own):
            return Sentence("Strangers stay out, but so does {}.", count)
        if out:
            return Sentence("Strangers stay out, but so do {}.", count)
        if gets_in:
            return Sentence("Your pages get in, but strangers do too.")
        return Sentence("Your pages get in and strangers stay out; these rules are safer.")

    def _answer_for_everybody(self, visitors: Sequence[Visitor], *, changed: bool) -> Sentence:
        if not changed:
            return Sentence("Nothing to change: the rules name no site, and everybody gets in.")
        if not self._has_blacklist:
            if not all(map(is_blank, self._rules.whitelist)):
                return Sentence("The rules name no site: write * to let in everybody.")
            return Sentence("AllowEmptyReferer false has no effect yet: everybody gets in.")
        if any(self._reviewed.allows(item.referer) for item in visitors if item.wanted is False):
            return Sentence("Pages on your blacklist get in.")
        return Sentence("Your blacklist works; whitelist * to be sure that others get in (R-14).")

    def _costs(self, visitors: Sequence[Visitor]) -> Costs:
        out = [item for item in visitors if item.now.allowed and not item.then.allowed]
        in_ = [item for item in visitors if item.then.allowed and not item.now.allowed]
        locked_out = list(_hosts(item for item in out if item.wanted is not False))
        for line in self._left_out:
            page = example(line.entry, stranger=self._stranger)
            is_page = line.list is Stage.WHITELIST and not read(line.entry).sites
            if is_page and self._now.allows(page) and not self._then.allows(page):
                locked_out.append(Sentence("others who fit {}", line.entry))
        if any(item.wanted is False for item in out):
            locked_out.append(Sentence("the strangers marked !"))
        return Costs(
            tuple(dict.fromkeys(locked_out)),
            tuple(dict.fromkeys(_hosts(in_))),
            tuple(self._rare()),
            self._choice(),
        )

    def _rare(self) -> Iterator[Sentence]:
        """Yield the owner's pages that get locked out, but whose Referers browsers rarely send."""
        ports, paths = Sentence("your other ports"), Sentence("your URLs that name another host")
        found = {ports: False, paths: False}
        wild = next((site for site in self._sites if site.is_wild), None)
        for site, scheme in _pages(self._sites):
            page = site.page(scheme)
            origin = page.rpartition("/")[0]
            other = wild.page(scheme) if wild else page
            for said, referer in (
                (ports, f"{origin}:8443/"),
                (paths, f"{page}?{other}"),
                (paths, f"{page}{other.partition('//')[2]}"),
            ):
                found[said] |= self._now.allows(referer) and not self._then.allows(referer)
        yield from (said for said, is_so in found.items() if is_so)

    def _choice(self) -> Sentence:
        if not (self._proposed.whitelist or self._proposed.blacklist):
            return Sentence("Without a whitelist everybody gets in, with or without a Referer.")
        if self._rules.allow_empty_referer:
            return Sentence(
                "AllowEmptyReferer true lets in apps, and also pages that hide their Referer. With "
                "false, apps must send yours or sign in the header."
            )
        return Sentence(
            "AllowEmptyReferer false keeps out pages that hide their Referer, and apps unless they "
            "send yours or sign in the header; true lets in both."
        )

    def _notes(self) -> Iterator[Sentence]:
        new, old = self._proposed, self._rules
        if old.truncate_path and not new.truncate_path:
            yield Sentence("TruncatePath becomes false: it cuts the / that ends a host (R-27).")
        if new.size > MAX_SIZE:
            template = "These rules have {} bytes of entries, and a bucket accepts {} (R-42)."
            yield Sentence(template, f"{new.size:,}", f"{MAX_SIZE:,}")
        if not new.allow_empty_referer and not old.whitelist and new.whitelist == ("*",):
            yield Sentence("AllowEmptyReferer false has an effect only beside a whitelist (R-11).")
        if any(line.why.startswith("no browser sends") for line in self._left_out):
            yield Sentence(
                "Apps whose pages are at file:// or capacitor://localhost send no Referer: "
                "AllowEmptyReferer decides."
            )
        if self._wish.cdn:
            yield Sentence(
                "The host of a CDN matters only for style sheets there (B-04). Private "
                "back-to-origin requests are not checked (R-36)."
            )


def _is_origin(referer: str | None) -> TypeGuard[str]:
    """Return whether a Referer is an origin with a slash, as browsers send by default."""
    url = read_sent(referer) if referer else None
    return url is not None and url.text == f"{url.origin}/"


_TRIES = {
    "begins": Sentence("begins like yours"),
    "ends": Sentence("ends like yours"),
    "path": Sentence("yours in its path"),
    "program": Sentence("other mini program"),
    "wide": Sentence("fits a wide entry"),
}
"""Descriptions of strangers, by the kind of their Referers."""


def _group(visitors: Iterable[Visitor]) -> Iterator[Visitor]:
    """Yield one visitor for each group; strangers who stay out before and after are one group."""
    groups: dict[object, list[Visitor]] = {}
    for item in visitors:
        is_denied = item.wanted is False and not item.now.allowed and not item.then.allowed
        who = "" if is_denied and item.referer else item.who
        key = (who, item.wanted, item.now.allowed, item.then.allowed, item.referer is None)
        groups.setdefault(key, []).append(item)
    for first, *more in groups.values():
        yield replace(first, others=tuple(item.referer for item in more if item.referer))


def _hosts(visitors: Iterable[Visitor]) -> Iterator[str]:
    """Yield the names of the sites of visitors."""
    for item in visitors:
        if item.referer is None:
            yield Sentence("requests without a Referer")
        else:
            yield item.name or WebURL.parse(item.referer).host


MOST_CHECKS = 6


def _check(visitors: Sequence[Visitor]) -> Iterator[Check]:
    """Yield requests that show the effect of the rules; those with a changed verdict come first."""
    changes = [item for item in visitors if item.now.allowed != item.then.allowed]
    own = [item for item in visitors if item.wanted]
    matter = [item for item in changes if item.wanted is not None]
    chosen = [*own[:1], *matter, *changes, *visitors]
    kept = dict.fromkeys(item.referer for item in chosen)
    decisions = {item.referer: item.then for item in visitors}
    for referer in [*kept][:MOST_CHECKS]:
        decision = decisions[referer]
        yield Check(referer, 200 if decision.allowed else 403, decision.ec)
