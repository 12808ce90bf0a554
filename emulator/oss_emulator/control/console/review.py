"""The rules of a bucket: how saved ones are replaced, and what others would do to the journal."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote

from oss_referer import Decision, RefererConfiguration, RefererPolicy, Scope
from oss_referer.engine import explanation
from oss_referer.sources import referer_xml
from oss_referer.sources.masking import mask_values

from oss_emulator.control.api.referer import find_document
from oss_emulator.control.api.route import ApiError, ApiRequest
from oss_emulator.control.console import page
from oss_emulator.control.journal import JournalEntry
from oss_emulator.control.rule_changes import RuleChange
from oss_emulator.operations.admission import Refused
from oss_emulator.operations.call import Body
from oss_emulator.protocol.message import Request

CONFLICT: Final = (
    "Meanwhile the bucket got other rules, which were not replaced; look at them first."
)


def tag(document: bytes | None) -> str:
    """Return the entity tag of a document; a bucket without rules has one too."""
    return f'"{sha256(document or b"").hexdigest()[:16]}"'


def written(document: bytes | None) -> bytes:
    """Return a document; that of a bucket without rules has no entries (R-15)."""
    return document or referer_xml.format(RefererConfiguration())


def etag_of(asked: ApiRequest, bucket: str) -> str:
    """Return the entity tag of the rules that a bucket has now; raises `ApiError`."""
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
    """Put rules to a bucket, as PutBucketReferer does, and return their document.

    If rules are `seen`, by their entity tag, no other ones are replaced. The change is logged as
    made in the `story` of a request, and as the one that `undoes` another. Raises `ApiError` and
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
        with service.storage.transaction():  # nobody writes between the check and the change
            if seen is not None and seen != etag_of(asked, bucket):
                raise ApiError(409, CONFLICT)
            result = service.admit(request, service.accounts.owner)
            if isinstance(result, Refused):
                raise result.error
            service.execute(result, Body.of(document))
            asked.controls.rule_changes.credit(result.request_id, story, undoes)

    await asked.change(write)
    return document


async def put_back(asked: ApiRequest, change: RuleChange, *, story: int | None = None) -> bytes:
    """Restore the rules that a change replaced, unless others came; raises as `replace`."""
    rules, seen = written(change.before), tag(change.after)
    return await replace(asked, change.bucket, rules, seen, story=story, undoes=change.number)


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
        turns = []
        for entry in reversed(decided):
            decision = decide_again(policy, entry)
            assert entry.decision is not None  # noqa: S101 - the entries were chosen so
            if decision.allowed != entry.decision.allowed:
                turns.append(ChangedDecision(entry, decision))
        return cls(len(decided), turns)

    def to_dict(self) -> dict[str, Any]:
        turns = [
            {
                **page.pick(turn.entry, "number time bucket key referer"),
                "decision": mask_values(explanation.to_dict(turn.decision)),
            }
            for turn in self.turns
        ]
        return {"decided": self.decided, "turns": turns}


def select_decided(entries: Iterable[JournalEntry]) -> list[JournalEntry]:
    """Select the last requests that met rules, the oldest first."""
    return [entry for entry in entries if entry.decision is not None][-LAST:]


def decide_again(policy: RefererPolicy, entry: JournalEntry) -> Decision:
    """Decide on a request of the journal by other rules."""
    return policy.decide(
        entry.request.headers.get("referer"),
        *entry.request.further_referers,
        signed=entry.signed,
        method=entry.request.method,
        scope=Scope.OBJECT if entry.key else Scope.BUCKET,
    )
