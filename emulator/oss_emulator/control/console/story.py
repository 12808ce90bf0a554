"""The story of a request: what decided it, what would reverse the decision, and changes made here.

`/_emulator/requests/{number}` shows the story. `/_emulator/remedies` and `/_emulator/resend` are
its steps: prove a change, apply it, undo it, send the request again.
"""

from typing import Any, Final, NamedTuple

from oss_referer import Decision, RefererPolicy
from oss_referer.browser.scenarios import Scenario
from oss_referer.engine.assumptions import SourceOfCopy
from oss_referer.engine.decision import Stage, StepResult
from oss_referer.engine.entry_list import EntryList
from oss_referer.sources.masking import mask
from oss_referer.sources.ossutil import to_members

from oss_emulator.control.api.route import ApiError, ApiRequest, Route, reply
from oss_emulator.control.console import (
    entries,
    page,
    remedies,
    resend,
    review,
    snippets,
    visitors,
    wants_page,
)
from oss_emulator.control.console.nearest import NearMiss, find_nearest
from oss_emulator.control.console.remedies import Proposal
from oss_emulator.control.console.reversal import Remedy, list_edits, name_site
from oss_emulator.control.journal import JournalEntry
from oss_emulator.control.rule_changes import RuleChange
from oss_emulator.operations.referer import SUBRESOURCE
from oss_emulator.protocol.message import Response

SHOWN: Final = 12
"""Number of entries above which a list is folded."""


class ConsultedList(NamedTuple):
    """The whitelist or the blacklist, and whether it matched the Referer."""

    stage: Stage
    entries: tuple[str, ...]
    result: str
    """`empty`, `skipped` if the list was not consulted, `matched` or `unmatched`."""
    hits: int
    """The number of entries that match."""
    matched: str | None
    """The entry that determined the decision."""
    miss: NearMiss | None
    """The closest entry of a list without a match."""


class Way(NamedTuple):
    """The drawn way of a request through the questions of the decision."""

    decision: Decision
    end: Stage
    """The last question: `EMPTY`, `BLACKLIST` or `WHITELIST`."""
    denies_empty: bool
    """Whether the rules deny requests without a Referer (R-11)."""
    blacklist: ConsultedList
    whitelist: ConsultedList


class Receipt(NamedTuple):
    """The change that was applied in the story and reversed the verdict."""

    change: RuleChange
    edits: tuple[tuple[str, str, str], ...]
    can_undo: bool
    """Whether the bucket still has the applied rules."""

    @property
    def before(self) -> str:
        """The rules before the change as XML."""
        return _format(self.change.before)


class RuleStory(NamedTuple):
    """The rules that decided a request, and the present rules."""

    policy: RefererPolicy
    """The rules that decided the request."""
    way: Way
    """The drawn decision: the original, or the present one after a change in the story."""
    has_changed: bool
    """Whether the present rules differ."""
    now: Decision | None
    """The decision by the present rules; None if the bucket no longer exists."""
    document: bytes | None
    """The present rules."""
    remedies: tuple[Remedy, ...]
    """The changes that would reverse the present decision."""
    senders: tuple[Scenario, ...]
    """The usual senders without a Referer, if the request has none."""
    site: str
    """The origin or mini program of the Referer; "" if no safe entry names it."""
    lacks_slash: bool
    """Whether the Referer is the address of a site without the final slash that browsers send."""
    receipt: Receipt | None
    undone: RuleChange | None
    """The change that undid the change of the story, if it led to the present rules."""

    @property
    def etag(self) -> str:
        return review.tag(self.document)

    @property
    def export(self) -> str:
        """The present rules as XML."""
        return _format(self.document)

    @property
    def is_denied(self) -> bool:
        """Whether the request was denied and still would be, so a change is proposed."""
        return not self.way.decision.allowed and self.now is not None and not self.now.allowed

    def to_dict(self, etag: str) -> dict[str, Any]:
        lists = (self.way.blacklist, self.way.whitelist)
        return {
            **to_members(self.policy.configuration),
            "etag": etag,
            "changed": self.has_changed,
            "now": None if self.now is None else self.now.allowed,
            "nearest": {
                one.stage.value: one.miss._asdict() for one in lists if one.miss is not None
            },
            "remedies": [one.to_dict() for one in self.remedies],
            "applied": self.receipt is not None,
            "senders": [sender.name for sender in self.senders],
        }


async def get_story(asked: ApiRequest) -> Response:
    entry = entries.find(asked)
    values, shown = await _describe(asked, entry)
    return page.show(asked, "request", values, **shown)


async def propose_remedy(asked: ApiRequest) -> Response:
    """Show a remedy with the proof of who else gets in or is locked out."""
    entry = entries.find(asked)
    proposal = await remedies.prove(asked, entry, *await remedies.choose(asked, entry))
    values = {"number": entry.number, **proposal.to_dict()}
    return await _answer_step(asked, entry, values, proposal=proposal)


async def apply_remedy(asked: ApiRequest) -> Response:
    """Apply a remedy to the rules for which it was proved, or `undo` the change of the story."""
    entry, body = entries.find(asked), asked.json()
    if "undo" in body:
        changes = asked.controls.rule_changes
        made = changes.of_story(entry.number)
        if made is None or changes.is_undone(made):
            raise ApiError(409, "There is nothing to undo; load the story of the request again.")
        document = await review.put_back(asked, made, story=entry.number)
    else:
        etag = body.get("etag")
        if not isinstance(etag, str):
            raise ApiError(400, "Send the etag of the rules that are replaced.")
        chosen, _, now = await remedies.choose(asked, entry)
        if now != etag:
            raise ApiError(409, review.CONFLICT)
        document = await review.replace(asked, entry.bucket, chosen.new, etag, story=entry.number)
    rules = asked.controls.service.hotlinks.policy_of(document).configuration
    values = {"number": entry.number, "rules": to_members(rules), "etag": review.tag(document)}
    return await _answer_step(asked, entry, values)


async def resend_request(asked: ApiRequest) -> Response:
    """Send a request again unchanged; it becomes a new entry of the journal."""
    entry = entries.find(asked)
    sent, signed_anew = await resend.send_again(asked, entry)
    values = {
        "number": sent.number,
        "signed_anew": signed_anew,
        "before": entry.to_dict(),
        "after": sent.to_dict(),
    }
    return await _answer_step(asked, entry, values, sent=sent)


async def _answer_step(
    asked: ApiRequest,
    entry: JournalEntry,
    values: dict[str, Any],
    *,
    proposal: Proposal | None = None,
    sent: JournalEntry | None = None,
) -> Response:
    """Answer a step: a program gets the values, a page gets the whole updated story."""
    if not wants_page(asked.request):
        return reply(values)
    described, shown = await _describe(asked, entry, proposal, sent)
    return page.show(asked, "story", described, **shown)


async def _describe(
    asked: ApiRequest,
    entry: JournalEntry,
    proposal: Proposal | None = None,
    sent: JournalEntry | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values of a story, and additional values for the page.

    For a denied request, the first remedy is proved unless another is proposed.
    """
    region = asked.controls.service.region_of(entry.bucket)
    told = await tell_story(asked, entry)
    if proposal is None and told is not None and told.is_denied and told.remedies:
        proposal = await remedies.prove(asked, entry, told.remedies[0], 0, told.etag)
    if sent is None and told is not None and told.receipt is not None:
        sent = resend.find_again(asked.controls.journal, entry, told.document)
    incidents = entries.find_incidents(entry)
    values = {
        **entry.to_dict(),
        "headers": entry.headers,
        "caller": entry.caller.arn if entry.caller.id else "",
        "answer": {
            "headers": entry.answer,
            "document": entry.document,
        },
        "rules": None if told is None else told.to_dict(review.tag(entry.rules)),
        "proposal": None if proposal is None else proposal.to_dict(),
        "incidents": [incident.to_dict() for incident in incidents],
        "curl": snippets.format_curl(entry),
        "oss2": snippets.format_oss2(entry, region) if entry.bucket else None,
        "pytest": snippets.format_test(entry),
        "case": snippets.format_case(entry),
    }
    shown = {
        "entry": entry,
        "curl": snippets.format_curl(entry, page.texts_of(asked.request).sentence),
        "row": entries.summarize(entry),
        "again": None if sent is None else entries.summarize(sent),
        "told": told,
        "title": None if told is None else _name_state(entry, told),
        "proposed": proposal,
        "happened": incidents,
        "has_expired": resend.says_expired(entry.code, entry.message),
        "can_resend": resend.is_possible(entry),
        "changes": resend.changes(entry),
        "folded": SHOWN,
        "link": f"{visitors.find_console(asked)}requests/{entry.number}",
    }
    return values, shown


def _name_state(entry: JournalEntry, told: RuleStory) -> str:
    """Return the name of the title's text."""
    allowed = told.way.decision.allowed
    if told.receipt is not None:
        return "in-now" if allowed else "out-now"
    if told.now is not None and told.now.allowed is not allowed:
        return "was-in" if allowed else "was-out"
    if allowed and entry.status >= 400:
        return "rules-allow"
    return "gets-in" if allowed else "locked-out"


async def tell_story(asked: ApiRequest, entry: JournalEntry) -> RuleStory | None:
    """Describe the rules that decided a request; None if no rules of its bucket decided."""
    decision = entry.decision
    if decision is None or decision.referer is None:
        return None
    if ("copy_source", SourceOfCopy.CHECKED) in decision.variants:
        return None  # decided by the rules of the source, which the journal does not keep
    service, changes = asked.controls.service, asked.controls.rule_changes
    then = service.hotlinks.policy_of(entry.rules)
    bucket = service.storage.bucket(entry.bucket)
    document = None if bucket is None else bucket.documents.get(SUBRESOURCE)
    present = service.hotlinks.policy_of(document)
    now = None if bucket is None else review.decide_again(present, entry)
    made, last = changes.of_story(entry.number), changes.latest(entry.bucket, document)
    receipt = None
    if made and now and now.allowed is not decision.allowed and not changes.is_undone(made):
        old, new = (service.hotlinks.policy_of(one) for one in (made.before, made.after))
        edits = list_edits(old.configuration, new.configuration)
        receipt = Receipt(made, edits, can_undo=made.after == document)
    referer = entries.referer_of(entry, then.assumptions) or ""
    site = name_site(referer)
    return RuleStory(
        then,
        _find_way(then, decision) if receipt is None or now is None else _find_way(present, now),
        has_changed=present.configuration != then.configuration,
        now=now,
        document=document,
        remedies=() if bucket is None else await remedies.find(asked, entry, present),
        senders=() if decision.referer else remedies.find_senders(then),
        site=site,
        lacks_slash=bool(site) and site == referer,
        receipt=receipt,
        undone=last if made and last and last.undoes == made.number else None,
    )


def _format(document: bytes | None) -> str:
    return review.written(document).decode(errors="surrogateescape")


def _find_way(policy: RefererPolicy, decision: Decision) -> Way:
    rules, reading = policy.configuration, policy.reading
    return Way(
        decision,
        decision.steps[-1].stage,
        denies_empty=not rules.allow_empty_referer and reading.has_whitelist,
        blacklist=_consult(Stage.BLACKLIST, reading.blacklist, rules.blacklist, decision),
        whitelist=_consult(Stage.WHITELIST, reading.whitelist, rules.whitelist, decision),
    )


def _consult(
    stage: Stage, listed: EntryList, configured: tuple[str, ...], decision: Decision
) -> ConsultedList:
    results = {step.stage: step.outcome for step in decision.steps}
    referer = decision.referer or ""
    found = "empty" if not configured else _RESULTS.get(results.get(stage), "skipped")
    matched, matching, miss = None, set(), None
    if found == "matched":
        matched = decision.entry
        matching = {pattern.text for pattern in listed.patterns if pattern.matches(referer)}
    elif found == "unmatched":
        referer = mask(referer)  # it is shown with the entry
        miss = find_nearest(listed.patterns, referer)
    is_blacklist = stage is Stage.BLACKLIST
    if miss is not None and is_blacklist and not (decision.allowed and miss.is_related):
        miss = None  # not relevant for this decision
    hits = sum(text in matching for text in configured)
    return ConsultedList(stage, configured, found, hits, matched, miss)


_RESULTS = {
    StepResult.MATCHED: "matched",
    StepResult.UNMATCHED: "unmatched",
    StepResult.NO_ENTRIES: "unmatched",  # all entries are blank
    StepResult.DENIED: "unmatched",
    None: "skipped",
}

ROUTES = (
    Route("POST", "remedies/{number}", propose_remedy),
    Route("PUT", "remedies/{number}", apply_remedy),
    Route("POST", "resend/{number}", resend_request),
)
