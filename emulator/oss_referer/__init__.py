"""Referer rules of Alibaba Cloud OSS: their decisions, their mistakes, and changes to them.

`RefererPolicy` decides on Referers. `oss_referer.sources` reads rules, `oss_referer.lint` finds
mistakes in them, and `python -m oss_referer` runs the commands about rules. This package imports
neither the server, `oss_emulator`, nor its libraries.

Docstrings and comments cite facts: R-.. and B-.. are in docs/referer.md, P-.. in docs/protocol.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oss_referer.engine import (
        Assumptions,
        Basis,
        Decision,
        Pattern,
        Reason,
        RefererConfiguration,
        RefererPolicy,
        Scope,
        Signing,
        Stage,
        Step,
        StepResult,
    )

__all__ = [
    "Assumptions",
    "Basis",
    "Decision",
    "Pattern",
    "Reason",
    "RefererConfiguration",
    "RefererPolicy",
    "Scope",
    "Signing",
    "Stage",
    "Step",
    "StepResult",
]


def __getattr__(name: str) -> Any:
    # Import on first use: tests that need no rules load the pytest plugin faster.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from oss_referer import engine

    return getattr(engine, name)
