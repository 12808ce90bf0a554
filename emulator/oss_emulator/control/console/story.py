"""The story of one request: the rules as they were, what settled it, what would have changed it."""

from typing import Any, NamedTuple

from oss_referer import Decision, RefererPolicy
from oss_referer.advice import remedy
from oss_referer.advice.remedy import NearMiss, Remedy, read_site
from oss_referer.browser.scenarios import Scenario
from oss_referer.engine.assumptions import SourceOfCopy
from oss_referer.engine.decision import Stage, StepResult
from oss_referer.engine.entry_list import EntryList
from oss_referer.page.review import to_members

from oss_emulator.control.api.route import ApiRequest
from oss_emulator.control.console import entries, page, remedies, resend, review, snippets
from oss_emulator.control.journal import JournalEntry
from oss_emulator.documents.referer import SUBRESOURCE
from oss_emulator.protocol.message import Response

SHOWN = 12
"""The entries of a list above which it is folded."""


class ConsultedList(NamedTuple):
    """A list of the rules as it was, and what it says of the Referer."""

    stage: Stage
    entries: tuple[str, ...]
    result: str
    """`empty`, `skipped` for a list that was not consulted, `matched` or `unmatched`."""
    matched: str | None
    """The entry that settled the decision."""
    miss: NearMiss | None
    """The entry that comes closest, of a list that was consulted in vain."""


class RuleStory(NamedTuple):
    """The rules that decided on a request, as they were then, and the present rules."""

    policy: RefererPolicy
    lists: tuple[ConsultedList, ...]
    would_turn: tuple[Remedy, ...]
    """What would have reversed the verdict."""
    has_changed: bool
    """Whether the bucket has other rules now."""
    now: Decision | None
    """The decision by the present rules; None if the bucket no longer exists."""
    remedies: tuple[Remedy, ...]
    """What would reverse today's decision."""
    senders: tuple[Scenario, ...]
    """Who sends no Referer, for a request without one."""
    lacks_slash: bool
    """Whether the Referer is that of a site without the slash that pages send."""

    def to_dict(self, etag: str) -> dict[str, Any]:
        return {
            **to_members(self.policy.configuration),
            "etag": etag,
            "changed": self.has_changed,
            "now": None if self.now is None else self.now.allowed,
            "nearest": {
                one.stage.value: one.miss._asdict() for one in self.lists if one.miss is not None
            },
            "remedies": [one.to_dict() for one in self.remedies],
            "senders": [sender.name for sender in self.senders],
        }


def get_story(asked: ApiRequest) -> Response:
    entry = entries.find(asked)
    region = asked.controls.service.region_of(entry.bucket)
    rule_story = tell(asked, entry)
    values = {
        **entry.to_dict(),
        "headers": dict(entry.request.headers),
        "caller": entry.caller.arn if entry.caller.id else "",
        "answer": {
            "headers": dict(entry.answer),
            "document": entry.document.decode(errors="replace"),
        },
        "rules": None if rule_story is None else rule_story.to_dict(review.tag(entry.rules)),
        "incidents": [incident.to_dict() for incident in entries.find_incidents(entry)],
        "curl": snippets.format_curl(entry.request),
        "oss2": snippets.format_oss2(entry, region) if entry.bucket else None,
        "pytest": snippets.format_test(entry),
        "case": snippets.format_case(entry),
    }
    return page.show(
        asked,
        "request",
        values,
        entry=entry,
        row=entries.summarize(entry),
        rule_story=rule_story,
        happened=entries.find_incidents(entry),
        can_resend=resend.is_possible(entry),
        changes=resend.changes(entry),
        folded=SHOWN,
    )


def tell(asked: ApiRequest, entry: JournalEntry) -> RuleStory | None:
    """Find the rules that decided on a request; None if no rules of its bucket did."""
    decision = entry.decision
    if decision is None or decision.referer is None:
        return None
    if ("copy_source", SourceOfCopy.CHECKED) in decision.variants:
        return None  # the rules of the source have decided, which the journal does not keep
    service = asked.controls.service
    then = service.hotlinks.policy_of(entry.rules)
    bucket = service.storage.bucket(entry.bucket)
    document = None if bucket is None else bucket.documents.get(SUBRESOURCE)
    now = service.hotlinks.policy_of(document)
    would_turn = remedies.find(asked, entry, then)
    has_changed = document != entry.rules
    referer = entries.referer_of(entry, then.assumptions) or ""
    site = read_site(referer)
    turns_now = remedies.find(asked, entry, now) if has_changed else would_turn
    return RuleStory(
        then,
        tuple(
            _consult(stage, listed, configured, decision)
            for stage, listed, configured in (
                (Stage.BLACKLIST, then.reading.blacklist, then.configuration.blacklist),
                (Stage.WHITELIST, then.reading.whitelist, then.configuration.whitelist),
            )
        ),
        would_turn,
        has_changed=has_changed,
        now=None if bucket is None else review.decide_again(now, entry),
        remedies=() if bucket is None else turns_now,
        senders=() if decision.referer else remedies.find_senders(then),
        lacks_slash=site is not None and site.address == referer,
    )


def _consult(
    stage: Stage, listed: EntryList, configured: tuple[str, ...], decision: Decision
) -> ConsultedList:
    results = {step.stage: step.outcome for step in decision.steps}
    found = "empty" if not configured else _RESULTS.get(results.get(stage), "skipped")
    matched = decision.entry if found == "matched" else None
    miss = None
    if found == "unmatched":
        miss = remedy.find_nearest(listed.patterns, decision.referer or "")
    is_blacklist = stage is Stage.BLACKLIST
    if miss is not None and is_blacklist and not (decision.allowed and miss.is_related):
        miss = None  # it says nothing about this decision
    return ConsultedList(stage, configured, found, matched, miss)


_RESULTS = {
    StepResult.MATCHED: "matched",
    StepResult.UNMATCHED: "unmatched",
    StepResult.NO_ENTRIES: "unmatched",  # all entries are blank
    StepResult.DENIED: "unmatched",
    None: "skipped",
}
