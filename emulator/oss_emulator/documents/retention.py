"""Until when a version of an object is retained (PutObjectRetention, P-64).

Elements: models.object_worm of SDK V2 for Python. Checks: the page of PutObjectRetention. The
answer before the first put is that of the real service, which the page of GetObjectRetention
contradicts.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from oss_emulator.documents import object_worm, schema
from oss_emulator.documents.document import Document, Documents, Holder, PutContext
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError

BYPASS: Final = "x-oss-bypass-governance-retention"
"""The header that bypasses a period in GOVERNANCE mode: it can be shortened and is not enforced."""

PAST: Final = "The retain until date must be in the future."


class RetentionMode(StrEnum):
    """Whether a retention period can be shortened and bypassed."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


@dataclass(frozen=True, slots=True)
class RetentionPeriod:
    """The retention of a version. `until` is in seconds since the epoch."""

    mode: RetentionMode
    until: float

    def protects(self, now: float, *, bypassed: bool) -> bool:
        """Return whether the version must not be deleted now."""
        return now < self.until and not (bypassed and self.mode is RetentionMode.GOVERNANCE)

    def check_change(self, new: "RetentionPeriod", now: float, *, bypassed: bool) -> None:
        """Raise `FileImmutable` or `AccessDenied` unless `new` may replace this period now."""
        if now >= self.until:
            return
        if new.mode is not self.mode:
            raise OSSError(ErrorCase.FILE_IMMUTABLE)
        if new.until < self.until and self.protects(now, bypassed=bypassed):
            raise OSSError(ErrorCase.RETENTION_CANNOT_BE_SHORTENED)


_SCHEMA: Final = schema.parse("""
Retention
  Mode GOVERNANCE|COMPLIANCE
  RetainUntilDate date
""")


def _validate(node: xml.Node, context: PutContext) -> xml.Value:
    object_worm.check_enabled(context)
    item = context.item
    if item is not None and item.kind == "Appendable":
        raise OSSError(ErrorCase.APPENDABLE_CANNOT_BE_RETAINED)
    new = _read(node)
    if new.until <= context.now:
        text = node.text("RetainUntilDate")
        raise headers.invalid_argument("RetainUntilDate", text, PAST)
    present = period(item.documents) if item is not None else None
    if present is not None:
        present.check_change(new, context.now, bypassed=headers.flag(context.headers, BYPASS))
    return node.content


DOCUMENT: Final = Document(
    "ObjectRetention",
    "retention",
    _SCHEMA,
    absent=ErrorCase.NO_SUCH_OBJECT_RETENTION,
    validate=_validate,
    deletable=False,
    holder=Holder.OBJECT,
    enforced=True,
)


def period(documents: Documents) -> RetentionPeriod | None:
    """Return the retention of a version, expired or not; None if it never had any."""
    node = DOCUMENT.find(documents)
    return None if node is None else _read(node)


def _read(node: xml.Node) -> RetentionPeriod:
    until = dates.parse_iso(node.text("RetainUntilDate")) or 0.0
    return RetentionPeriod(RetentionMode(node.text("Mode")), until)


def format(period: RetentionPeriod) -> bytes:
    """Format the document that is stored with a version."""
    until = dates.format_iso(period.until)
    return DOCUMENT.format([("Mode", period.mode.value), ("RetainUntilDate", until)])
