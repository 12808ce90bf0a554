"""Hotlink protection as it is enforced: Referer rules and their decision on a request.

    policy = RefererPolicy.compile(codec.parse(document))
    decision = policy.decide("https://www.example.com/", signed=Signing.NONE, method="GET")

`codec` parses and formats rules, and `header` reads the Referer of a request. `lab.explain` puts a
decision into words. This package imports nothing else of the emulator.
"""

from . import codec, header
from .assumptions import Assumptions
from .codec import FormatProblem, RefererFormatError
from .decision import Basis, Decision, Outcome, Reason, Stage, Step
from .model import RefererConfiguration
from .pattern import Pattern
from .policy import RefererPolicy
from .request import Scope, Signing

__all__ = [
    "Assumptions",
    "Basis",
    "Decision",
    "FormatProblem",
    "Outcome",
    "Pattern",
    "Reason",
    "RefererConfiguration",
    "RefererFormatError",
    "RefererPolicy",
    "Scope",
    "Signing",
    "Stage",
    "Step",
    "codec",
    "header",
]
