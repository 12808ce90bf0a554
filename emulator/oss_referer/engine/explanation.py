"""A decision in words for people and as plain data for programs."""

from .assumptions import FACTS, SENTENCES
from .decision import Decision, Stage, Step, StepResult

# Characters of the longest sentence; `describe` shortens longer ones, `to_dict` does not.
_LINE_LENGTH = 200


def describe(decision: Decision) -> str:
    """Describe a decision in plain text: the verdict, a line for each step, the assumptions."""
    verdict = "Allowed" if decision.allowed else f"Denied, EC {decision.ec}"
    lines = [f"{verdict}: {decision.reason}"]
    lines += [f"  {_shorten(sentence(step))} [{', '.join(step.facts)}]" for step in decision.steps]
    lines += [
        f"  Assumed, not documented: {SENTENCES[variant]}. [{FACTS[name]}, {variant}]"
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
                "sentence": sentence(step),
                "facts": list(step.facts),
            }
            for step in decision.steps
        ],
    }


def _shorten(line: str) -> str:
    return line if len(line) <= _LINE_LENGTH else f"{line[:_LINE_LENGTH]}…"


def sentence(step: Step) -> str:
    """Describe a step in one sentence."""
    return _STEPS[step.stage, step.outcome].format(step.detail)


_STEPS = {
    (Stage.REQUEST, StepResult.CHECKED): "The rules are consulted for {}.",
    (Stage.REQUEST, StepResult.NOT_CHECKED): "The rules are not consulted for {}.",
    (Stage.EMPTY, StepResult.ALLOWED): "The Referer is empty and AllowEmptyReferer is true.",
    (Stage.EMPTY, StepResult.WITHOUT_WHITELIST): (
        "The Referer is empty; AllowEmptyReferer is false, which has no effect without a whitelist."
    ),
    (Stage.EMPTY, StepResult.DENIED): (
        "The Referer is empty, AllowEmptyReferer is false and there is a whitelist."
    ),
    (Stage.QUERY, StepResult.CUT): "AllowTruncateQueryString cut the Referer to {!r}.",
    (Stage.PATH, StepResult.CUT): "TruncatePath cut the Referer to {!r}.",
    (Stage.BLACKLIST, StepResult.NO_ENTRIES): "There is no blacklist.",
    (Stage.BLACKLIST, StepResult.MATCHED): "The blacklist entry {!r} matches.",
    (Stage.BLACKLIST, StepResult.UNMATCHED): "No blacklist entry matches.",
    (Stage.WHITELIST, StepResult.NO_ENTRIES): "There is no whitelist, so every Referer is allowed.",
    (Stage.WHITELIST, StepResult.DENIED): (
        "There is a blacklist but no whitelist, so every Referer is denied."
    ),
    (Stage.WHITELIST, StepResult.MATCHED): "The whitelist entry {!r} matches.",
    (Stage.WHITELIST, StepResult.UNMATCHED): "No whitelist entry matches.",
}
