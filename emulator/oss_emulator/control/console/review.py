"""What rules would do, compared with the saved rules and for the requests of the journal."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final, NamedTuple

from oss_emulator.control.journal import JournalEntry
from oss_emulator.lab import diff, lint, scenarios
from oss_emulator.lab.lint import Finding
from oss_emulator.lab.scenarios import ScenarioOutcome
from oss_emulator.lab.trial import DEFAULT_SITE as DEFAULT_SITE
from oss_emulator.lab.url import WebURL, WebURLError
from oss_emulator.protocol import dates
from oss_emulator.referer import (
    Assumptions,
    Decision,
    RefererConfiguration,
    RefererPolicy,
    Scope,
    explanation,
)

LAST: Final = 500
"""The requests of the journal to decide again."""


class Turn(NamedTuple):
    """A request of the journal that the rules would decide differently."""

    entry: JournalEntry
    decision: Decision


class Review(NamedTuple):
    """What the linter, the saved rules, the journal and the scenarios say of rules."""

    findings: tuple[Finding, ...]
    difference: diff.Diff
    decided: int
    """The requests of the journal that were decided again."""
    turns: tuple[Turn, ...]
    scenarios: tuple[tuple[str, tuple[ScenarioOutcome, ...]], ...]
    """The outcomes by group; empty for a site that is not an address."""

    def to_dict(self) -> dict[str, Any]:
        """Return the review as values for JSON."""
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "difference": difference_to_dict(self.difference),
            "journal": {
                "decided": self.decided,
                "turns": [_turn_to_dict(turn) for turn in self.turns],
            },
            "scenarios": [
                {
                    "group": group,
                    "name": outcome.scenario.name,
                    "sent": outcome.scenario.referer,
                    "as_wanted": outcome.as_wanted,
                    **explanation.to_dict(outcome.decision),
                }
                for group, outcomes in self.scenarios
                for outcome in outcomes
            ],
        }


def difference_to_dict(difference: diff.Diff) -> dict[str, Any]:
    """Return a difference between rules as values for JSON."""
    return {
        "equivalent": difference.equivalent,
        "certainty": difference.certainty.value,
        "tried": difference.tried,
        "changes": [
            {
                "referer": change.referer,
                "old": explanation.to_dict(change.old),
                "new": explanation.to_dict(change.new),
            }
            for change in difference.changes
        ],
    }


def make(
    rules: RefererConfiguration,
    saved: RefererConfiguration,
    entries: Iterable[JournalEntry],
    site: str,
    object_url: str,
    assumptions: Assumptions,
) -> Review:
    """Review rules that may replace the saved ones."""
    policy = RefererPolicy.compile(rules, assumptions)
    decided = [entry for entry in entries if entry.decision is not None][-LAST:]
    try:
        played = scenarios.play(policy, site, object_url)
    except WebURLError:
        played = ()
    groups = groupby(played, lambda outcome: outcome.scenario.group.value)
    return Review(
        lint.run(rules, assumptions=assumptions),
        diff.compare(saved, rules, assumptions=assumptions),
        len(decided),
        tuple(find_turns(policy, reversed(decided))),
        tuple((group, tuple(outcomes)) for group, outcomes in groups),
    )


def find_turns(policy: RefererPolicy, entries: Iterable[JournalEntry]) -> Iterable[Turn]:
    """Yield the requests, all of them decided, that other rules decide differently."""
    for entry in entries:
        decision = decide_again(policy, entry)
        assert entry.decision is not None  # noqa: S101 - the entries were chosen so
        if decision.allowed != entry.decision.allowed:
            yield Turn(entry, decision)


def decide_again(policy: RefererPolicy, entry: JournalEntry) -> Decision:
    """Decide on a request of the journal by other rules."""
    return policy.decide(
        entry.request.headers.get("referer"),
        *entry.request.further_referers,
        signed=entry.signed,
        method=entry.request.method,
        scope=Scope.OBJECT if entry.key else Scope.BUCKET,
    )


def is_site(text: str) -> bool:
    """Return whether a text is the address of a page."""
    try:
        return bool(WebURL.parse(text).host)
    except WebURLError:
        return False


def _turn_to_dict(turn: Turn) -> dict[str, Any]:
    entry = turn.entry
    return {
        "number": entry.number,
        "time": dates.format_iso(entry.request.received),
        "bucket": entry.bucket,
        "key": entry.key,
        "referer": entry.request.headers.get("referer"),
        "decision": explanation.to_dict(turn.decision),
    }
