"""The verdict on a Referer rests on an assumption about the service, not on its documentation.

Another variant of an assumed fact would give another verdict. Write the rules so that every variant
gives the same verdict, or ask the real service. The rule tries only Referers that browsers send:
with a scheme, a host in lower case (B-02) and a path. It makes them from at most 100 entries, first
from those that the fact concerns. It skips an entry with another finding, because the correction of
that finding makes the verdict certain.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice

from oss_referer.browser import probes
from oss_referer.engine import FACTS, Reading, Sentence, header
from oss_referer.engine.assumptions import SENTENCES
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.search.automaton import Truncation
from oss_referer.search.entry import Parts
from oss_referer.search.url import DEFAULT_PORTS, MAX_LENGTH
from oss_referer.sources.toml import join

SEVERITY = Severity.WARNING

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


def suspect(subject: Subject) -> Suspicions:
    """Suspect each fact that the verdict on some Referer rests on."""
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
    values = (SENTENCES[variant], FACTS[name], variant, join(others))
    if allowed:
        return Sentence(
            "It is assumed and not documented that {} ({}, {}). With {} it would be denied.",
            *values,
        )
    return Sentence(
        "It is assumed and not documented that {} ({}, {}). With {} it would be allowed.", *values
    )
