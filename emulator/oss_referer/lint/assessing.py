"""Assessing corrections: which of them are safe, and why the others are not."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from math import inf

from oss_referer.engine.assumptions import DEFAULT
from oss_referer.engine.decision import Stage
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.engine.model import RefererConfiguration
from oss_referer.engine.policy import RefererPolicy
from oss_referer.engine.sentence import Sentence
from oss_referer.search.automaton import Budget, Watched
from oss_referer.search.entry import is_blank
from oss_referer.search.parts import DEFAULT_PORTS, Parts

from . import risk
from .finding import NOTHING, Correction, EntryPlace, Finding
from .fixing import follow, take
from .risk import GUESS, UNPROVED, Edited, EntryEdit, Named
from .sites import Sites, find_names, read_host
from .subject import LISTS, LintedEntry, Subject

TOGETHER = Sentence("It is not proved to be safe together with the other corrections.")

_STEPS, _FOR_ONE, _TOGETHER = 1_200_000, 300_000, 6_000_000
"""The most steps of all searches of an assessment, of those for one correction, and of those for
all corrections together."""


class Assessor:
    """Assesses the corrections of a configuration by the sites that its entries name."""

    def __init__(self, subject: Subject, found: Sequence[Finding], seconds: float = inf) -> None:
        """Corrections that are not proved to be safe within some seconds are not safe."""
        self._subject, self._found = subject, found
        self._budget = Budget(_STEPS, time.monotonic() + seconds)
        self._bodies = {
            stage: Counter(text.strip(WHITE_SPACE) for text in _list(subject, stage))
            for stage in LISTS
        }

    @cached_property
    def _named(self) -> Named:
        """The sites that the entries of both lists name."""
        return Named(*(Sites.of(_read(self._subject, stage, self._found)) for stage in LISTS))

    def assess(self, finding: Finding) -> Finding:
        """Return a finding with what of its correction is safe."""
        rules, whole = self._subject.configuration, finding.correction
        if not whole.changes:
            return replace(finding, safe=None)
        found = whole.risk or self._find_risk(finding.place, whole)
        if not found:
            return replace(finding, safe=whole, risk=NOTHING)
        for part in _parts(finding):
            is_change = take(rules, [(finding.place, part)]) != rules
            if is_change and not self._find_risk(finding.place, part):
                return replace(finding, safe=part, risk=found)
        return replace(finding, safe=None, risk=found)

    def follow(
        self, configuration: RefererConfiguration, found: Sequence[Finding]
    ) -> RefererConfiguration:
        """Follow the safe corrections, unless together they are not safe for these rules."""
        after = follow(configuration, found)
        if after == configuration or self._compare(after, Budget(_TOGETHER)) is None:
            return after
        budget = Budget(_STEPS)
        steps: list[tuple[EntryPlace | None, Correction]] = []
        for item in found:
            if item.safe is not None:
                trial = [*steps, (item.place, item.safe)]
                if self._compare(take(configuration, trial), budget) is None:
                    steps = trial
        return take(configuration, steps)

    def _find_risk(self, place: EntryPlace | None, correction: Correction) -> Sentence | None:
        if self._budget.is_over:
            return UNPROVED
        edit = self._edit(place, correction)
        if edit is None:
            after = take(self._subject.configuration, [(place, correction)])
            with self._budget.lend(_FOR_ONE) as budget:
                return self._compare(after, budget)
        old = self._subject.compiled
        with self._budget.lend(_FOR_ONE) as budget:
            return risk.find_risk(old, Edited(old, edit), edit, self._named, budget)

    def _compare(self, after: RefererConfiguration, budget: Budget) -> Sentence | None:
        new = RefererPolicy.compile(after, self._subject.assumptions)
        return risk.compare(self._subject.compiled, new, self._named, budget)

    def _edit(self, place: EntryPlace | None, correction: Correction) -> EntryEdit | None:
        """Return what a correction changes; None if the rules must be compiled to know that."""
        subject = self._subject
        if correction.switch or subject.assumptions != DEFAULT or not subject.has_whitelist:
            return None
        instead: dict[Stage, tuple[str, ...]] = dict.fromkeys(LISTS, ())
        out: dict[Stage, tuple[str, ...]] = dict.fromkeys(LISTS, ())
        if place is not None and correction.instead is not None:
            instead[place.list] = correction.instead
            body = place.entry.strip(WHITE_SPACE)
            is_gone = self._bodies[place.list][body] == 1 and body not in correction.instead
            out[place.list] = (body,) if is_gone and body else ()
        if out[Stage.WHITELIST] and not (instead[Stage.WHITELIST] or subject.has_other_white):
            return None
        added = {
            Stage.WHITELIST: (*instead[Stage.WHITELIST], *correction.whitelist),
            Stage.BLACKLIST: (*instead[Stage.BLACKLIST], *correction.blacklist),
        }
        return EntryEdit(
            white_out=self._watch(out[Stage.WHITELIST]),
            white_in=self._watch(self._new(Stage.WHITELIST, added)),
            black_out=self._watch(out[Stage.BLACKLIST]),
            black_in=self._watch(self._new(Stage.BLACKLIST, added)),
        )

    def _new(self, stage: Stage, added: dict[Stage, tuple[str, ...]]) -> Iterator[str]:
        bodies = (text.strip(WHITE_SPACE) for text in added[stage])
        return (body for body in bodies if body and body not in self._bodies[stage])

    def _watch(self, bodies: Iterable[str]) -> tuple[Watched, ...]:
        return tuple(entry for body in bodies for entry in self._subject.compiled.read(body))


def _parts(finding: Finding) -> Iterator[Correction]:
    """Yield the parts of a correction that may be safe although the whole is not."""
    careful = finding.safe
    if careful is None:
        return
    if careful != finding.correction:
        yield careful
    if careful.blacklist:
        yield replace(careful, blacklist=())


def _list(subject: Subject, stage: Stage) -> tuple[str, ...]:
    entries: tuple[str, ...] = getattr(subject.configuration, stage.value)
    return entries


def _read(subject: Subject, stage: Stage, found: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    """Return how the entries of a list are to be read: as they are, or as they are corrected."""
    corrected = {
        item.place: item.correction.instead
        for item in found
        if item.place and item.correction.instead and item.correction.risk != GUESS
    }
    readings: dict[str, tuple[str, ...]] = {}
    for position, text in enumerate(_list(subject, stage)):
        body = text.strip(WHITE_SPACE)
        place = EntryPlace(stage, position, text)
        if is_blank(text):
            continue
        if place not in corrected and _is_unread(subject, LintedEntry.read(place, text)):
            readings.update({name: (f"*.{name}",) for name in find_names(body)})
        else:
            readings[body] = _read_one(subject, body, corrected.get(place))
    return readings


def _read_one(subject: Subject, entry: str, corrected: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return how an entry is to be read: as it is written, if that has an effect."""
    if corrected is None:
        return (entry,)
    parts = Parts.split(entry)
    if subject.is_dead(entry):
        return corrected
    host = read_host(parts)
    if parts.scheme in DEFAULT_PORTS and host is not None:
        others = (text for text in corrected if read_host(Parts.split(text)) != host)
        return (entry, *others)  # several entries may be joined in one
    # Somebody may have meant the wildcards that a correction leaves out.
    return (entry, *corrected) if set(parts.host) & set("*?") else corrected


def _is_unread(subject: Subject, entry: LintedEntry) -> bool:
    """Return whether an entry names nobody and matches nobody, such as a placeholder."""
    if entry.is_foreign:
        return True
    return read_host(entry.parts) is None and subject.is_dead(entry.text)
