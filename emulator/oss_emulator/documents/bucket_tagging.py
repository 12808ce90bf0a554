"""The tags of buckets: what they may be, and the header of PutBucket that gives them."""

from collections.abc import Sequence
from typing import Final

from oss_emulator.protocol import tagging, xml
from oss_emulator.protocol.errors import Code, OSSError

HEADER: Final = "x-oss-bucket-tagging"
SUBRESOURCE: Final = "tagging"
ROOT: Final = "Tagging"

MAX_TAGS: Final = 20
MAX_KEY: Final = 64
MAX_VALUE: Final = 128
"""Bytes in UTF-8 (PutBucketTags)."""

_RESERVED: Final = ("http://", "https://", "aliyun", "acs")
"""What no key begins with, in whatever case (help page of 0010-00000002)."""


def check(tags: Sequence[tuple[str, str]]) -> None:
    """Raise `TooManyTags`, `InvalidTag` or `RepeatedTags`."""
    if len(tags) > MAX_TAGS:
        raise OSSError(Code.TOO_MANY_TAGS)
    for key, value in tags:
        if not 0 < len(key.encode()) <= MAX_KEY or key.lower().startswith(_RESERVED):
            raise OSSError(Code.INVALID_TAG_KEY, Key=key)
        if len(value.encode()) > MAX_VALUE:
            raise OSSError(Code.INVALID_TAG_VALUE, Key=key)
    if len({key for key, _ in tags}) < len(tags):
        raise OSSError(Code.REPEATED_TAGS)


def write(header: str) -> bytes:
    """The configuration of a bucket with the tags of a header, `key=value&key`, URL-encoded.

    Raises `InvalidArgument` and what `check` raises.
    """
    tags = tagging.parse_pairs(HEADER, header)
    check(tags)
    return xml.format(ROOT, tagging.format_document(tags))
