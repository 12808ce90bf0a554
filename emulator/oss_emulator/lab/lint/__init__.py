"""The linter of rules. Each rule of the linter is one file; its docstring is its documentation.

A rule yields suspicions with Referers as evidence. A suspicion becomes a finding only if the engine
confirms it for one of these Referers, so every finding has a Referer that shows the problem.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from types import ModuleType

from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.decision import Stage
from oss_emulator.referer.model import RefererConfiguration

from . import (
    cdn_in_front,
    console_preview,
    covered,
    default_port,
    duplicate,
    empty_allowed,
    empty_without_whitelist,
    fragment,
    international_host,
    loose_wildcard,
    matches_all,
    mini_program,
    missing_scheme,
    needs_path,
    needs_query,
    only_http,
    open_host,
    path_across_sites,
    regular_expression,
    rests_on_assumption,
    root_missing,
    shadowed,
    upper_case,
    video_second_request,
    white_space,
    wildcard_in_path,
)
from .finding import Correction, EntryPlace, Evidence, Finding, Severity
from .rule import LintRule
from .subject import Subject

__all__ = [
    "RULES",
    "Correction",
    "EntryPlace",
    "Evidence",
    "Finding",
    "LintRule",
    "Severity",
    "run",
]


def _rule(module: ModuleType) -> LintRule:
    page = inspect.getdoc(module) or ""
    name = module.__name__.rpartition(".")[2].replace("_", "-")
    return LintRule(name, module.SEVERITY, page.partition("\n")[0], page, module.suspect)


RULES = tuple(
    _rule(module)
    for module in (
        missing_scheme,
        regular_expression,
        upper_case,
        international_host,
        default_port,
        fragment,
        needs_query,
        needs_path,
        path_across_sites,
        only_http,
        root_missing,
        matches_all,
        loose_wildcard,
        open_host,
        wildcard_in_path,
        shadowed,
        duplicate,
        covered,
        white_space,
        rests_on_assumption,
        empty_without_whitelist,
        empty_allowed,
        video_second_request,
        mini_program,
        console_preview,
        cdn_in_front,
    )
)
"""All rules of the linter, in the order in which they run."""


def run(
    configuration: RefererConfiguration,
    rules: Iterable[LintRule] = RULES,
    assumptions: Assumptions = DEFAULT,
) -> tuple[Finding, ...]:
    """Lint a configuration and return the findings, the most severe first."""
    subject = Subject(configuration, assumptions)
    found = [finding for rule in rules for finding in _confirm(rule, subject)]
    return tuple(sorted(found, key=_rank))


def _rank(finding: Finding) -> tuple[int, int, int]:
    """Order by severity, then the whitelist, the blacklist and the switches."""
    place = finding.place
    number = 0 if place is None else place.position
    after = 2 if place is None else int(place.list is Stage.BLACKLIST)
    return list(Severity).index(finding.severity), after, number


def _confirm(rule: LintRule, subject: Subject) -> Iterable[Finding]:
    for suspicion in rule.suspect(subject):
        for referer in suspicion.referers:
            if subject.holds(suspicion.evidence, referer, suspicion.place):
                yield Finding(
                    rule.name,
                    suspicion.severity or rule.severity,
                    suspicion.reason,
                    suspicion.evidence,
                    referer,
                    subject.policy.decide(referer),
                    suspicion.correction,
                    suspicion.place,
                )
                break
