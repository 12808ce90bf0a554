"""Strangers: whether rules allow a page of another site, with a proof or with its Referer.

A search over all Referers that such a page can send (`sent.py`) gives the proof. It searches entry
by entry of the whitelist, because one matching entry is enough for a Referer.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from oss_referer.browser import probes
from oss_referer.engine import Decision, Pattern, RefererPolicy
from oss_referer.search import automaton
from oss_referer.search.automaton import Budget, CompiledRules, SearchedEntry, UndecidedError
from oss_referer.search.entry import FIXED_HOST, choose_stranger, example
from oss_referer.search.sent import OwnHost, Senders, SentReferers
from oss_referer.search.url import MAX_LENGTH, WebURL

SHOWN = 10
"""The most strangers to search for."""

ENTRIES = 1_000
"""The most entries to search, without those that match only hosts of the sites."""

LOOKS = 2_000_000
"""The most steps for all probes together (`automaton.effort`)."""

CONSOLE = "console.aliyun.com"
MINI_PROGRAMS = "https://servicewechat.com/"
"""The Referers of the console's preview and of mini programs begin with these (R-44)."""
APPID = re.compile(r"wx[0-9A-Za-z]{4,30}")
"""The appid of a mini program."""
_MINI_PROGRAM = re.compile(rf"{re.escape(MINI_PROGRAMS)}{APPID.pattern}/")


@dataclass(frozen=True, slots=True)
class Stranger:
    """A Referer of another site that the rules allow."""

    referer: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Strangers:
    found: tuple[Stranger, ...]
    """The clearest stranger for each whitelist entry, up to `SHOWN`."""
    proved: bool
    """Whether the search has covered every Referer, so that an empty `found` is a proof."""


def search(policy: RefererPolicy, sites: Iterable[WebURL]) -> Strangers:
    """Search the Referers of pages that do not belong to the sites, for anonymous requests.

    A site is a registered domain with all its sub-domains: `www.example.com.cn` and
    `m.example.com.cn` belong together. If the rules contain the documented entries (R-44), the
    console is not a stranger. Nor is WeChat, if they name mini programs by their appids.
    """
    known = [*map(OwnHost.of, sites), *_find_prescribed(policy)]
    return _Search(policy, SentReferers(Senders.FOREIGN, known)).run()


def _find_prescribed(policy: RefererPolicy) -> Iterator[OwnHost]:
    entries = [pattern.text for pattern in policy.reading.whitelist.patterns]
    if f"https://*.{CONSOLE}/" in entries:
        yield OwnHost(CONSOLE, True)
    programs = [entry for entry in entries if entry.startswith(MINI_PROGRAMS)]
    if programs and all(_MINI_PROGRAM.fullmatch(entry) for entry in programs):
        yield OwnHost(MINI_PROGRAMS.split("/")[2], False)


class _Search:
    def __init__(self, policy: RefererPolicy, strange: SentReferers) -> None:
        self._policy = policy
        self._reading = policy.reading
        self._strange = strange
        self._rules = CompiledRules(policy)
        self._budget = Budget()
        self._looks = Budget(LOOKS)

    def run(self) -> Strangers:
        found: list[Stranger] = []
        proved = decided = True
        for number, pattern in enumerate(self._patterns()):
            if len(found) == SHOWN:
                break
            if number == ENTRIES:
                proved = False
                break
            try:
                referer = self._probe(pattern) or (self._find(pattern) if decided else None)
            except UndecidedError:
                proved = decided = False
                continue
            if referer is None:
                continue
            stranger = Stranger(referer, self._policy.decide(referer))
            if self._strange.is_sent(referer) and stranger.decision.allowed:
                found.append(stranger)
            else:
                proved = False  # the language is slightly too wide
        return Strangers(tuple(found), proved)

    def _patterns(self) -> Iterator[Pattern | None]:
        """Yield the entries that may allow a stranger; None if a Referer needs no entry."""
        if not self._reading.needs_whitelist:
            yield None
            return
        distinct = {pattern.body: pattern for pattern in self._reading.whitelist.patterns}
        for pattern in distinct.values():
            if not self._is_of_site(pattern) and not _is_too_long(pattern):
                yield pattern

    def _is_of_site(self, pattern: Pattern) -> bool:
        fixed = FIXED_HOST.match(pattern.body)
        return fixed is not None and not self._strange.has_host(fixed["host"])

    def _probe(self, pattern: Pattern | None) -> str | None:
        """Return the first probe that the rules allow. Raises UndecidedError."""
        for referer in _probes(pattern):
            self._looks.take(automaton.effort(self._policy, referer))
            decided = self._reading.decide(referer)
            by_pattern = decided.reason.allows and decided.entry in (None, pattern)
            if by_pattern and self._strange.is_sent(referer):
                return referer
        return None

    def _find(self, pattern: Pattern | None) -> str | None:
        """Search all Referers for one that the rules allow. Raises UndecidedError."""
        if not self._rules.is_searchable:
            raise UndecidedError
        cut = self._rules.cut
        white = [] if pattern is None else [SearchedEntry(pattern, cut, needed=True)]
        return automaton.find(
            [white, self._rules.black],
            wanted=lambda matched: (matched[0] or not white) and not matched[1],
            dead_end=lambda matched: matched[1],
            budget=self._budget,
            language=self._strange.language,
        )


def _is_too_long(pattern: Pattern) -> bool:
    """Return whether an entry matches only Referers that are too long for browsers (B-03)."""
    return len(pattern.body) - pattern.body.count("*") > MAX_LENGTH


def _probes(pattern: Pattern | None) -> Iterator[str]:
    yield probes.STRANGER
    if pattern is not None:
        yield example(pattern.text, stranger=choose_stranger([pattern.text]))
        yield from filter(None, (probe.referer for probe in probes.make([pattern.text])))
