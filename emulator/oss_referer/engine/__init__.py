"""Hotlink protection: Referer rules and their decision on a request.

    policy = RefererPolicy.compile(RefererConfiguration(whitelist=("https://www.example.com/",)))
    decision = policy.decide("https://www.example.com/", signed=Signing.NONE, method="GET")

To audit it, read `assumptions`, `header` and `pattern`, then `policy` and `decision`. `entry_list`
only makes long lists fast, and `explanation` describes a decision in words. This package imports
only the standard library.
"""

from . import explanation, header
from .assumptions import DEFAULT, FACTS, Assumptions
from .decision import Basis, Decision, Reason, RequestKind, Scope, Signing, Stage, Step, StepResult
from .entry_list import EntryList, GramIndex
from .pattern import Pattern
from .policy import BareDecision, Reading, RefererConfiguration, RefererPolicy
from .sentence import Sentence

__all__ = [
    "DEFAULT",
    "FACTS",
    "Assumptions",
    "BareDecision",
    "Basis",
    "Decision",
    "EntryList",
    "GramIndex",
    "Pattern",
    "Reading",
    "Reason",
    "RefererConfiguration",
    "RefererPolicy",
    "RequestKind",
    "Scope",
    "Sentence",
    "Signing",
    "Stage",
    "Step",
    "StepResult",
    "explanation",
    "header",
]
