"""The rules of the linter, each made from its module.

A module has `examine`, which checks one entry, or `suspect`, which checks the whole configuration,
or both. If the plan reads the mistake in the entry, the module has only a `REASON`. It has a
`SEVERITY`, which is an error by default.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.remarks import RemarkKind
from oss_referer.search.entry import example
from oss_referer.search.sent import read_sent

Examine = Callable[[LintedEntry, Subject], Suspicion | None]
Suspect = Callable[[Subject], Suspicions]


@dataclass(frozen=True, slots=True)
class LintRule:
    name: str
    severity: Severity
    title: str
    page: str
    """The documentation of the rule."""
    examine: Examine | None = None
    suspect: Suspect | None = None
    common: bool = False
    """Whether its findings apply to nearly every configuration."""


_NAMES = (
    # How an entry is written.
    *"""
    white-space invisible-character template quoted joined keyword regular-expression
    wildcard-scheme broken-scheme userinfo fragment matches-all blacklist-only missing-scheme
    upper-case international-host closing-dot impossible-host default-port
    """.split(),
    # What an entry matches.
    *"""
    needs-query needs-path path-across-sites any-mini-program wildcard-domain loose-wildcard
    open-host wildcard-in-path wildcard-port root-missing only-http one-scheme
    """.split(),
    # How the rules work together.
    *"""
    too-long too-large duplicate shadowed other-sites never-matches covered truncate-path
    truncation-conflict empty-without-whitelist empty-allowed rests-on-assumption no-rules
    not-examined default-domain video-second-request mini-program console-preview cdn-in-front
    needs-change
    """.split(),
)


def _examine_spelling(name: str, reason: Sentence) -> Examine:
    """Return a function that suspects the entries in which the plan reads a mistake."""

    def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
        reading = entry.reading
        if name not in reading.mistakes:
            return None
        pages = tuple(site.page(scheme) for site in reading.sites for scheme in site.schemes)
        if not pages:
            corrected = example(entry.place.entry.strip(WHITE_SPACE))
            pages = (corrected, STRANGER) if read_sent(corrected) else (STRANGER,)
        return Suspicion(Evidence.UNMATCHED, pages, reason)

    return examine


def _rule(name: str) -> LintRule:
    module = import_module(f".{name.replace('-', '_')}", __package__)
    page, reason = inspect.getdoc(module) or "", getattr(module, "REASON", None)
    return LintRule(
        name=name,
        severity=getattr(module, "SEVERITY", Severity.ERROR),
        title=page.partition("\n")[0],
        page=page,
        examine=_examine_spelling(name, reason) if reason else getattr(module, "examine", None),
        suspect=getattr(module, "suspect", None),
        common=getattr(module, "COMMON", False),
    )


RULES = tuple(map(_rule, _NAMES))
"""All rules of the linter, in the order in which they run."""

KINDS = tuple(
    RemarkKind(id=rule.name, title=rule.title, page=rule.page, severity=rule.severity)
    for rule in RULES
)
"""A kind for each rule of the linter."""
