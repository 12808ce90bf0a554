"""Multipart uploads and their parts: initiate, upload, copy, complete, abort and list."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import islice, pairwise
from operator import attrgetter
from random import getrandbits
from typing import Final
from urllib.parse import quote, unquote

from oss_emulator.operations import objects, writing
from oss_emulator.operations.call import Body, Call
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.operations.work import Pool, Work, Workplace
from oss_emulator.protocol import (
    checksums,
    client_encryption,
    conditions,
    dates,
    headers,
    paging,
    parameters,
    xml,
)
from oss_emulator.protocol.checksums import Checksums
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.storage.base import Object, Part, Upload

MIN_PART = 100 * 1024
"""Minimum size of each part except the last, in bytes (CompleteMultipartUpload)."""

MAX_PARTS = 10_000

COMPLETE_ALL = "x-oss-complete-all"


@answers(
    "POST /bucket/key?uploads",
    "InitiateMultipartUpload",
    action="oss:PutObject",
    takes=Takes.NOTHING,  # Content-MD5 is ignored (P-96)
)
def initiate_multipart_upload(call: Call) -> Response:
    """Begin an upload. Its headers describe the object; the bytes follow in parts.

    With `sequential` in the query the parts must be sent in order, starting at 1 (P-51). Raises
    what `draft` raises, `InvalidEncryptionRequest`.
    """
    encoding = parameters.encoding_type(call.request)
    item = writing.draft(call, kind="Multipart")
    client_encryption.parse_parts(item.headers)
    sequential = "sequential" in call.request.query
    now = call.request.received
    upload_id = f"{int(now * 1_000_000):016X}{getrandbits(64):016X}"  # so that ids sort by time
    upload = Upload(upload_id, now, item, sequential)
    call.storage.put_upload(call.bucket.name, upload)
    return xml.respond(
        "InitiateMultipartUploadResult",
        ("EncodingType", encoding),
        ("Bucket", call.bucket.name),
        ("Key", parameters.encode(call.key) if encoding else call.key),
        ("UploadId", upload.id),
        headers=headers.encryption_of(item.headers),
    )


@answers("POST /bucket/key?uploadId", "CompleteMultipartUpload", action="oss:PutObject")
def complete_multipart_upload(call: Call) -> Response:
    """Join the listed parts, or all parts (`x-oss-complete-all`), into an object.

    A list without parts creates an empty object (P-44).

    Raises `NoSuchUpload`, `InvalidArgument`, `MalformedXML`, `InvalidPartOrder`, `InvalidPart`,
    `PartNotSequential`, `EntityTooSmall`, `InvalidEncryptionRequest`, `FileAlreadyExists`.
    """
    encoding = parameters.encoding_type(call.request)
    upload = objects.find_upload(call, ErrorCase.NO_SUCH_UPLOAD_OF_COMPLETION)
    headers.refuse_storage_class(call.request.headers, "0042-00000202")
    writing.check_writable(call)
    parts = _chosen_parts(call, upload)
    for part in parts[:-1]:
        if part.size < MIN_PART:
            raise OSSError(
                ErrorCase.ENTITY_TOO_SMALL,
                ProposedSize=str(part.size),
                MinSizeAllowed=str(MIN_PART),
                PartNumber=str(part.number),
                ETag=part.etag,
            )
    encrypted = client_encryption.parse_parts(upload.draft.headers)
    if encrypted is not None:
        encrypted.check_count(len(parts))
    item = _join(call, upload, parts)
    callback = writing.callback_of(call, item)
    stored = writing.store(call, item)
    call.storage.delete_upload(call.bucket.name, upload.id)
    found = {"ETag": item.etag, "x-oss-hash-crc64ecma": str(item.crc64)}
    scheme, host = "https" if call.request.secure else "http", call.request.host
    path = quote(unquote(call.request.path)).replace("~", "%7E")  # P-96; in the request's style
    answer = xml.respond(
        "CompleteMultipartUploadResult",
        ("EncodingType", encoding),
        ("Location", f"{scheme}://{host}{path}"),
        ("Bucket", call.bucket.name),
        ("Key", parameters.encode(call.key) if encoding else call.key),
        ("ETag", item.etag),
        headers={**found, **headers.encryption_of(item.headers), **stored},
    )
    return answer._replace(callback=callback)


@answers("DELETE /bucket/key?uploadId", "AbortMultipartUpload")
def abort_multipart_upload(call: Call) -> Response:
    """Remove an upload and its parts; raises `NoSuchUpload`."""
    upload = objects.find_upload(call)
    call.storage.delete_upload(call.bucket.name, upload.id)
    return Response(204)


def _chosen_parts(call: Call, upload: Upload) -> Sequence[Part]:
    parts = call.storage.parts(call.bucket.name, upload.id)
    complete_all = call.request.headers.get(COMPLETE_ALL)
    if complete_all is None:
        return _listed_parts(call, upload, parts)
    if complete_all.lower() != "yes":
        raise headers.invalid_argument(COMPLETE_ALL, complete_all, "The value must be yes.")
    if call.body.size:
        raise headers.invalid_argument(
            COMPLETE_ALL, complete_all, code=ErrorCase.COMPLETE_ALL_WITH_BODY
        )
    if not parts:
        raise OSSError(ErrorCase.INVALID_PART, UploadId=upload.id)
    return parts


def _listed_parts(call: Call, upload: Upload, parts: Sequence[Part]) -> Sequence[Part]:
    listed = _read_list(call.body.read())
    if any(second <= first for (first, _), (second, _) in pairwise(listed)):
        raise OSSError(ErrorCase.INVALID_PART_ORDER)
    if upload.sequential and [number for number, _ in listed] != list(range(1, len(listed) + 1)):
        raise OSSError(ErrorCase.PART_NOT_SEQUENTIAL, UploadId=upload.id)
    found = {part.number: part for part in parts}
    chosen = []
    for number, etag in listed:
        part = found.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"').upper():
            raise OSSError(
                ErrorCase.INVALID_PART, ETag=etag, PartNumber=str(number), UploadId=upload.id
            )
        chosen.append(part)
    return chosen


def _read_list(document: bytes) -> list[tuple[int, str]]:
    if not document:
        raise OSSError(ErrorCase.MALFORMED_XML, ec=_MALFORMED)  # S-42
    try:
        entries = xml.parse(document, "CompleteMultipartUpload").all("Part")
    except xml.DocumentError as error:
        raise _malformed(str(error)) from None
    listed = []
    for entry in entries:
        number, etag = entry.text("PartNumber"), entry.text("ETag")
        if not number or not etag:
            raise _malformed("A Part element has no PartNumber or no ETag.")
        if not parameters.is_number(number, 1, MAX_PARTS):
            raise OSSError(ErrorCase.INVALID_PART_NUMBER_LISTED, PartNumber=number)
        listed.append((int(number), etag))
    return listed


_MALFORMED: Final = "0042-00000205"


def _malformed(detail: str) -> OSSError:
    return OSSError(ErrorCase.MALFORMED_XML, ec=_MALFORMED, ErrorDetail=detail)


def _join(call: Call, upload: Upload, parts: Sequence[Part]) -> Object:
    """Make the complete object; it refers to the bytes of the parts without copying them."""
    item = upload.draft._replace(
        content=tuple(blob for part in parts for blob in part.content),
        size=sum(part.size for part in parts),
        etag=checksums.format_multipart_etag(part.etag for part in parts),
        crc64=reduce(lambda crc, one: checksums.combine_crc64(crc, one.crc64, one.size), parts, 0),
        modified=call.request.received,
    )
    if upload.sequential:
        item = item._replace(content_md5=_md5_of(item))
    return writing.with_acl(call, item)


def _md5_of(item: Object) -> str:
    """Read all bytes and compute their `Content-MD5` (P-51)."""
    sums = Checksums()
    for chunk in objects.read_chunks(item, 0, item.size):
        sums.update(chunk)
    return checksums.format_md5(sums.md5)


@answers(
    "PUT /bucket/key?uploadId&partNumber", "UploadPart", takes=Takes.OBJECT, action="oss:PutObject"
)
def upload_part(call: Call) -> Response:
    """Store one part; it replaces a part with the same number.

    Raises `InvalidArgument` for a number out of bounds, `NoSuchUpload`, `InvalidCRC64`, and what
    `_put` raises.
    """
    request = call.request.headers
    number = _part_number(call)
    upload = objects.find_upload(call, ErrorCase.NO_SUCH_UPLOAD_OF_PART)
    headers.refuse_storage_class(request, "0042-00000101")
    checksums.check_crc64(request.get("x-oss-hash-crc64ecma"), call.body.crc64)
    part = _put(call, upload, number)
    answer = {
        "ETag": part.etag,
        "x-oss-hash-crc64ecma": str(part.crc64),
        "Content-MD5": checksums.format_md5(call.body.md5),
        **objects.delay_header(call, part.size),
        **headers.encryption_of(upload.draft.headers),
    }
    return Response(200, answer)


def _gather_part(call: Call) -> Work:
    """Open the bytes to copy, which stay readable even if the object changes."""
    request = call.request.headers
    _part_number(call)
    objects.find_upload(call, ErrorCase.NO_SUCH_UPLOAD_OF_COPY)
    named = conditions.parse_part_source(request[conditions.COPY_SOURCE])
    # A part cannot be a link, so the bytes of the link's target are copied.
    source = objects.find_source(call, named, through_link=True)
    conditions.check(request, source.etag, source.modified, conditions.COPY_CONDITIONS)
    if client_encryption.metadata(source.headers):
        raise OSSError(ErrorCase.PART_SOURCE_ENCRYPTED)
    # A malformed range is ignored: the whole object is copied (UploadPartCopy).
    wanted = conditions.parse_range(request.get(f"{conditions.COPY_SOURCE}-range"), source.size)
    offset, length = wanted or (0, source.size)
    chunks = objects.read_chunks(source, offset, length)
    origin = objects.source_version_header(call, named, source)
    if wanted is not None:
        origin["Content-Range"] = wanted.within(source.size)

    def copy(place: Workplace) -> Body:
        sums, writer = Checksums(), call.storage.blob_writer()
        try:
            for chunk in place.steps(chunks):
                sums.update(chunk)
                writer.write(chunk)
            content = (writer.finish(),) if sums.size else ()
        except BaseException:
            writer.abandon()
            raise
        return Body(content, sums.size, sums.md5, sums.crc64, origin)

    return Work(Pool.COPIES, copy)


@answers(
    "PUT /bucket/key?uploadId&partNumber",
    "UploadPartCopy",
    header=conditions.COPY_SOURCE,
    action="oss:PutObject",
    gather=_gather_part,
    takes=Takes.NOTHING,
)
def upload_part_copy(call: Call) -> Response:
    """Store one part by copying an object or a range of it.

    Raises `InvalidArgument`, `NoSuchUpload`, what `find_source` raises, `PreconditionFailed`.
    """
    upload = objects.find_upload(call, ErrorCase.NO_SUCH_UPLOAD_OF_COPY)
    part = _put(call, upload, _part_number(call))
    found = {
        "ETag": part.etag,
        "x-oss-hash-crc64ecma": str(part.crc64),
        "x-oss-copied-size": str(part.size),
        "x-oss-ia-retrieve-flow-type": "0",
        **objects.delay_header(call),
        **headers.encryption_of(upload.draft.headers),
        **call.body.origin,
    }
    result = [("LastModified", dates.format_iso(part.modified)), ("ETag", part.etag)]
    return xml.respond("CopyPartResult", *result, headers=found)


def _put(call: Call, upload: Upload, number: int) -> Part:
    """Store the body as a part; a sequential upload accepts only the next part.

    Raises `PartNotSequential` and `PartAlreadyExist` (P-51), `InvalidEncryptionRequest` (P-53).
    """
    body = call.body
    encrypted = client_encryption.parse_parts(upload.draft.headers)
    client_encryption.check_same(call.request.headers, upload.draft.headers)
    if encrypted is not None:
        encrypted.check_part(number, body.size)
    if upload.sequential:
        last = len(call.storage.parts(call.bucket.name, upload.id))
        if number <= last:
            copies = conditions.COPY_SOURCE in call.request.headers
            raise OSSError(
                ErrorCase.COPIED_PART_EXISTS if copies else ErrorCase.PART_ALREADY_EXISTS,
                PartNumber=str(number),
                UploadId=upload.id,
            )
        if number > last + 1:
            raise OSSError(
                ErrorCase.PART_NOT_SEQUENTIAL, PartNumber=str(number), UploadId=upload.id
            )
    etag = checksums.format_etag(body.md5)
    part = Part(
        number=number,
        content=body.content,
        size=body.size,
        etag=etag,
        crc64=body.crc64,
        modified=call.request.received,
    )
    call.storage.put_part(call.bucket.name, upload.id, part)
    return part


@answers("GET /bucket/key?uploadId", "ListParts")
def list_parts(call: Call) -> Response:
    """List a page of the parts of an upload by number; raises `NoSuchUpload`, `InvalidArgument`."""
    query = call.request.query
    upload = objects.find_upload(call)
    encoding = parameters.encoding_type(call.request)
    limit = parameters.number(query, "max-parts", 1, 1000, default=1000)
    marker = parameters.number(query, "part-number-marker", 0, MAX_PARTS, default=0)
    parts = call.storage.parts(call.bucket.name, upload.id)
    following = [part for part in parts if part.number > marker]
    page = following[:limit]
    return xml.respond(
        "ListPartsResult",
        ("EncodingType", encoding),
        ("Bucket", call.bucket.name),
        ("Key", parameters.encode(call.key) if encoding else call.key),
        ("UploadId", upload.id),
        ("StorageClass", upload.draft.storage_class),
        *client_encryption.format_elements(upload.draft.headers),
        ("PartNumberMarker", marker),
        # Empty for an upload without parts, but present, because oss2 fails without it (P-58).
        ("NextPartNumberMarker", page[-1].number if page else marker if parts else ""),
        ("MaxParts", limit),
        ("IsTruncated", len(following) > limit),
        *(("Part", _describe_part(part)) for part in page),
    )


def _describe_part(part: Part) -> xml.Children:
    return [
        ("PartNumber", part.number),
        ("LastModified", dates.format_iso(part.modified)),
        ("ETag", part.etag),
        ("HashCrc64ecma", str(part.crc64)),
        ("Size", part.size),
    ]


def _part_number(call: Call) -> int:
    text = call.request.query["partNumber"]
    if not text:
        code = ErrorCase.PART_NUMBER_MISSING
        raise headers.invalid_argument("ResourceType", "partNumber", code=code)
    most = call.environment.limits.parts
    if not parameters.is_number(text, 1, most):
        message = f"Part number must be an integer between 1 and {most}, inclusive."
        raise headers.invalid_argument("PartNumber", text, message, ErrorCase.INVALID_PART_NUMBER)
    return int(text)


_key: Final = attrgetter("draft.key")


@answers("GET /bucket?uploads", "ListMultipartUploads")
def list_multipart_uploads(call: Call) -> Response:
    """List a page of the unfinished uploads, by key and then by upload id.

    Raises `InvalidArgument`. An upload-id-marker without a key-marker is ignored.
    """
    query = call.request.query
    encoding = parameters.encoding_type(call.request)
    write = parameters.encode if encoding else str
    limit = parameters.number(query, "max-uploads", 1, 1000, default=1000)
    marker, delimiter = query.get("key-marker", ""), query.get("delimiter", "")
    upload_id = query.get("upload-id-marker", "")
    uploads = [
        upload
        for upload in call.storage.uploads(call.bucket.name)
        if (_key(upload), upload.id) > (marker, upload_id)
    ]
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
    return xml.respond(
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
        *(("Upload", _describe_upload(upload, write)) for upload in page.items),
        *(("CommonPrefixes", [("Prefix", write(prefix))]) for prefix in page.prefixes),
    )


def _next_markers(page: paging.ListPart[Upload]) -> tuple[str, str]:
    """Return the next markers: the last key and upload id, or the last common prefix and no id."""
    last = page.items[-1] if page.items else None
    prefix = page.prefixes[-1] if page.prefixes else ""
    if last is None or prefix > last.draft.key:
        return prefix, ""
    return last.draft.key, last.id


def _describe_upload(upload: Upload, write: Callable[[str], str]) -> xml.Children:
    return [
        ("Key", write(upload.draft.key)),
        ("UploadId", upload.id),
        ("StorageClass", upload.draft.storage_class),
        ("Initiated", dates.format_iso(upload.initiated)),
    ]
