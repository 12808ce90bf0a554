"""`/_emulator/remedies`: allow or deny the site of a request: a change, its proof, undo."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from oss_referer import Assumptions, RefererConfiguration, RefererPolicy, Signing
from oss_referer.advice import diff, remedy
from oss_referer.advice.remedy import Remedy
from oss_referer.browser import probes, scenarios
from oss_referer.browser.scenarios import Scenario
from oss_referer.page.review import difference_to_dict, to_members
from oss_referer.search.automaton import UndecidedError
from oss_referer.sources import referer_xml

from oss_emulator.control.api.referer import find_document, read_rules
from oss_emulator.control.api.route import ApiError, ApiRequest, Route
from oss_emulator.control.console import entries, page, resend, review
from oss_emulator.control.console.review import ChangedDecision
from oss_emulator.control.journal import JournalEntry, RefererResult
from oss_emulator.protocol.message import Response

_OTHERS: Final = 200
"""The most requests of the journal whose sites stay denied when a blacklist entry is narrowed."""


class Proof(NamedTuple):
    """What a remedy changes for everybody."""

    difference: diff.Diff
    proved: bool
    """Whether the search for pages of other hosts covered all of them."""
    other: str | None
    """A Referer of another host that is decided differently as well."""
    decided: int
    turns: tuple[ChangedDecision, ...]

    def to_dict(self) -> dict[str, Any]:
        found = difference_to_dict(self.difference)
        return {
            "changes": found["changes"],
            "tried": found["tried"],
            "proved": self.proved,
            "other": self.other,
            "decided": self.decided,
            "turns": [turn.entry.number for turn in self.turns],
        }


def find(asked: ApiRequest, entry: JournalEntry, policy: RefererPolicy) -> tuple[Remedy, ...]:
    """Find what reverses the verdict of some rules on a request; nothing if there is none."""
    if entry.verdict is RefererResult.NOT_CHECKED:
        return ()
    denied = [
        other.request.headers.get("referer", "")
        for other in asked.controls.journal.entries()[-_OTHERS:]
        if other.bucket == entry.bucket and other.verdict is RefererResult.DENIED
    ]
    return remedy.find(policy, entries.referer_of(entry, policy.assumptions), denied)


async def prove_remedy(asked: ApiRequest) -> Response:
    """Show a remedy with its proof: who else gets in, and who is locked out."""
    entry = entries.find(asked)
    chosen, etag = _choose(asked, entry)
    journal = asked.controls.journal.entries()
    decided = review.select_decided(one for one in journal if one.bucket == entry.bucket)
    assumptions = asked.controls.service.settings.assumptions
    # In a thread, because the searches may take a while.
    proof = await asyncio.to_thread(_prove, chosen, decided, assumptions)
    values = {"number": entry.number, "etag": etag, **chosen.to_dict(), "proof": proof.to_dict()}
    shown = {"chosen": chosen, "found": proof, "place": asked.json()["place"]}
    return page.show(asked, "remedy", values, **shown)


async def apply_remedy(asked: ApiRequest) -> Response:
    """Apply a remedy to the rules for which it was proved, or `undo` one: put the rules back."""
    entry, body = entries.find(asked), asked.json()
    etag, undoes = body.get("etag"), "undo" in body
    if not isinstance(etag, str):
        raise ApiError(400, "Send the etag of the rules that are replaced.")
    last = asked.controls.rule_changes.latest(entry.bucket, find_document(asked, entry.bucket))
    if undoes:
        rules = read_rules(body["undo"], asked.controls.service.settings.assumptions)
    else:
        chosen, now = _choose(asked, entry)
        if now != etag:
            raise ApiError(409, review.CONFLICT)
        rules = chosen.new
    before = find_document(asked, entry.bucket)
    undone = last.number if undoes and last is not None else None
    document = await review.replace(
        asked, entry.bucket, rules, etag, story=entry.number, undoes=undone
    )
    values = {"number": entry.number, "rules": to_members(rules), "etag": review.tag(document)}
    return page.show(
        asked,
        "remedy_applied",
        values,
        bucket=entry.bucket,
        before=_format(before),
        document=_format(document),
        undone=undoes,
        method=entry.method,
        can_resend=resend.is_possible(entry),
        changes=resend.changes(entry),
    )


def _choose(asked: ApiRequest, entry: JournalEntry) -> tuple[Remedy, str]:
    """Find the remedy that a body names, and the entity tag of the rules that it changes."""
    body, document = asked.json(), find_document(asked, entry.bucket)
    kind, place = body.get("kind"), body.get("place")
    if not isinstance(place, str) or not place.isdecimal() or len(place) > 3:
        raise ApiError(400, "Send the kind of a remedy and its place, as the story shows them.")
    found = find(asked, entry, asked.controls.service.hotlinks.policy_of(document))
    if int(place) >= len(found) or found[int(place)].kind != kind:
        raise ApiError(409, review.CONFLICT)
    return found[int(place)], review.tag(document)


def _prove(chosen: Remedy, decided: Sequence[JournalEntry], assumptions: Assumptions) -> Proof:
    """Compare the rules of a remedy with those of now, also for requests of the journal."""
    old, new = (RefererPolicy.compile(rules, assumptions) for rules in (chosen.old, chosen.new))
    difference = diff.compare(chosen.old, chosen.new, assumptions=assumptions)
    known = [change.referer for change in difference.changes]
    try:
        other, proved = diff.find_change_elsewhere(old, new, chosen.host, known), True
    except UndecidedError:
        other, proved = None, False
    turns = tuple(review.find_changed(new, decided))
    return Proof(difference, proved, other, len(decided), turns)


def find_senders(policy: RefererPolicy) -> tuple[Scenario, ...]:
    """Find the usual requests that have no Referer (B-01, B-05, B-06)."""
    return tuple(
        played.scenario
        for played in scenarios.play(policy, probes.DEFAULT_SITE)
        if played.scenario.referer is None and played.scenario.signed is Signing.NONE
    )


def _format(document: bytes | None) -> str:
    """Return the document of rules, or that of a bucket without any."""
    found = document or referer_xml.format(RefererConfiguration())
    return found.decode(errors="surrogateescape")


ROUTES = (
    Route("POST", "remedies/{number}", prove_remedy),
    Route("PUT", "remedies/{number}", apply_remedy),
)
