"""Which headers and parameters access logs show (PutUserDefinedLogFieldsConfig)."""

import re
from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document, PutContext
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.xml import DocumentError

MAX_FIELDS: Final = 6

_HEADER: Final = re.compile(r"[!-9;-^`-~]+")

_SCHEMA: Final = schema.parse("""
UserDefinedLogFieldsConfiguration
  HeaderSet?
    header* name
  ParamSet?
    parameter* name
""")


def _validate(node: xml.Node, _: PutContext) -> xml.Value:
    names = [name for group in node for name in group]
    if len(names) > MAX_FIELDS:
        raise DocumentError(f"{len(names)} fields are named; the limit is {MAX_FIELDS}.")
    for name in names:
        if name.name == "header" and not _HEADER.fullmatch(name.value):
            message = "The name of a header must be printable ASCII without '_' and ':'."
            raise headers.invalid_argument("header", name.value, message)
    return node.content


DOCUMENT: Final = Document(
    "UserDefinedLogFieldsConfig",
    "userDefinedLogFieldsConfig",
    _SCHEMA,
    absent=ErrorCase.NO_SUCH_LOG_FIELDS,
    validate=_validate,
)
