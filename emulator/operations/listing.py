"""ListObjects, version 1 and 2."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from operator import attrgetter

from emulator.dispatch import Call, Resource, operation
from emulator.protocol import dates, paging, parameters, xml
from emulator.protocol.headers import invalid_argument
from emulator.protocol.message import Response
from emulator.storage import Object

MAX_NAME = 1024
"""Bytes that a prefix, marker or delimiter must stay below (ListObjects)."""


@operation("ListObjects", "GET", Resource.BUCKET)
def list_objects(call: Call) -> Response:
    """A page of the objects after a marker (GetBucket)."""
    marker = _name(call, "marker")
    page = _page(call, marker)
    write = _writer(call)
    return xml.answer(
        "ListBucketResult",
        [
            *_head(call, write),
            ("Marker", write(marker)),
            ("NextMarker", write(page.next) if page.truncated else None),
            ("IsTruncated", page.truncated),
            *_names(call, page, write, owner=True),
        ],
    )


@operation("ListObjectsV2", "GET", Resource.BUCKET, "list-type", action="oss:ListObjects")
def list_objects_v2(call: Call) -> Response:
    """A page of the objects after a continuation token or a name (GetBucketV2)."""
    query = call.request.query
    if query["list-type"] != "2":
        raise invalid_argument("list-type", query["list-type"], "The list-type must be 2.")
    start_after = _name(call, "start-after")
    # oss2 sends an empty one with the first request.
    token = query.get("continuation-token") or None
    page = _page(call, start_after if token is None else _read_token(token))
    write = _writer(call)
    return xml.answer(
        "ListBucketResult",
        [
            *_head(call, write),
            ("StartAfter", write(start_after) if start_after else None),
            ("ContinuationToken", token),
            ("NextContinuationToken", _write_token(page.next) if page.truncated else None),
            ("KeyCount", page.count),
            ("IsTruncated", page.truncated),
            *_names(call, page, write, owner=query.get("fetch-owner", "").lower() == "true"),
        ],
    )


def _page(call: Call, marker: str) -> paging.Page[Object]:
    bucket = call.bucket.name
    return paging.cut(
        lambda start: (
            item for item in call.storage.objects(bucket, start) if not item.delete_marker
        ),
        attrgetter("key"),
        prefix=_name(call, "prefix"),
        delimiter=_name(call, "delimiter"),
        marker=marker,
        limit=parameters.max_keys(call.request.query, least=0),
    )


def _name(call: Call, parameter: str) -> str:
    value = call.request.query.get(parameter, "")
    if len(value.encode(errors="replace")) >= MAX_NAME:
        message = f"The {parameter} must have less than {MAX_NAME} bytes."
        raise invalid_argument(parameter, value, message)
    return value


def _writer(call: Call) -> Callable[[str], str]:
    encoded = parameters.encoding_type(call.request.query)
    return parameters.encode if encoded else str


def _head(call: Call, write: Callable[[str], str]) -> xml.Children:
    query = call.request.query
    delimiter = query.get("delimiter")
    return [
        ("Name", call.bucket.name),
        ("Prefix", write(query.get("prefix", ""))),
        ("MaxKeys", parameters.max_keys(query, least=0)),
        ("Delimiter", write(delimiter) if delimiter else None),
        ("EncodingType", parameters.encoding_type(query)),
    ]


def _names(
    call: Call, page: paging.Page[Object], write: Callable[[str], str], *, owner: bool
) -> xml.Children:
    contents = [("Contents", _contents(item, write, owner)) for item in page.items]
    prefixes = [("CommonPrefixes", [("Prefix", write(prefix))]) for prefix in page.prefixes]
    return [*contents, *prefixes]


def _contents(item: Object, write: Callable[[str], str], owner: bool) -> xml.Children:
    return [
        ("Key", write(item.key)),
        ("LastModified", dates.format_iso(item.modified)),
        ("ETag", item.etag),
        ("Type", item.kind),
        ("Size", item.size),
        ("StorageClass", item.storage_class),
        ("Owner", xml.owner(item.owner) if owner else None),
    ]


def _write_token(name: str) -> str:
    return urlsafe_b64encode(name.encode()).decode()


def _read_token(token: str) -> str:
    try:
        return b64decode(token.encode(), b"-_", validate=True).decode()
    except ValueError:
        raise invalid_argument(
            "continuation-token", token, "The continuation token is none that was given out."
        ) from None
