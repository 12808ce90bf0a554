"""Referer rules of Alibaba Cloud OSS: what they decide, what is wrong with them, what to change.

`RefererPolicy` decides on Referers. `oss_referer.sources` reads rules, `oss_referer.lint` finds
mistakes in them, and `python -m oss_referer` runs the commands about rules. Nothing here needs the
server, `oss_emulator`, or its libraries.

Docstrings and comments cite facts: R-.. and B-.. are in docs/referer.md, P-.. in docs/protocol.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oss_referer.engine.assumptions import Assumptions
    from oss_referer.engine.decision import (
        Basis,
        Decision,
        Outcome,
        Reason,
        Scope,
        Signing,
        Stage,
        Step,
    )
    from oss_referer.engine.pattern import Pattern
    from oss_referer.engine.policy import RefererConfiguration, RefererPolicy

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
]


def __getattr__(name: str) -> Any:
    # Import on first use: tests that need no rules load the pytest plugin faster.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from oss_referer import engine

    return getattr(engine, name)
