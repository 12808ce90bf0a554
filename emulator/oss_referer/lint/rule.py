"""A rule of the linter: a function with the name of the rule, whose docstring documents it.

`spelling` makes a rule that reports a mistake of spelling, which the plan reads in an entry; the
function returns the reason. `examines` makes a rule that checks one entry, and `suspects` one that
checks the whole configuration. Findings are errors by default.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import example
from oss_referer.search.sent import read_sent

Examine = Callable[[LintedEntry, Subject], Suspicion | None]
Suspect = Callable[[Subject], Suspicions]


@dataclass(frozen=True, slots=True)
class LintRule:
    name: str
    page: str
    """The documentation of the rule."""
    severity: Severity
    examine: Examine | None = None
    suspect: Suspect | None = None
    common: bool = False
    """Whether its findings apply to nearly every configuration."""

    @property
    def title(self) -> str:
        return self.page.partition("\n")[0]


def _describe(function: Callable[..., object]) -> tuple[str, str]:
    """Return the name of a function's rule and its documentation."""
    return function.__name__.replace("_", "-"), inspect.getdoc(function) or ""


def examines(
    severity: Severity = Severity.ERROR, *, suspect: Suspect | None = None
) -> Callable[[Examine], LintRule]:
    return lambda examine: LintRule(*_describe(examine), severity, examine, suspect)


def suspects(
    severity: Severity = Severity.ERROR, *, common: bool = False
) -> Callable[[Suspect], LintRule]:
    return lambda suspect: LintRule(*_describe(suspect), severity, None, suspect, common)


def spelling(severity: Severity = Severity.ERROR) -> Callable[[Callable[[], Sentence]], LintRule]:
    def decorate(explain: Callable[[], Sentence]) -> LintRule:
        def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
            reading = entry.reading
            if name not in reading.mistakes:
                return None
            pages = tuple(site.page(scheme) for site in reading.sites for scheme in site.schemes)
            if not pages:
                corrected = example(entry.place.entry.strip(WHITE_SPACE))
                pages = (corrected, STRANGER) if read_sent(corrected) else (STRANGER,)
            return Suspicion(Evidence.UNMATCHED, pages, explain())

        rule = LintRule(*_describe(explain), severity, examine)
        name = rule.name
        return rule

    return decorate
