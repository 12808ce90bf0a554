"""The linter of rules. Each rule of the linter is a function; its docstring is its documentation.

A rule yields suspicions with Referers as evidence. A suspicion becomes a finding only if the engine
confirms it for one of these Referers, so every finding has a Referer that shows the problem.

The plan says what to change (`oss_referer.plan`), and each change and each question of it has one
finding: the first in the order of the rules. Findings about which the plan does nothing are notes.
"""

from oss_referer.lint.finding import Evidence, Finding, Severity, group_alike, remark
from oss_referer.lint.rule import LintRule
from oss_referer.lint.running import KINDS, RULES, Fixed, Linted, fix, lint

__all__ = [
    "KINDS",
    "RULES",
    "Evidence",
    "Finding",
    "Fixed",
    "LintRule",
    "Linted",
    "Severity",
    "fix",
    "group_alike",
    "lint",
    "remark",
]
