"""Where the access logs of a bucket go (PutBucketLogging)."""

from typing import Final, NamedTuple

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document, Documents, PutContext
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError

_SCHEMA: Final = schema.parse("""
BucketLoggingStatus
  LoggingEnabled?
    TargetBucket name
    TargetPrefix? text
    LoggingRole? name
""")


def _validate(node: xml.Node, context: PutContext) -> xml.Value:
    name = node.text("LoggingEnabled/TargetBucket")
    if name:
        found = context.storage.bucket(name)
        if found is None or (context.bucket and found.region != context.bucket.region):
            raise OSSError(ErrorCase.INVALID_LOGGING_TARGET, TargetBucket=name)
        if context.bucket is None or found.owner != context.bucket.owner:
            raise OSSError(ErrorCase.FOREIGN_LOGGING_TARGET, TargetBucket=name)
    return node.content


DOCUMENT: Final = Document("BucketLogging", "logging", _SCHEMA, absent=(), validate=_validate)


class LoggingTarget(NamedTuple):
    """The bucket that logs go to and the prefix of their keys; both empty without logging."""

    bucket: str = ""
    prefix: str = ""


def target(documents: Documents) -> LoggingTarget:
    """Return where the logs of a bucket go."""
    node = DOCUMENT.find(documents)
    enabled = None if node is None else node.first("LoggingEnabled")
    if enabled is None:
        return LoggingTarget()
    return LoggingTarget(enabled.text("TargetBucket"), enabled.text("TargetPrefix"))
