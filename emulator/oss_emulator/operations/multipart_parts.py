"""The parts of a multipart upload: UploadPart, UploadPartCopy, ListParts."""

from oss_emulator.operations.call import Body, Call
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.operations.shared import objects
from oss_emulator.operations.work import Pool, Work, Workplace
from oss_emulator.protocol import (
    checksums,
    client_encryption,
    conditions,
    dates,
    headers,
    parameters,
    xml,
)
from oss_emulator.protocol.checksums import Checksums
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.storage import Part, Upload

MAX_NUMBER = 10_000


@answers(
    "PUT /bucket/key?uploadId&partNumber", "UploadPart", takes=Takes.OBJECT, action="oss:PutObject"
)
def upload_part(call: Call) -> Response:
    """Store one part; it replaces a part of the same number.

    Raises `InvalidArgument` for a number out of bounds, `NoSuchUpload`, `InvalidCRC64`, and what
    `_put` raises.
    """
    request = call.request.headers
    number = _number(call)
    upload = objects.find_upload(call, ErrorCase.NO_SUCH_UPLOAD_OF_PART)
    headers.refuse_encryption(request)
    checksums.check_crc64(request.get("x-oss-hash-crc64ecma"), call.body.crc64)
    part = _put(call, upload, number)
    answer = {
        "ETag": part.etag,
        "Content-MD5": checksums.format_md5(call.body.md5),
        "x-oss-hash-crc64ecma": str(part.crc64),
        **objects.delay_header(call, part.size),
        **headers.encryption_of(upload.draft.headers),
    }
    return Response(200, answer)


def _gather(call: Call) -> Work:
    """Find the bytes to copy; they can be read even if their object changes meanwhile."""
    request = call.request.headers
    _number(call)
    objects.find_upload(call, ErrorCase.NO_SUCH_UPLOAD_OF_COPY)
    named = conditions.parse_copy_source(request[conditions.COPY_SOURCE])
    # A part has only bytes, so the bytes of a link's target are copied.
    source = objects.find_source(call, named, through_link=True)
    conditions.check(request, source.etag, source.modified, conditions.COPY_CONDITIONS)
    # A malformed range is ignored: the whole object is copied (UploadPartCopy).
    wanted = conditions.parse_range(request.get(f"{conditions.COPY_SOURCE}-range"), source.size)
    offset, length = wanted or (0, source.size)
    chunks = objects.read_chunks(source, offset, length)
    origin = objects.source_version_header(call, named, source)
    if wanted is not None:
        origin["Content-Range"] = f"bytes {offset}-{offset + length - 1}/{source.size}"

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
    gather=_gather,
    takes=Takes.NOTHING,
)
def upload_part_copy(call: Call) -> Response:
    """Store one part by copying an object or a range of it.

    Raises `InvalidArgument`, `NoSuchUpload`, what `find_source` raises, `PreconditionFailed`.
    """
    upload = objects.find_upload(call, ErrorCase.NO_SUCH_UPLOAD_OF_COPY)
    part = _put(call, upload, _number(call))
    found = {
        "ETag": part.etag,
        "x-oss-hash-crc64ecma": str(part.crc64),
        **objects.delay_header(call),
        **headers.encryption_of(upload.draft.headers),
        **call.body.origin,
    }
    result = [("LastModified", dates.format_iso(part.modified)), ("ETag", part.etag)]
    return xml.answer("CopyPartResult", *result, headers=found)


def _put(call: Call, upload: Upload, number: int) -> Part:
    """Store the body as a part; a sequential upload takes only the next part.

    Raises `PartNotSequential` and `PartAlreadyExist` (P-51), `InvalidEncryptionRequest` (P-53).
    """
    body = call.body
    encrypted = client_encryption.parse_parts(upload.draft.headers)
    if encrypted is not None:
        encrypted.check_part(number, body.size)
    if upload.sequential:
        last = len(call.storage.parts(call.bucket.name, upload.id))
        if number <= last:
            raise OSSError(
                ErrorCase.PART_ALREADY_EXISTS, PartNumber=str(number), UploadId=upload.id
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
    encoding = parameters.encoding_type(query)
    limit = parameters.number(query, "max-parts", 1, 1000, default=1000)
    marker = parameters.number(query, "part-number-marker", 0, MAX_NUMBER, default=0)
    parts = call.storage.parts(call.bucket.name, upload.id)
    following = [part for part in parts if part.number > marker]
    page = following[:limit]
    return xml.answer(
        "ListPartsResult",
        ("EncodingType", encoding),
        ("Bucket", call.bucket.name),
        ("Key", parameters.encode(call.key) if encoding else call.key),
        ("UploadId", upload.id),
        ("StorageClass", upload.draft.storage_class),
        *client_encryption.format_elements(upload.draft.headers),
        ("PartNumberMarker", marker),
        # Empty for an upload without parts, but there: without it oss2 fails (P-58).
        ("NextPartNumberMarker", page[-1].number if page else marker if parts else ""),
        ("MaxParts", limit),
        ("IsTruncated", len(following) > limit),
        *(("Part", _summary(part)) for part in page),
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
    most = call.environment.limits.parts
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        message = f"Part number must be an integer between 1 and {most}, inclusive."
        raise headers.invalid_argument("PartNumber", text, message, ErrorCase.INVALID_PART_NUMBER)
    return int(text)
