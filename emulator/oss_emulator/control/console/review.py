"""Replaces the rules of a bucket, and decides requests of the journal again by other rules."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple, Self
from urllib.parse import quote

from oss_referer import Decision, RefererConfiguration, RefererPolicy, Scope
from oss_referer.sources import referer_xml
from oss_referer.traffic.requests import Asked, RequestGroup, Traffic, gather

from oss_emulator.control.api.referer import find_document
from oss_emulator.control.api.route import ApiError, ApiRequest
from oss_emulator.control.journal import JournalEntry, RefererResult
from oss_emulator.control.rule_changes import RuleChange
from oss_emulator.operations.admission import Refused
from oss_emulator.operations.call import Body
from oss_emulator.protocol.message import Request

CONFLICT: Final = (
    "The rules of the bucket have changed meanwhile and were not replaced; check them first."
)


def tag(document: bytes | None) -> str:
    """Return the entity tag of a document, also for None (a bucket without rules)."""
    return f'"{sha256(document or b"").hexdigest()[:16]}"'


def written(document: bytes | None) -> bytes:
    """Return the document; for a bucket without rules, one without entries (R-15)."""
    return document or referer_xml.format(RefererConfiguration())


def etag_of(asked: ApiRequest, bucket: str) -> str:
    """Return the entity tag of a bucket's present rules; raises `ApiError`."""
    return tag(find_document(asked, bucket))


async def replace(
    asked: ApiRequest,
    bucket: str,
    rules: RefererConfiguration | bytes,
    seen: str | None,
    *,
    story: int | None = None,
    undoes: int | None = None,
) -> bytes:
    """Set the rules of a bucket, as PutBucketReferer does, and return their document.

    With `seen`, rules are replaced only if they have this entity tag. The change is logged with the
    `story` (request) in which it was made and the change that it `undoes`. Raises `ApiError` and
    `OSSError`.
    """
    try:
        document = rules if isinstance(rules, bytes) else referer_xml.format(rules)
    except ValueError as error:
        raise ApiError(400, f"An entry cannot be written as XML: {error}.") from None
    fields = [("Host", "localhost"), ("Content-Length", str(len(document)))]
    target = f"/{quote(bucket, safe='')}?referer"
    request = Request.parse("PUT", target, fields, asked.controls.clock.now())
    service = asked.controls.service

    def write() -> None:
        with service.storage.transaction():  # no write between the check and the change
            if seen is not None and seen != etag_of(asked, bucket):
                raise ApiError(409, CONFLICT)
            result = service.admit(request, service.accounts.owner)
            if isinstance(result, Refused):
                raise result.error
            service.execute(result, Body.of(document))
            asked.controls.rule_changes.credit(result.request_id, story, undoes)

    await asked.change(write)
    if story is not None:
        asked.controls.journal.pin(story)
    return document


async def put_back(asked: ApiRequest, change: RuleChange, *, story: int | None = None) -> bytes:
    """Restore the rules before a change, unless they changed again; raises as `replace`."""
    rules, seen = written(change.before), tag(change.after)
    return await replace(asked, change.bucket, rules, seen, story=story, undoes=change.number)


LAST: Final = 500
"""Maximum number of requests of the journal to decide again."""


class ChangedDecision(NamedTuple):
    """A request of the journal that the rules would decide differently."""

    entry: JournalEntry
    decision: Decision


class JournalReview(NamedTuple):
    """The decisions of other rules on the requests of the journal."""

    decided: int
    """The number of requests that were decided again."""
    turns: Sequence[ChangedDecision]

    @classmethod
    def make(cls, policy: RefererPolicy, entries: Iterable[JournalEntry]) -> Self:
        """Decide again on the last requests that rules decided."""
        decided = select_decided(entries)
        turns = []
        for entry in reversed(decided):
            decision = decide_again(policy, entry)
            assert entry.decision is not None  # noqa: S101 - `select_decided` checks it
            if decision.allowed != entry.decision.allowed:
                turns.append(ChangedDecision(entry, decision))
        return cls(len(decided), turns)


def select_decided(entries: Iterable[JournalEntry]) -> list[JournalEntry]:
    """Select the last requests that rules decided, the oldest first."""
    return [entry for entry in entries if entry.decision is not None][-LAST:]


def to_traffic(entries: Iterable[JournalEntry]) -> Traffic:
    """Return the last requests that rules decided as traffic, which counts alike in any record."""
    return Traffic(
        gather(
            RequestGroup(
                Asked(
                    bucket=entry.bucket,
                    signed=entry.signed,
                    method=entry.request.method,
                    scope=Scope.OBJECT if entry.key else Scope.BUCKET,
                    referer=entry.request.headers.get("referer"),
                    # A request that rules denied has no other reason to fail.
                    status=200 if entry.verdict is RefererResult.DENIED else entry.response.status,
                )
            )
            for entry in select_decided(entries)
        )
    )


def decide_again(policy: RefererPolicy, entry: JournalEntry) -> Decision:
    """Decide on a request of the journal by other rules."""
    return policy.decide(
        entry.request.headers.get("referer"),
        *entry.request.further_referers,
        signed=entry.signed,
        method=entry.request.method,
        scope=Scope.OBJECT if entry.key else Scope.BUCKET,
    )
