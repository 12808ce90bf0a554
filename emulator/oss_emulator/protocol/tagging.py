"""Object tags: their limits and their two forms, header and document."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_plus

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.xml import Children, DocumentError, Node

HEADER: Final = "x-oss-tagging"

MAX_TAGS: Final = 10
MAX_KEY: Final = 128
MAX_VALUE: Final = 256
"""Bytes in UTF-8 (PutObjectTagging)."""

_SIGNS: Final = frozenset(" +-=._:/")
"""The characters that a tag may have in addition to letters and digits (PutObjectTagging)."""


def parse_header(header: str) -> dict[str, str]:
    """Parse the header of an object; raises `InvalidArgument`, `InvalidTag` and `BadRequest`."""
    return _check(parse_pairs(HEADER, header))


def parse_pairs(name: str, header: str) -> list[tuple[str, str]]:
    """Parse `key=value&key`, URL-encoded, in the header `name`; raises `InvalidArgument`."""
    pairs = []
    for part in header.split("&") if header else ():
        if part.count("=") > 1:
            raise _invalid_header(name, header, ec="0010-00000219")
        key, _, value = part.partition("=")
        try:
            pairs.append((unquote_plus(key, errors="strict"), unquote_plus(value, errors="strict")))
        except UnicodeDecodeError:
            raise _invalid_header(name, header) from None
    if len({key for key, _ in pairs}) < len(pairs):
        raise _invalid_header(name, header)
    return pairs


def parse_document(tagging: Node) -> dict[str, str]:
    """Parse a `Tagging` document; raises `DocumentError`, `InvalidTag` and `BadRequest`."""
    tag_set = tagging.first("TagSet")
    if tag_set is None:
        raise DocumentError("The XML you provided has no TagSet.")
    pairs = []
    for tag in tag_set.all("Tag"):
        key, value = tag.first("Key"), tag.first("Value")
        if key is None:
            raise DocumentError("A Tag element has no Key.", "0010-00000107")
        pairs.append((key.value, value.value if value is not None else ""))
    if len({key for key, _ in pairs}) < len(pairs):
        raise OSSError(ErrorCase.REPEATED_OBJECT_TAGS)  # P-54
    return _check(pairs)


def format_document(tags: Iterable[tuple[str, str]]) -> Children:
    """Format tags as the children of a `Tagging` document."""
    return [("TagSet", [("Tag", [("Key", key), ("Value", value)]) for key, value in tags])]


def _check(pairs: list[tuple[str, str]]) -> dict[str, str]:
    if len(pairs) > MAX_TAGS:
        raise OSSError(ErrorCase.TOO_MANY_OBJECT_TAGS)  # P-54
    for key, value in pairs:
        if not has_allowed_characters(key):
            raise OSSError(ErrorCase.INVALID_TAG_KEY, ec="0010-00000212", TagKey=key)
        if not 0 < len(key.encode(errors="replace")) <= MAX_KEY:
            ec = "0010-00000209" if key else "0010-00000208"
            raise OSSError(ErrorCase.INVALID_TAG_KEY, ec=ec, TagKey=key)
        if not has_allowed_characters(value):
            raise OSSError(ErrorCase.INVALID_TAG_VALUE, TagValue=value)
        if len(value.encode(errors="replace")) > MAX_VALUE:
            raise OSSError(ErrorCase.INVALID_TAG_VALUE, ec="0010-00000214", TagValue=value)
    return dict(pairs)


def has_allowed_characters(text: str) -> bool:
    """Return whether a key or value has only the characters that tags may have."""
    return all(sign in _SIGNS or sign.isalnum() for sign in text)


def _invalid_header(name: str, header: str, ec: str | None = None) -> OSSError:
    message = ErrorCase.INVALID_TAGGING_HEADER.value.message.replace(HEADER, name)
    return invalid_argument(name, header, message, ErrorCase.INVALID_TAGGING_HEADER, ec=ec)
