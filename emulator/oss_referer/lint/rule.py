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
    severity: Severity
    page: str
    """The documentation of the rule."""
    examine: Examine | None = None
    suspect: Suspect | None = None
    common: bool = False
    """Whether its findings apply to nearly every configuration."""

    @property
    def title(self) -> str:
        return self.page.partition("\n")[0]

    @classmethod
    def of(
        cls,
        function: Callable[..., object],
        severity: Severity,
        examine: Examine | None = None,
        suspect: Suspect | None = None,
        *,
        common: bool = False,
    ) -> "LintRule":
        """Make a rule with the name and the docstring of a function."""
        name, page = function.__name__.replace("_", "-"), inspect.getdoc(function) or ""
        return cls(name, severity, page, examine, suspect, common)


def examines(
    severity: Severity = Severity.ERROR, *, suspect: Suspect | None = None
) -> Callable[[Examine], LintRule]:
    return lambda examine: LintRule.of(examine, severity, examine, suspect)


def suspects(
    severity: Severity = Severity.ERROR, *, common: bool = False
) -> Callable[[Suspect], LintRule]:
    return lambda suspect: LintRule.of(suspect, severity, suspect=suspect, common=common)


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

        rule = LintRule.of(explain, severity, examine)
        name = rule.name
        return rule

    return decorate
