"""ListMultipartUploads."""

from bisect import bisect_left
from collections.abc import Callable
from itertools import islice
from operator import attrgetter
from typing import Final

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import dates, paging, parameters, xml
from oss_emulator.protocol.message import Response
from oss_emulator.storage import Upload

_key: Final = attrgetter("draft.key")


@answers("GET /bucket?uploads", "ListMultipartUploads")
def list_multipart_uploads(call: Call) -> Response:
    """List a page of the unfinished uploads, by key and then by upload id.

    Raises `InvalidArgument`. An upload-id-marker without a key-marker is ignored.
    """
    query = call.request.query
    encoding = parameters.encoding_type(query)
    write = parameters.encode if encoding else str
    limit = parameters.number(query, "max-uploads", 1, 1000, default=1000)
    marker, delimiter = query.get("key-marker", ""), query.get("delimiter", "")
    upload_id = query.get("upload-id-marker", "")
    uploads = _uploads_after(call, marker, upload_id)
    page = paging.cut(
        lambda start: islice(uploads, bisect_left(uploads, start, key=_key), None),
        _key,
        prefix=query.get("prefix", ""),
        delimiter=delimiter,
        marker=marker,
        within_marker=bool(marker and upload_id),
        limit=limit,
    )
    next_key, next_id = _next_markers(page)
    return xml.answer(
        "ListMultipartUploadsResult",
        ("EncodingType", encoding),
        ("Bucket", call.bucket.name),
        ("KeyMarker", write(marker)),
        ("UploadIdMarker", upload_id),
        # Both are always present, even on the last page (P-33).
        ("NextKeyMarker", write(next_key)),
        ("NextUploadIdMarker", next_id),
        ("Delimiter", write(delimiter)),
        ("Prefix", write(query.get("prefix", ""))),
        ("MaxUploads", limit),
        ("IsTruncated", page.truncated),
        *(("Upload", _summary(upload, write)) for upload in page.items),
        *(("CommonPrefixes", [("Prefix", write(prefix))]) for prefix in page.prefixes),
    )


def _uploads_after(call: Call, marker: str, upload_id: str) -> list[Upload]:
    """Return the uploads after a marker: those of later keys, and later ones of its own key."""
    return [
        upload
        for upload in call.storage.uploads(call.bucket.name)
        if (_key(upload), upload.id) > (marker, upload_id)
    ]


def _next_markers(page: paging.Page[Upload]) -> tuple[str, str]:
    """Return the next markers: the last key and upload id, or the last common prefix and no id."""
    last = page.items[-1] if page.items else None
    prefix = page.prefixes[-1] if page.prefixes else ""
    if last is None or prefix > last.draft.key:
        return prefix, ""
    return last.draft.key, last.id


def _summary(upload: Upload, write: Callable[[str], str]) -> xml.Children:
    return [
        ("Key", write(upload.draft.key)),
        ("UploadId", upload.id),
        ("StorageClass", upload.draft.storage_class),
        ("Initiated", dates.format_iso(upload.initiated)),
    ]
