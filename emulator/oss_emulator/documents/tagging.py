"""The tags of a bucket (PutBucketTags)."""

from collections.abc import Sequence
from typing import Final

from oss_emulator.documents.document import Document, Documents, PutContext, parse_schema
from oss_emulator.protocol import tagging, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError

HEADER: Final = "x-oss-bucket-tagging"
"""The header of PutBucket with the tags of the new bucket."""

MAX_TAGS: Final = 20
MAX_KEY: Final = 64
MAX_VALUE: Final = 128
"""Bytes in UTF-8 (PutBucketTags)."""

_INVALID: Final = "0010-00000219"
_RESERVED: Final = {
    "http://": "0010-00000207",
    "https://": "0010-00000207",
    "aliyun": "0010-00000207",
    "acs": "0010-00000002",
}
"""The prefixes that no key may have, in upper or lower case, with their ECs."""

_SCHEMA: Final = parse_schema("""
Tagging <0010-00000103
  TagSet
    Tag+
      Key text
      Value? text
""")


def _validate(node: xml.Node, _: PutContext) -> xml.Value:
    _check(_pairs(node))
    return node.content


DOCUMENT: Final = Document(
    "BucketTags",
    "tagging",
    _SCHEMA,
    absent=(("TagSet", ()),),
    validate=_validate,
    deletable=False,
    enforced=True,
    action="BucketTagging",
)


def tags(documents: Documents) -> dict[str, str]:
    node = DOCUMENT.find(documents)
    return {} if node is None else dict(_pairs(node))


def format(tags: Sequence[tuple[str, str]]) -> bytes:
    """Format tags as a document; raises `TooManyTags`, `InvalidTag` or `RepeatedTags`."""
    _check(tags)
    return DOCUMENT.format(tagging.format_document(tags))


def format_header(header: str) -> bytes:
    """Format the tags of a header, `key=value&key`, URL-encoded, as a document.

    Raises `InvalidArgument` and the errors of `format`.
    """
    return format(tagging.parse_pairs(HEADER, header))


def _pairs(node: xml.Node) -> list[tuple[str, str]]:
    tags = [tag for tag_set in node.all("TagSet") for tag in tag_set.all("Tag")]
    return [(tag.text("Key"), tag.text("Value")) for tag in tags]


def _check(tags: Sequence[tuple[str, str]]) -> None:
    if len(tags) > MAX_TAGS:
        raise OSSError(ErrorCase.TOO_MANY_TAGS)
    for key, value in tags:
        reserved = (ec for start, ec in _RESERVED.items() if key.lower().startswith(start))
        ec = next(reserved, None if 0 < len(key.encode()) <= MAX_KEY else _INVALID)
        if ec is not None:
            raise OSSError(ErrorCase.INVALID_TAG_KEY, ec=ec, Key=key)
        if len(value.encode()) > MAX_VALUE:
            raise OSSError(ErrorCase.INVALID_TAG_VALUE, ec=_INVALID, Key=key)
    if len({key for key, _ in tags}) < len(tags):
        raise OSSError(ErrorCase.REPEATED_TAGS)
