"""The tags of buckets and of objects."""

from collections.abc import Mapping, Sequence
from typing import Final

from oss_emulator.operations.call import Call
from oss_emulator.operations.document import Documents, document
from oss_emulator.operations.operation import answers
from oss_emulator.operations.versions import find, version_header
from oss_emulator.protocol import tagging, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

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


@document("""
PUT GET /bucket?tagging BucketTags enforced oss:BucketTagging
absent: TagSet=
Tagging <0010-00000103
  TagSet
    Tag+
      Key text
      Value? text
""")
def bucket_tags(node: xml.Node, _: Call) -> xml.Value:
    """The tags of a bucket."""
    _check(_pairs(node))
    return node.content


def tags(documents: Documents) -> dict[str, str]:
    node = bucket_tags.find(documents)
    return {} if node is None else dict(_pairs(node))


def format(tags: Sequence[tuple[str, str]]) -> bytes:
    """Format tags as a document; raises `TooManyTags`, `InvalidTag` or `RepeatedTags`."""
    _check(tags)
    return bucket_tags.format(tagging.format_document(tags))


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


@answers("DELETE /bucket?tagging", "DeleteBucketTags", action="oss:DeleteBucketTagging")
def delete_bucket_tags(call: Call) -> Response:
    """Delete the tags with the keys in `?tagging=k1,k2`, or all tags if it has no keys."""
    keys = [key for key in call.request.query[bucket_tags.subresource].split(",") if key]
    present = tags(call.documents).items()
    left = [(key, value) for key, value in present if keys and key not in keys]
    call.keep(bucket_tags.subresource, format(left) if left else None)
    return Response(204)


@answers("PUT /bucket/key?tagging", "PutObjectTagging")
def put_object_tagging(call: Call) -> Response:
    """Replace the tags of an object; its Last-Modified does not change.

    Raises `MalformedXML`, `InvalidTag`, `BadRequest`, `NoSuchKey`.
    """
    try:
        node = xml.parse(xml.escape_ampersands(call.body.read()), "Tagging")
    except xml.DocumentError as error:
        error.ec = "0010-00000102" if isinstance(error, xml.RootError) else "0010-00000101"
        raise
    tags = tagging.parse_document(node)
    return Response(200, _set(call, tags))


@answers("GET /bucket/key?tagging", "GetObjectTagging")
def get_object_tagging(call: Call) -> Response:
    item = find(call)
    tags = tagging.format_document(item.tags.items())
    return xml.respond("Tagging", *tags, headers=version_header(call, item))


@answers("DELETE /bucket/key?tagging", "DeleteObjectTagging")
def delete_object_tagging(call: Call) -> Response:
    """Remove all tags of an object."""
    return Response(204, _set(call, {}))


def _set(call: Call, tags: Mapping[str, str]) -> dict[str, str]:
    item = find(call)
    call.storage.replace_object(call.bucket.name, item._replace(tags=tags))
    return version_header(call, item)
