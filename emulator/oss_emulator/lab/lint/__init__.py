"""The linter of rules. Each rule of the linter is one file; its docstring is its documentation.

A rule yields suspicions with Referers as evidence. A suspicion becomes a finding only if the engine
confirms it for one of these Referers, so every finding has a Referer that shows the problem.

An entry has at most one finding: the first in the order of the rules. Its correction goes through
all further rules of the order, so the corrected entry needs no other correction.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Collection, Iterable
from types import ModuleType

from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.model import RefererConfiguration

from . import (
    any_mini_program,
    blacklist_only,
    broken_scheme,
    cdn_in_front,
    console_preview,
    covered,
    default_domain,
    default_port,
    duplicate,
    empty_allowed,
    empty_without_whitelist,
    fragment,
    impossible_host,
    international_host,
    joined,
    loose_wildcard,
    matches_all,
    mini_program,
    missing_scheme,
    needs_path,
    needs_query,
    no_rules,
    not_examined,
    one_scheme,
    only_http,
    open_host,
    path_across_sites,
    quoted,
    regular_expression,
    rests_on_assumption,
    root_missing,
    shadowed,
    template,
    too_large,
    too_long,
    truncate_path,
    truncation_conflict,
    upper_case,
    userinfo,
    video_second_request,
    white_space,
    wildcard_domain,
    wildcard_in_path,
)
from .finding import Correction, EntryPlace, Evidence, Finding, Severity, Switch
from .fixing import Fixed, follow
from .fixing import fix as _fix
from .rule import LintRule
from .running import run as _run
from .subject import Subject

__all__ = [
    "MOST_FIXED",
    "RULES",
    "Correction",
    "EntryPlace",
    "Evidence",
    "Finding",
    "Fixed",
    "LintRule",
    "Severity",
    "Subject",
    "Switch",
    "fix",
    "follow",
    "run",
]


def _rule(module: ModuleType) -> LintRule:
    page = inspect.getdoc(module) or ""
    return LintRule(
        module.__name__.rpartition(".")[2].replace("_", "-"),
        module.SEVERITY,
        page.partition("\n")[0],
        page,
        examine=getattr(module, "examine", None),
        suspect=getattr(module, "suspect", None),
        common=getattr(module, "COMMON", False),
    )


RULES = tuple(
    _rule(module)
    for module in (
        # How an entry is written.
        white_space,
        joined,
        template,
        quoted,
        broken_scheme,
        regular_expression,
        userinfo,
        fragment,
        matches_all,
        blacklist_only,
        missing_scheme,
        upper_case,
        international_host,
        impossible_host,
        default_port,
        # What an entry matches.
        needs_query,
        needs_path,
        path_across_sites,
        wildcard_domain,
        loose_wildcard,
        open_host,
        wildcard_in_path,
        root_missing,
        only_http,
        one_scheme,
        any_mini_program,
        # What the rules do together.
        too_long,
        too_large,
        shadowed,
        duplicate,
        covered,
        truncate_path,
        truncation_conflict,
        empty_without_whitelist,
        empty_allowed,
        rests_on_assumption,
        no_rules,
        not_examined,
        default_domain,
        video_second_request,
        mini_program,
        console_preview,
        cdn_in_front,
    )
)
"""All rules of the linter, in the order in which they run."""


MOST_FIXED = 800
"""The most entries whose corrections `oss-emulator lint --fix` follows, so that it ends in time."""


def run(
    configuration: RefererConfiguration,
    rules: Iterable[LintRule] = RULES,
    assumptions: Assumptions = DEFAULT,
    accepted: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Lint a configuration and return the findings, the most severe first.

    `accepted` are the names of rules whose findings are accepted.
    """
    return _run(configuration, rules, assumptions, accepted)


def fix(
    configuration: RefererConfiguration,
    rules: Iterable[LintRule] = RULES,
    assumptions: Assumptions = DEFAULT,
    accepted: Collection[str] = (),
) -> Fixed:
    """Apply corrections and lint again, until no correction is left."""
    asked = tuple(rules)
    return _fix(
        configuration, lambda changed: _run(changed, asked, assumptions, accepted, sys.maxsize)
    )
