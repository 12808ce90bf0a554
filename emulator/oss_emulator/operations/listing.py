"""ListObjects, version 1 and 2, and ListObjectVersions."""

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from oss_emulator.operations.call import Call
from oss_emulator.operations.objects import restore_info
from oss_emulator.operations.operation import answers
from oss_emulator.operations.versions import is_version_id
from oss_emulator.protocol import dates, paging, parameters, xml
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response
from oss_emulator.storage.base import NULL_VERSION, Object

MAX_NAME = 1024
"""Length in bytes that a prefix, marker or delimiter must not reach (ListObjects)."""


@answers("GET /bucket", "ListObjects")
def list_objects(call: Call) -> Response:
    """List a page of the objects after a marker (GetBucket)."""
    marker = _name(call, "marker")
    _token(call)  # only refused if invalid (0015-00000404); otherwise ignored
    page = _list_part(call, marker)
    write = _writer(call)
    return xml.respond(
        "ListBucketResult",
        *_head(call, write, [("Marker", write(marker))]),
        ("IsTruncated", page.truncated),  # S-38
        ("NextMarker", write(page.next) if page.truncated else None),
        *_names(call, page, write, owner=True),
    )


@answers("GET /bucket?list-type", "ListObjectsV2", action="oss:ListObjects")
def list_objects_v2(call: Call) -> Response:
    """List a page of the objects after a continuation token or a name (GetBucketV2)."""
    query = call.request.query
    if query["list-type"] != "2":
        message = "The list-type must be 2."
        raise invalid_argument("list-type", query["list-type"], message, ec="0015-00000401")
    start_after = _name(call, "start-after")
    token, after = _token(call)
    page = _list_part(call, start_after if after is None else after)
    write = _writer(call)
    start: xml.Children = [
        ("StartAfter", write(start_after) if start_after else None),
        ("ContinuationToken", token),
    ]
    return xml.respond(
        "ListBucketResult",
        *_head(call, write, start),
        ("IsTruncated", page.truncated),
        ("NextContinuationToken", paging.format_token(page.next) if page.truncated else None),
        *_names(call, page, write, owner=query.get("fetch-owner", "").lower() == "true"),
        ("KeyCount", page.count),
    )


class _Version(NamedTuple):
    item: Object
    latest: bool


@answers("GET /bucket?versions", "ListObjectVersions")
def list_object_versions(call: Call) -> Response:
    """List a page of all versions and delete markers, newest of a key first (GetBucketVersions).

    Raises `InvalidArgument`, also for a version-id-marker without its key-marker.
    """
    marker, version_id = _name(call, "key-marker"), _name(call, "version-id-marker")
    if version_id and not marker:
        message = "A version-id marker cannot be specified without a key marker."
        raise invalid_argument("version-id-marker", version_id, message, ec="0012-00000106")
    if version_id and not is_version_id(version_id):
        message = "The version-id-marker is not a valid version id."
        raise invalid_argument("version-id-marker", version_id, message, ec="0012-00000105")
    page = paging.cut(
        lambda start: _versions(call, start, marker, version_id),
        lambda version: version.item.key,
        prefix=_name(call, "prefix"),
        delimiter=_name(call, "delimiter"),
        marker=marker,
        within_marker=bool(version_id),
        limit=_limit(call),
    )
    write = _writer(call)
    # A page that ends with a common prefix has no last version.
    last = page.items[-1].item if page.items and page.items[-1].item.key == page.next else None
    return xml.respond(
        "ListVersionsResult",
        *_head(call, write, [("KeyMarker", write(marker)), ("VersionIdMarker", version_id)]),
        ("IsTruncated", page.truncated),
        ("NextKeyMarker", write(page.next) if page.truncated else None),
        ("NextVersionIdMarker", (last.version_id if last else "") if page.truncated else None),
        *(_version(call, version, write) for version in page.items),
        *_prefixes(page.prefixes, write),
    )


def _versions(call: Call, start: str, marker: str, version_id: str) -> Iterator[_Version]:
    """Return the versions after a marker: of later keys, and older versions of the same key."""
    versions = call.storage.versions(call.bucket.name, start)
    for key, group in groupby(versions, attrgetter("key")):
        found = [_Version(item, place == 0) for place, item in enumerate(group)]
        yield from _after(found, version_id) if version_id and key == marker else found


def _after(versions: list[_Version], version_id: str) -> list[_Version]:
    ids = [version.item.version_id for version in versions]
    if version_id in ids:
        return versions[ids.index(version_id) + 1 :]
    # The marker was deleted. Newer ids are greater; the place of a null version is unknown.
    return [
        version
        for version, other in zip(versions, ids, strict=True)
        if NULL_VERSION in (version_id, other) or other < version_id
    ]


def _version(call: Call, version: _Version, write: Callable[[str], str]) -> tuple[str, xml.Value]:
    item = version.item
    key, *rest = _contents(call, item, write, owner=True)
    head = [key, ("VersionId", item.version_id), ("IsLatest", version.latest)]
    if not item.delete_marker:
        return "Version", [*head, *rest]
    shown = ("LastModified", "Owner")
    return "DeleteMarker", [*head, *(child for child in rest if child[0] in shown)]


def _list_part(call: Call, marker: str) -> paging.ListPart[Object]:
    bucket = call.bucket.name
    return paging.cut(
        lambda start: (
            item for item in call.storage.objects(bucket, start) if not item.delete_marker
        ),
        attrgetter("key"),
        prefix=_name(call, "prefix"),
        delimiter=_delimiter(call),
        marker=marker,
        limit=_limit(call),
    )


def _token(call: Call) -> tuple[str | None, str | None]:
    """Return the continuation token and the name in it; oss2 sends an empty token at first."""
    token = call.request.query.get("continuation-token") or None
    return token, None if token is None else paging.parse_token(token)


def _limit(call: Call) -> int:
    versions = call.operation.name == "ListObjectVersions"
    code = (
        ErrorCase.INVALID_MAX_KEYS_OF_VERSIONS
        if versions
        else ErrorCase.INVALID_MAX_KEYS_OF_OBJECTS
    )
    return parameters.max_keys(call.request.query, least=0, code=code)


def _delimiter(call: Call) -> str:
    delimiter = call.request.query.get("delimiter", "")
    if len(delimiter) > 1:
        message = "The delimiter must be one character."
        raise invalid_argument("delimiter", delimiter, message, ec="0015-00000406")
    return delimiter


_LONG_ECS = {"marker": "0015-00000405"}


def _name(call: Call, parameter: str) -> str:
    value = call.request.query.get(parameter, "")
    if len(value.encode(errors="replace")) >= MAX_NAME:
        message = f"The {parameter} must have fewer than {MAX_NAME} bytes."
        raise invalid_argument(parameter, value, message, ec=_LONG_ECS.get(parameter))
    return value


def _writer(call: Call) -> Callable[[str], str]:
    encoded = parameters.encoding_type(call.request)
    return parameters.encode if encoded else str


def _head(call: Call, write: Callable[[str], str], start: xml.Children) -> xml.Children:
    """Repeat the parameters of the request; `start` has those of the page's start (S-02, S-03)."""
    query = call.request.query
    return [
        ("Name", call.bucket.name),
        ("Prefix", write(query.get("prefix", ""))),
        *start,
        ("MaxKeys", _limit(call)),
        ("Delimiter", write(query.get("delimiter", ""))),
        ("EncodingType", parameters.encoding_type(call.request)),
    ]


def _names(
    call: Call, page: paging.ListPart[Object], write: Callable[[str], str], *, owner: bool
) -> xml.Children:
    contents = [("Contents", _contents(call, item, write, owner)) for item in page.items]
    return [*contents, *_prefixes(page.prefixes, write)]


def _prefixes(prefixes: list[str], write: Callable[[str], str]) -> xml.Children:
    return [("CommonPrefixes", [("Prefix", write(prefix))]) for prefix in prefixes]


def _contents(call: Call, item: Object, write: Callable[[str], str], owner: bool) -> xml.Children:
    return [
        ("Key", write(item.key)),
        ("LastModified", dates.format_iso(item.modified)),
        ("ETag", item.etag),
        ("Type", item.kind),
        ("Size", item.size),
        ("StorageClass", item.storage_class),
        ("RestoreInfo", restore_info(item, call.request.received)),
        ("Owner", call.owner(item.owner) if owner else None),
    ]
