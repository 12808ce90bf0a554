"""Hotlink protection as it is enforced: Referer rules and their decision on a request.

    policy = RefererPolicy.compile(RefererConfiguration(whitelist=("https://www.example.com/",)))
    decision = policy.decide("https://www.example.com/", signed=Signing.NONE, method="GET")

To audit it, read `assumptions`, `header` and `pattern`, then `policy` and `decision`. `entry_list`
only makes long lists fast, and `explanation` puts a decision into words. This package imports only
the standard library.
"""

from . import header
from .assumptions import Assumptions
from .decision import Basis, Decision, Outcome, Reason, Scope, Signing, Stage, Step
from .pattern import Pattern
from .policy import RefererConfiguration, RefererPolicy

__all__ = [
    "Assumptions",
    "Basis",
    "Decision",
    "Outcome",
    "Pattern",
    "Reason",
    "RefererConfiguration",
    "RefererPolicy",
    "Scope",
    "Signing",
    "Stage",
    "Step",
    "header",
]
