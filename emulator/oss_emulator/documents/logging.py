"""Where the access logs of a bucket go, and what they show.

The calls are PutBucketLogging and PutUserDefinedLogFieldsConfig.
"""

import re
from typing import Final

from oss_referer.sources.account import is_bucket_name

from oss_emulator.documents.document import Document, PutContext, parse_schema
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.xml import DocumentError

_SCHEMA: Final = parse_schema("""
BucketLoggingStatus ?0032-00000001
  LoggingEnabled?
    TargetBucket name ?0032-00000002 !0032-00000003
    TargetPrefix? text:256 = ~0032-00000006
    LoggingRole? text
""")


def _validate(node: xml.Node, context: PutContext) -> xml.Value:
    name = node.text("LoggingEnabled/TargetBucket")
    if name:
        prefix = node.text("LoggingEnabled/TargetPrefix")
        if prefix.startswith(("/", "\\")):
            message = "The TargetPrefix must not begin with a slash or a backslash."
            raise headers.invalid_argument("TargetPrefix", prefix, message, ec="0032-00000005")
        found = context.storage.bucket(name)
        if found is None:
            ec = "0032-00000008" if is_bucket_name(name) else "0032-00000004"
            raise OSSError(ErrorCase.INVALID_LOGGING_TARGET, ec=ec, TargetBucket=name)
        if context.bucket and found.region != context.bucket.region:
            raise OSSError(ErrorCase.INVALID_LOGGING_TARGET, TargetBucket=name)
        if context.bucket is None or found.owner != context.bucket.owner:
            raise OSSError(ErrorCase.FOREIGN_LOGGING_TARGET, TargetBucket=name)
    return node.content


DOCUMENT: Final = Document("BucketLogging", "logging", _SCHEMA, absent=(), validate=_validate)


MAX_FIELDS: Final = 6

_HEADER: Final = re.compile(r"[!-9;-^`-~]+")

_LOG_FIELDS: Final = parse_schema("""
UserDefinedLogFieldsConfiguration <0046-00000002
  HeaderSet?
    header* name
  ParamSet?
    parameter* name
""")


def _validate_fields(node: xml.Node, _: PutContext) -> xml.Value:
    names = [name for group in node for name in group]
    if not names:
        message = "No field is named; name a header or a parameter."
        raise headers.invalid_argument(
            "UserDefinedLogFieldsConfiguration", "", message, ec="0046-00000003"
        )
    if len(names) > MAX_FIELDS:
        message = f"{len(names)} fields are named; the limit is {MAX_FIELDS}."
        raise DocumentError(message, "0046-00000004")
    for name in names:
        if name.name == "header" and not _HEADER.fullmatch(name.value):
            message = "The name of a header must be printable ASCII without '_' and ':'."
            raise headers.invalid_argument("header", name.value, message, ec="0046-00000005")
    return node.content


LOG_FIELDS: Final = Document(
    "UserDefinedLogFieldsConfig",
    "userDefinedLogFieldsConfig",
    _LOG_FIELDS,
    absent=ErrorCase.NO_SUCH_LOG_FIELDS,
    validate=_validate_fields,
)
