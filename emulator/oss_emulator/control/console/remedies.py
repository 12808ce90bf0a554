"""Remedies: changes that would reverse the verdict on a request, with a proof of their effects."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from oss_referer import Assumptions, RefererPolicy, Signing
from oss_referer.advice import diff
from oss_referer.browser import probes, scenarios
from oss_referer.browser.scenarios import Scenario
from oss_referer.engine import explanation
from oss_referer.search.automaton import UndecidedError
from oss_referer.search.difference import find_change_elsewhere

from oss_emulator.control.api.referer import find_document
from oss_emulator.control.api.route import ApiError, ApiRequest
from oss_emulator.control.console import entries, reversal, review
from oss_emulator.control.console.reversal import Remedy
from oss_emulator.control.console.review import ChangedDecision
from oss_emulator.control.journal import JournalEntry, RefererResult
from oss_emulator.protocol.parameters import is_number

_OTHERS: Final = 200
"""Number of last requests whose denied sites stay denied when a blacklist entry is narrowed."""


class Proof(NamedTuple):
    """The effects of a remedy on all requests."""

    difference: diff.Diff
    proved: bool
    """Whether the search covered all Referers of other hosts."""
    other: str | None
    """A Referer of another host that is also decided differently; None if none was found."""
    decided: int
    """The number of last requests to the bucket that rules decided."""
    turns: tuple[ChangedDecision, ...]
    """The requests among these that the present and the changed rules decide differently."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "changes": [
                {
                    "referer": change.referer,
                    "old": explanation.to_dict(change.old),
                    "new": explanation.to_dict(change.new),
                }
                for change in self.difference.changes
            ],
            "tried": self.difference.tried,
            "proved": self.proved,
            "other": self.other,
            "decided": self.decided,
            "turns": [turn.entry.number for turn in self.turns],
        }


async def find(asked: ApiRequest, entry: JournalEntry, policy: RefererPolicy) -> tuple[Remedy, ...]:
    """Find remedies that reverse the verdict of rules on a request; none if it was not checked."""
    if entry.verdict is RefererResult.NOT_CHECKED:
        return ()
    denied = [
        other.request.headers.get("referer", "")
        for other in asked.controls.journal.entries()[-_OTHERS:]
        if other.bucket == entry.bucket and other.verdict is RefererResult.DENIED
    ]
    referer = entries.referer_of(entry, policy.assumptions)
    # In a thread, because a plan of many entries takes a while.
    return await asyncio.to_thread(reversal.find, policy, referer, denied)


class Proposal(NamedTuple):
    """A remedy that can be applied, with its proof."""

    remedy: Remedy
    place: int
    """Its index in the remedies of the request."""
    etag: str
    """The entity tag of the rules that it changes."""
    proof: Proof

    def to_dict(self) -> dict[str, Any]:
        return {"etag": self.etag, **self.remedy.to_dict(), "proof": self.proof.to_dict()}


async def choose(asked: ApiRequest, entry: JournalEntry) -> tuple[Remedy, int, str]:
    """Find the remedy named in the body, its index, and the entity tag of the rules it changes.

    Raises `ApiError`.
    """
    body, document = asked.json(), find_document(asked, entry.bucket)
    kind, place = body.get("kind"), body.get("place")
    if not isinstance(place, str) or not is_number(place, most=999):
        raise ApiError(400, "Send the kind of a remedy and its place, as the story shows them.")
    found = await find(asked, entry, asked.controls.service.hotlinks.policy_of(document))
    if int(place) >= len(found) or found[int(place)].kind != kind:
        raise ApiError(409, review.CONFLICT)
    return found[int(place)], int(place), review.tag(document)


async def prove(
    asked: ApiRequest, entry: JournalEntry, chosen: Remedy, place: int, etag: str
) -> Proposal:
    """Propose a remedy with its proof; each search for it has a limited number of steps."""
    journal = asked.controls.journal.entries()
    decided = review.select_decided(one for one in journal if one.bucket == entry.bucket)
    assumptions = asked.controls.service.settings.assumptions
    # In a thread, because the searches may take a while.
    proof = await asyncio.to_thread(_prove, chosen, decided, assumptions)
    return Proposal(chosen, place, etag, proof)


def _prove(chosen: Remedy, decided: Sequence[JournalEntry], assumptions: Assumptions) -> Proof:
    """Compare the rules of a remedy with the present rules, also for requests of the journal."""
    old, new = (RefererPolicy.compile(rules, assumptions) for rules in (chosen.old, chosen.new))
    difference = diff.compare(chosen.old, chosen.new, assumptions=assumptions)
    known = [change.referer for change in difference.changes]
    try:
        other, proved = find_change_elsewhere(old, new, chosen.host, known), True
    except UndecidedError:
        other, proved = None, False
    turns = tuple(
        ChangedDecision(entry, after)
        for entry in decided
        if (after := review.decide_again(new, entry)).allowed
        is not review.decide_again(old, entry).allowed
    )
    return Proof(difference, proved, other, len(decided), turns)


def find_senders(policy: RefererPolicy) -> tuple[Scenario, ...]:
    """Find the usual scenarios of requests without a Referer (B-01, B-05, B-06)."""
    return tuple(
        played.scenario
        for played in scenarios.play(policy, probes.DEFAULT_SITE)
        if played.scenario.referer is None and played.scenario.signed is Signing.NONE
    )
