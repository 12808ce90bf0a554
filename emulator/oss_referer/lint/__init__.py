"""The linter of rules. Each rule of the linter is one file; its docstring is its documentation.

A rule yields suspicions with Referers as evidence. A suspicion becomes a finding only if the engine
confirms it for one of these Referers, so every finding has a Referer that shows the problem.

An entry has at most one finding: the first in the order of the rules. All later rules correct the
corrected entry too, so that it needs no other correction.
"""

from oss_referer.lint.correcting import follow, is_site, read_sites
from oss_referer.lint.finding import (
    Correction,
    EntryPlace,
    Evidence,
    Finding,
    Severity,
    Switch,
    group,
    remark,
)
from oss_referer.lint.rule import KINDS, RULES, LintRule
from oss_referer.lint.running import Fixed, fix, run
from oss_referer.lint.subject import Subject

__all__ = [
    "KINDS",
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
    "group",
    "is_site",
    "read_sites",
    "remark",
    "run",
]
