"""Where the access logs of a bucket go, and what they show.

The calls are PutBucketLogging and PutUserDefinedLogFieldsConfig.
"""

import re
from typing import Final, NamedTuple

from oss_emulator.documents.document import Document, Documents, PutContext, parse_schema
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.xml import DocumentError

_SCHEMA: Final = parse_schema("""
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

    bucket: str
    prefix: str


def target(documents: Documents) -> LoggingTarget:
    """Return where the logs of a bucket go."""
    names = ("TargetBucket", "TargetPrefix")
    return LoggingTarget(*(DOCUMENT.text(documents, f"LoggingEnabled/{name}") for name in names))


MAX_FIELDS: Final = 6

_HEADER: Final = re.compile(r"[!-9;-^`-~]+")

_LOG_FIELDS: Final = parse_schema("""
UserDefinedLogFieldsConfiguration
  HeaderSet?
    header* name
  ParamSet?
    parameter* name
""")


def _validate_fields(node: xml.Node, _: PutContext) -> xml.Value:
    names = [name for group in node for name in group]
    if not names:
        message = "No field is named; name a header or a parameter."
        raise headers.invalid_argument("UserDefinedLogFieldsConfiguration", "", message)
    if len(names) > MAX_FIELDS:
        raise DocumentError(f"{len(names)} fields are named; the limit is {MAX_FIELDS}.")
    for name in names:
        if name.name == "header" and not _HEADER.fullmatch(name.value):
            message = "The name of a header must be printable ASCII without '_' and ':'."
            raise headers.invalid_argument("header", name.value, message)
    return node.content


LOG_FIELDS: Final = Document(
    "UserDefinedLogFieldsConfig",
    "userDefinedLogFieldsConfig",
    _LOG_FIELDS,
    absent=ErrorCase.NO_SUCH_LOG_FIELDS,
    validate=_validate_fields,
)
