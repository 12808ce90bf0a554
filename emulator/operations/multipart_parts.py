"""The parts of a multipart upload: UploadPart, UploadPartCopy, ListParts."""

from emulator.access import Permission
from emulator.dispatch import Call, Resource, Takes, operation
from emulator.objects import find_source, find_upload, source_version_header
from emulator.protocol import (
    checksums,
    conditions,
    copy_source,
    dates,
    headers,
    parameters,
    ranges,
    xml,
)
from emulator.protocol.checksums import Checksums
from emulator.protocol.errors import Code
from emulator.protocol.message import Response
from emulator.protocol.ranges import Range
from emulator.storage import Object, Part
from emulator.storage.blobs import slices

MAX_NUMBER = 10_000

_CHUNK = 1024 * 1024
"""Bytes of a source that are copied at a time."""


@operation(
    "UploadPart",
    "PUT",
    Resource.OBJECT,
    "uploadId&partNumber",
    permission=Permission.WRITE,
    takes=Takes.OBJECT,
    action="oss:PutObject",
)
def upload_part(call: Call) -> Response:
    """Put one part; one of the same number is replaced.

    Raises `InvalidArgument` for a number out of bounds, `NoSuchUpload`, `InvalidCRC64`.
    """
    body, request = call.body, call.request.headers
    number = _number(call)
    upload = find_upload(call, Code.NO_SUCH_UPLOAD_OF_PART)
    headers.refuse_encryption(request)
    checksums.check_crc64(request.get("x-oss-hash-crc64ecma"), body.crc64)
    etag = checksums.format_etag(body.md5)
    part = Part(number, body.content, body.size, etag, body.crc64, call.request.received)
    call.storage.put_part(call.bucket.name, upload.id, part)
    answer = {
        "ETag": part.etag,
        "Content-MD5": checksums.format_md5(body.md5),
        "x-oss-hash-crc64ecma": str(part.crc64),
        **headers.encryption_of(upload.draft.headers),
    }
    return Response(200, answer)


@operation(
    "UploadPartCopy",
    "PUT",
    Resource.OBJECT,
    "uploadId&partNumber",
    permission=Permission.WRITE,
    header=copy_source.HEADER,
    action="oss:PutObject",
)
def upload_part_copy(call: Call) -> Response:
    """Put one part by copying an object or a range of it.

    Raises `InvalidArgument`, `NoSuchUpload`, what `find_source` raises, `PreconditionFailed`.
    """
    request = call.request.headers
    number = _number(call)
    upload = find_upload(call, Code.NO_SUCH_UPLOAD_OF_COMPLETION)
    named = copy_source.parse(request[copy_source.HEADER])
    source = find_source(call, named)
    conditions.check(request, source.etag, source.modified, copy_source.CONDITIONS)
    # A range that is none is as if it were not there: the whole object (UploadPartCopy).
    part_range = ranges.parse(request.get(f"{copy_source.HEADER}-range"), source.size)
    part = _copy(call, number, source, part_range or Range(0, source.size))
    call.storage.put_part(call.bucket.name, upload.id, part)
    answer = xml.answer(
        "CopyPartResult",
        [("LastModified", dates.format_iso(part.modified)), ("ETag", part.etag)],
    )
    found = {
        "ETag": part.etag,
        "x-oss-hash-crc64ecma": str(part.crc64),
        **headers.encryption_of(upload.draft.headers),
        **source_version_header(call, named, source),
    }
    if part_range is not None:
        last = part_range.offset + part_range.length - 1
        found["Content-Range"] = f"bytes {part_range.offset}-{last}/{source.size}"
    return answer._replace(headers={**answer.headers, **found})


@operation("ListParts", "GET", Resource.OBJECT, "uploadId")
def list_parts(call: Call) -> Response:
    """A page of the parts of an upload, by number; raises `NoSuchUpload`, `InvalidArgument`."""
    query = call.request.query
    upload = find_upload(call)
    encoding = parameters.encoding_type(query)
    limit = parameters.number(query, "max-parts", 1, 1000, default=1000)
    marker = parameters.number(query, "part-number-marker", 0, MAX_NUMBER, default=0)
    parts = call.storage.parts(call.bucket.name, upload.id)
    following = [part for part in parts if part.number > marker]
    page = following[:limit]
    return xml.answer(
        "ListPartsResult",
        [
            ("EncodingType", encoding),
            ("Bucket", call.bucket.name),
            ("Key", parameters.encode(call.key) if encoding else call.key),
            ("UploadId", upload.id),
            ("StorageClass", upload.draft.storage_class),
            ("PartNumberMarker", marker),
            # Always there, also where nothing follows (P-33).
            ("NextPartNumberMarker", page[-1].number if page else marker),
            ("MaxParts", limit),
            ("IsTruncated", len(following) > limit),
            *(("Part", _summary(part)) for part in page),
        ],
    )


def _summary(part: Part) -> xml.Children:
    return [
        ("PartNumber", part.number),
        ("LastModified", dates.format_iso(part.modified)),
        ("ETag", part.etag),
        ("HashCrc64ecma", str(part.crc64)),
        ("Size", part.size),
    ]


def _number(call: Call) -> int:
    text = call.request.query["partNumber"]
    most = call.limits.parts
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        message = f"Part number must be an integer between 1 and {most}, inclusive."
        raise headers.invalid_argument("PartNumber", text, message, Code.INVALID_PART_NUMBER)
    return int(text)


def _copy(call: Call, number: int, source: Object, wanted: Range) -> Part:
    """The bytes of a range as a part of their own."""
    sums, writer = Checksums(), call.storage.blob_writer()
    for blob, offset, length in slices(source.content, wanted.offset, wanted.length):
        for start in range(offset, offset + length, _CHUNK):
            chunk = blob.read(start, min(_CHUNK, offset + length - start))
            sums.update(chunk)
            writer.write(chunk)
    content = (writer.finish(),) if sums.size else ()
    etag = checksums.format_etag(sums.md5)
    return Part(number, content, sums.size, etag, sums.crc64, call.request.received)
