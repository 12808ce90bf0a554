"""The verdict on a Referer rests on what the service does not document.

Another variant of an assumed fact would give another verdict. Write the rules so that they do the
same in any case, or ask the real service. Only Referers that browsers send count: with a scheme, a
host in lower case (B-02) and a path. They are made from the entries, at most 100 of them, and first
from those that a fact is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice

from oss_emulator.lab import probes
from oss_emulator.lab.explain import SENTENCES
from oss_emulator.lab.parts import DEFAULT_PORTS, Parts
from oss_emulator.referer import header
from oss_emulator.referer.assumptions import fact
from oss_emulator.referer.reading import Reading
from oss_emulator.toml import join

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.WARNING

_ENTRIES = 100
"""The most entries that Referers are made from, for each fact: if so many show nothing, more hardly
will."""

_ABOUT: Mapping[str, Callable[[str], bool]] = {
    "r14": lambda _: True,
    "r24": lambda entry: entry != entry.lower(),
    "r25": lambda entry: entry != entry.strip() or not entry,
    "r27": lambda _: True,
    "r27_contradiction": lambda _: True,
    "r28": lambda entry: "/" in Parts.split(entry).rest,
    "r37": lambda entry: "," in entry,
}
"""The facts that the verdict on one anonymous GET may rest on, and which entries they are about."""


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect each fact that the verdict on some Referer rests on."""
    for name, is_about in _ABOUT.items():
        for referer in _referers(subject, is_about):
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
                    Correction(add=("*",) if name == "r14" and allowed else ()),
                )
                break


def _referers(subject: Subject, is_about: Callable[[str], bool]) -> Iterator[str | None]:
    configuration = subject.configuration
    entries = (*configuration.whitelist, *configuration.blacklist)
    about = list(filter(is_about, entries))
    if not about:
        return
    # A Referer that another entry decides now may be decided by one of these otherwise.
    chosen = list(islice(dict.fromkeys((*about, *entries)), _ENTRIES))
    pages = [entry.replace("*", "www") for entry in chosen]  # with a query, if there is one
    yield None
    for referer in (*(probe.referer for probe in probes.make(chosen)), *pages):
        if referer and (sent := _as_sent(referer)) is not None:
            yield sent


def _as_sent(referer: str) -> str | None:
    """Return a Referer as a browser sends it; None if no browser sends the like."""
    parts = Parts.split(referer)
    if (parts.scheme or "").lower() not in DEFAULT_PORTS or not parts.names_host:
        return None
    if not parts.rest.startswith("/") or any(mark in referer for mark in ", "):
        return None
    return parts.origin.lower() + parts.rest


def _other_verdicts(
    subject: Subject, referer: str | None, name: str
) -> Iterator[tuple[StrEnum, bool]]:
    """Yield the other variants of a fact, and whether a Referer is allowed by them."""
    if name not in dict(subject.policy.decide(referer).variants):
        return
    for field, assumptions in subject.assumptions.alternatives():
        if field == name:
            reading = Reading(subject.configuration, assumptions)
            yield assumptions.chosen()[name], reading.judge(header.trim(referer)).reason.allows


def _describe(subject: Subject, name: str, allowed: bool, others: Sequence[StrEnum]) -> str:
    variant = subject.assumptions.chosen()[name]
    return (
        f"It is assumed and not documented that {SENTENCES[variant]} ({fact(name)}, {variant}). "
        f"With {join(others)} it would be {'denied' if allowed else 'allowed'}."
    )
