"""Styles of image processing: named instructions (PutStyle)."""

import re
from collections.abc import Mapping
from typing import Final

from oss_emulator.documents.document import parse_schema
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError

PREFIX: Final = "style/"

_NAME: Final = re.compile(r"[0-9A-Za-z_.-]{1,64}")

_SCHEMA: Final = parse_schema("""
Style
  Content? text
""")


def check_name(name: str) -> None:
    """Raise `InvalidArgument` for an invalid name of a style."""
    if not _NAME.fullmatch(name):
        message = "The name of a style must have 1 to 64 letters, digits and the characters _.-."
        raise headers.invalid_argument("styleName", name, message)


def format(document: bytes, name: str, category: str, present: bytes | None, now: float) -> bytes:
    """Format a style as a document to store; `present` is the stored style that it replaces.

    Raises `DocumentError`, and `InvalidArgument` for a style without content.
    """
    content = _SCHEMA.parse(document).text("Content")
    if not content:
        raise OSSError(ErrorCase.INVALID_STYLE_CONTENT)
    time = dates.format_http(now)
    created = time if present is None else xml.parse(present, _SCHEMA.name).text("CreateTime")
    style = [
        ("Name", name),
        ("Content", content),
        ("Category", category),
        ("CreateTime", created),
        ("LastModifyTime", time),
    ]
    return xml.format(_SCHEMA.name, style)


def instructions(documents: Mapping[str, bytes], name: str) -> str:
    """Return the instructions of a style, such as `image/resize,w_100`; raises `NoSuchStyle`."""
    document = documents.get(PREFIX + name)
    if document is None:
        raise OSSError(ErrorCase.NO_SUCH_STYLE, Style=name)
    return xml.parse(document, _SCHEMA.name).text("Content")
