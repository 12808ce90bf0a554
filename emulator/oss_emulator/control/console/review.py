"""What rules would do to the requests of the journal."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, Self

from oss_referer import Decision, RefererPolicy, Scope
from oss_referer.engine import explanation

from oss_emulator.control.console import page
from oss_emulator.control.journal import JournalEntry

LAST: Final = 500
"""The requests of the journal to decide again."""


class ChangedDecision(NamedTuple):
    """A request of the journal that the rules would decide differently."""

    entry: JournalEntry
    decision: Decision


class JournalReview(NamedTuple):
    """What rules would do to the requests of the journal."""

    decided: int
    """The requests of the journal that were decided again."""
    turns: Sequence[ChangedDecision]

    @classmethod
    def make(cls, policy: RefererPolicy, entries: Iterable[JournalEntry]) -> Self:
        """Decide again on the last requests that met rules."""
        decided = select_decided(entries)
        return cls(len(decided), tuple(find_changed(policy, reversed(decided))))

    def to_dict(self) -> dict[str, Any]:
        """Return the review as values for JSON."""
        turns = [
            {
                **page.pick(turn.entry, "number time bucket key referer"),
                "decision": explanation.to_dict(turn.decision),
            }
            for turn in self.turns
        ]
        return {"decided": self.decided, "turns": turns}


def select_decided(entries: Iterable[JournalEntry]) -> list[JournalEntry]:
    """Select the last requests that met rules, the oldest first."""
    return [entry for entry in entries if entry.decision is not None][-LAST:]


def find_changed(
    policy: RefererPolicy, entries: Iterable[JournalEntry]
) -> Iterable[ChangedDecision]:
    """Yield the requests, all of them decided, that other rules decide differently."""
    for entry in entries:
        decision = decide_again(policy, entry)
        assert entry.decision is not None  # noqa: S101 - the entries were chosen so
        if decision.allowed != entry.decision.allowed:
            yield ChangedDecision(entry, decision)


def decide_again(policy: RefererPolicy, entry: JournalEntry) -> Decision:
    """Decide on a request of the journal by other rules."""
    return policy.decide(
        entry.request.headers.get("referer"),
        *entry.request.further_referers,
        signed=entry.signed,
        method=entry.request.method,
        scope=Scope.OBJECT if entry.key else Scope.BUCKET,
    )
