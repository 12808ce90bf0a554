"""The linter of rules. Each rule of the linter is one file; its docstring is its documentation.

A rule yields suspicions with Referers as evidence. A suspicion becomes a finding only if the engine
confirms it for one of these Referers, so every finding has a Referer that shows the problem.

An entry has at most one finding: the first in the order of the rules. Its correction goes through
all further rules of the order, so the corrected entry needs no other correction.
"""

import inspect
import sys
from collections.abc import Collection, Iterable
from importlib import import_module

from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.model import RefererConfiguration

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


_NAMES = (
    # How an entry is written.
    *"""
    white-space joined template quoted broken-scheme regular-expression userinfo fragment
    matches-all blacklist-only missing-scheme upper-case international-host impossible-host
    default-port
    """.split(),
    # What an entry matches.
    *"""
    needs-query needs-path path-across-sites wildcard-domain loose-wildcard open-host
    wildcard-in-path root-missing only-http one-scheme any-mini-program
    """.split(),
    # What the rules do together.
    *"""
    too-long too-large shadowed duplicate covered truncate-path truncation-conflict
    empty-without-whitelist empty-allowed rests-on-assumption no-rules not-examined
    default-domain video-second-request mini-program console-preview cdn-in-front
    """.split(),
)


def _rule(name: str) -> LintRule:
    module = import_module(f".{name.replace('-', '_')}", __name__)
    page = inspect.getdoc(module) or ""
    return LintRule(
        name,
        module.SEVERITY,
        page.partition("\n")[0],
        page,
        examine=getattr(module, "examine", None),
        suspect=getattr(module, "suspect", None),
        common=getattr(module, "COMMON", False),
    )


RULES = tuple(map(_rule, _NAMES))
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
