"""Whether a bucket records when its objects were last read (PutBucketAccessMonitor)."""

from typing import Final

from oss_emulator.documents.document import Document, Documents, PutContext, parse_schema
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError

_SCHEMA: Final = parse_schema("""
AccessMonitorConfiguration
  Status Enabled|Disabled
  AllowCopy? boolean
""")


def _validate(node: xml.Node, context: PutContext) -> xml.Value:
    """Raise an error if tracking is disabled while a lifecycle rule depends on it (P-58)."""
    documents = {} if context.bucket is None else context.bucket.documents
    rules = documents.get("lifecycle", b"")  # as text: `lifecycle` imports this module
    if node.text("Status") == "Disabled" and b"<IsAccessTime>true</IsAccessTime>" in rules:
        raise OSSError(ErrorCase.ACCESS_MONITOR_IN_USE)
    return node.content


DOCUMENT: Final = Document(
    "BucketAccessMonitor",
    "accessmonitor",
    _SCHEMA,
    absent=(("Status", "Disabled"),),
    validate=_validate,
    deletable=False,
)


def is_enabled(documents: Documents) -> bool:
    """Return whether the bucket shows the last access of its objects."""
    return DOCUMENT.text(documents, "Status") == "Enabled"
