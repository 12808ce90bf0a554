"""Whether the objects of a bucket can have retention periods (PutBucketObjectWormConfiguration).

Elements: models.bucket_object_worm_configuration of SDK V2 for Python, and the page of the call.
The configuration cannot be removed; putting it again replaces the default period (P-64).
"""

from enum import StrEnum
from typing import Final, NamedTuple

from oss_emulator.documents import worm
from oss_emulator.documents.document import Document, Documents, Holder, PutContext, parse_schema
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.xml import DocumentError

_SCHEMA: Final = parse_schema("""
ObjectWormConfiguration
  ObjectWormEnabled Enabled
  Rule?
    DefaultRetention
      Mode GOVERNANCE|COMPLIANCE
      Days? 1..36500
      Years? 1..100
""")


def _validate(node: xml.Node, context: PutContext) -> xml.Value:
    """Check the period and the bucket.

    The page says that the call fails for a bucket without versioning or with a retention policy,
    but names no error code; the code of PutObjectRetention is assumed.
    """
    retention = node.first("Rule/DefaultRetention")
    if retention is not None and len(retention.all("Days") + retention.all("Years")) != 1:
        raise DocumentError("A DefaultRetention must have either Days or Years.")
    bucket = context.bucket
    if bucket is None or bucket.versioning != "Enabled":
        raise OSSError(ErrorCase.OBJECT_WORM_NEEDS_VERSIONING)
    policy = worm.policy(bucket.documents)
    if policy is not None and policy.is_in_force(context.now):
        raise OSSError(ErrorCase.OBJECT_WORM_EXCLUDED)
    return node.content


DOCUMENT: Final = Document(
    "BucketObjectWormConfiguration",
    "objectWorm",
    _SCHEMA,
    absent=ErrorCase.NO_SUCH_OBJECT_WORM,
    validate=_validate,
    deletable=False,
    enforced=True,
)

_DAYS_OF_A_YEAR: Final = 365


def is_enabled(documents: Documents) -> bool:
    """Return whether the objects of a bucket can be retained."""
    return DOCUMENT.subresource in documents


def default(documents: Documents) -> tuple[str, int] | None:
    """Return the mode and the seconds of the default retention; None without a default."""
    node = DOCUMENT.find(documents)
    rule = None if node is None else node.first("Rule/DefaultRetention")
    if rule is None:
        return None
    days = int(rule.text("Days") or 0) + int(rule.text("Years") or 0) * _DAYS_OF_A_YEAR
    return rule.text("Mode"), days * worm.DAY


def check_enabled(context: PutContext) -> None:
    """Raise `InvalidRequest` unless the objects of the bucket can be retained."""
    if context.bucket is None or not is_enabled(context.bucket.documents):
        raise OSSError(ErrorCase.OBJECT_WORM_NOT_ENABLED)


_LEGAL_HOLD: Final = parse_schema("""
LegalHold
  Status ON|OFF
""")


def _validate_hold(node: xml.Node, context: PutContext) -> xml.Value:
    check_enabled(context)
    return node.content


LEGAL_HOLD: Final = Document(
    "ObjectLegalHold",
    "legalHold",
    _LEGAL_HOLD,
    absent=ErrorCase.NO_SUCH_OBJECT_LEGAL_HOLD,
    validate=_validate_hold,
    deletable=False,
    holder=Holder.OBJECT,
    enforced=True,
)


def is_held(documents: Documents) -> bool:
    """Return whether a version is under legal hold."""
    return LEGAL_HOLD.text(documents, "Status") == "ON"


BYPASS: Final = "x-oss-bypass-governance-retention"
"""The header with which a period in GOVERNANCE mode can be shortened or ignored."""

PAST: Final = "The retain until date must be in the future."


class RetentionMode(StrEnum):
    """Whether a retention period can be shortened and bypassed."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


class RetentionPeriod(NamedTuple):
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


_RETENTION: Final = parse_schema("""
Retention
  Mode GOVERNANCE|COMPLIANCE
  RetainUntilDate date
""")


def _validate_retention(node: xml.Node, context: PutContext) -> xml.Value:
    check_enabled(context)
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


RETENTION: Final = Document(
    "ObjectRetention",
    "retention",
    _RETENTION,
    absent=ErrorCase.NO_SUCH_OBJECT_RETENTION,
    validate=_validate_retention,
    deletable=False,
    holder=Holder.OBJECT,
    enforced=True,
)


def period(documents: Documents) -> RetentionPeriod | None:
    """Return the retention of a version, expired or not; None if it never had any."""
    node = RETENTION.find(documents)
    return None if node is None else _read(node)


def _read(node: xml.Node) -> RetentionPeriod:
    until = dates.parse_iso(node.text("RetainUntilDate")) or 0.0
    return RetentionPeriod(RetentionMode(node.text("Mode")), until)


def format_retention(period: RetentionPeriod) -> bytes:
    """Format the document that is stored with a version."""
    until = dates.format_iso(period.until)
    return RETENTION.format([("Mode", period.mode.value), ("RetainUntilDate", until)])
