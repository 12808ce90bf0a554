"""Until when a version of an object is retained (PutObjectRetention).

Elements: models.object_worm of SDK V2 for Python. Checks: the page of PutObjectRetention. Answer
before the first put: the page of GetObjectRetention. Assumed: shortening a period in GOVERNANCE
mode requires a header. A period is kept but not enforced.
"""

from typing import Final

from oss_emulator.documents import object_worm, schema
from oss_emulator.documents.document import Document, Holder, PutContext
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import Code, OSSError

BYPASS: Final = "x-oss-bypass-governance-retention"
"""The header with which a period in GOVERNANCE mode can be shortened."""

_SCHEMA: Final = schema.parse("""
Retention
  Mode GOVERNANCE|COMPLIANCE
  RetainUntilDate date
""")


def _settle(node: xml.Node, context: PutContext) -> xml.Value:
    object_worm.check_enabled(context)
    item = context.item
    if item is not None and item.kind == "Appendable":
        raise OSSError(Code.APPENDABLE_CANNOT_BE_RETAINED)
    text = node.text("RetainUntilDate")
    until = dates.parse_iso(text) or 0.0
    if until <= context.now:
        message = "The RetainUntilDate must be in the future."
        raise headers.invalid_argument("RetainUntilDate", text, message)
    present = DOCUMENT.find(item.documents) if item is not None else None
    if present is not None and not _may_replace(present, node, until, context):
        raise OSSError(Code.RETENTION_CANNOT_BE_SHORTENED)
    return node.content


def _may_replace(present: xml.Node, node: xml.Node, until: float, context: PutContext) -> bool:
    """Return whether a period may change: it is over, becomes no weaker, or may be bypassed."""
    end = dates.parse_iso(present.text("RetainUntilDate")) or 0.0
    if end <= context.now:
        return True
    if present.text("Mode") == "GOVERNANCE":
        return until >= end or headers.flag(context.headers, BYPASS)
    return until >= end and node.text("Mode") == "COMPLIANCE"


DOCUMENT: Final = Document(
    "ObjectRetention",
    "retention",
    _SCHEMA,
    absent=(("Mode", ""), ("RetainUntilDate", "")),
    settle=_settle,
    deletable=False,
    holder=Holder.OBJECT,
)
