"""A decision in words for people and as plain data for programs."""

from __future__ import annotations

from .assumptions import SENTENCES, fact
from .decision import Decision

# `describe` shortens longer Referers and entries; `to_dict` does not.
_LINE_LENGTH = 200


def describe(decision: Decision) -> str:
    """Describe a decision in plain text: the verdict, a line for each step, the assumptions."""
    verdict = "Allowed" if decision.allowed else f"Denied, EC {decision.ec}"
    lines = [f"{verdict}: {decision.reason}"]
    lines += [f"  {_shorten(step.sentence)} [{', '.join(step.facts)}]" for step in decision.steps]
    lines += [
        f"  Assumed, not documented: {SENTENCES[variant]}. [{fact(name)}, {variant}]"
        for name, variant in decision.variants
    ]
    return "\n".join(lines)


def to_dict(decision: Decision) -> dict[str, object]:
    """Return a decision as values that json.dumps accepts."""
    return {
        "allowed": decision.allowed,
        "ec": decision.ec,
        "reason": decision.reason.value,
        "entry": decision.entry,
        "referer": decision.referer,
        "basis": decision.basis.value,
        "facts": list(decision.facts),
        "assumed": list(decision.assumed),
        "variants": {name: variant.value for name, variant in decision.variants},
        "steps": [
            {
                "stage": step.stage.value,
                "outcome": step.outcome.value,
                "sentence": step.sentence,
                "facts": list(step.facts),
            }
            for step in decision.steps
        ],
    }


def _shorten(line: str) -> str:
    return line if len(line) <= _LINE_LENGTH else f"{line[:_LINE_LENGTH]}…"
