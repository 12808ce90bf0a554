"""Multipart uploads: initiate, complete, abort."""

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from random import getrandbits
from urllib.parse import quote, unquote

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.shared import writing
from oss_emulator.operations.shared.objects import find_upload, read_chunks
from oss_emulator.protocol import checksums, client_encryption, headers, parameters, xml
from oss_emulator.protocol.checksums import Checksums
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.storage import Object, Part, Upload

MIN_PART = 100 * 1024
"""Bytes that each part but the last must have (CompleteMultipartUpload)."""

MAX_PARTS = 10_000

COMPLETE_ALL = "x-oss-complete-all"


@answers("POST /bucket/key?uploads", "InitiateMultipartUpload", action="oss:PutObject")
def initiate_multipart_upload(call: Call) -> Response:
    """Begin an upload; its headers describe the object, whose bytes follow in parts.

    With `sequential` in the query its parts must come in order, from number 1 on (P-51). Raises
    what `draft` raises, `InvalidEncryptionRequest`.
    """
    encoding = parameters.encoding_type(call.request.query)
    item = writing.draft(call, kind="Multipart")
    client_encryption.parse_parts(item.headers)
    sequential = "sequential" in call.request.query
    upload = Upload(_new_upload_id(call), call.request.received, item, sequential)
    call.storage.put_upload(call.bucket.name, upload)
    return xml.answer(
        "InitiateMultipartUploadResult",
        ("EncodingType", encoding),
        ("Bucket", call.bucket.name),
        ("Key", parameters.encode(call.key) if encoding else call.key),
        ("UploadId", upload.id),
        headers=headers.encryption_of(item.headers),
    )


@answers("POST /bucket/key?uploadId", "CompleteMultipartUpload", action="oss:PutObject")
def complete_multipart_upload(call: Call) -> Response:
    """Join the listed parts, or all parts (`x-oss-complete-all`), to an object.

    A list without parts makes an empty object (P-44).

    Raises `NoSuchUpload`, `InvalidArgument`, `MalformedXML`, `InvalidPartOrder`, `InvalidPart`,
    `PartNotSequential`, `EntityTooSmall`, `InvalidEncryptionRequest`, `FileAlreadyExists`.
    """
    encoding = parameters.encoding_type(call.request.query)
    upload = find_upload(call, ErrorCase.NO_SUCH_UPLOAD_OF_COMPLETION)
    headers.refuse_encryption(call.request.headers)
    writing.check_writable(call)
    parts = _chosen_parts(call, upload)
    for part in parts[:-1]:
        if part.size < MIN_PART:
            raise _too_small(part)
    encrypted = client_encryption.parse_parts(upload.draft.headers)
    if encrypted is not None:
        encrypted.check_count(len(parts))
    item = _join(call, upload, parts)
    callback = writing.callback_of(call, item)
    stored = writing.store(call, item)
    call.storage.delete_upload(call.bucket.name, upload.id)
    found = {"ETag": item.etag, "x-oss-hash-crc64ecma": str(item.crc64)}
    scheme, host = "https" if call.request.secure else "http", call.request.host
    path = quote(unquote(call.request.path))  # in the style of the request
    answer = xml.answer(
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
    upload = find_upload(call)
    call.storage.delete_upload(call.bucket.name, upload.id)
    return Response(204)


def _new_upload_id(call: Call) -> str:
    """Make an id of 32 upper-case hex digits that begin with the time, so that ids sort by time."""
    return f"{int(call.request.received * 1_000_000):016X}{getrandbits(64):016X}"


def _chosen_parts(call: Call, upload: Upload) -> Sequence[Part]:
    parts = call.storage.parts(call.bucket.name, upload.id)
    complete_all = call.request.headers.get(COMPLETE_ALL)
    if complete_all is None:
        return _listed_parts(call, upload, parts)
    if complete_all.lower() != "yes":
        raise headers.invalid_argument(COMPLETE_ALL, complete_all, "The only value is yes.")
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
    """Parse the numbers and ETags of a CompleteMultipartUpload document."""
    try:
        entries = xml.parse(document, "CompleteMultipartUpload").all("Part")
    except xml.DocumentError as error:
        raise _malformed(str(error)) from None
    listed = []
    for entry in entries:
        number, etag = entry.text("PartNumber"), entry.text("ETag")
        if not number or not etag:
            raise _malformed("A Part element has no PartNumber or no ETag.")
        if not (number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= MAX_PARTS):
            raise OSSError(ErrorCase.INVALID_PART_NUMBER_LISTED, PartNumber=number)
        listed.append((int(number), etag))
    return listed


def _malformed(detail: str) -> OSSError:
    return OSSError(ErrorCase.MALFORMED_XML, ec="0042-00000205", ErrorDetail=detail)


def _too_small(part: Part) -> OSSError:
    return OSSError(
        ErrorCase.ENTITY_TOO_SMALL,
        ProposedSize=str(part.size),
        MinSizeAllowed=str(MIN_PART),
        PartNumber=str(part.number),
        ETag=part.etag,
    )


def _join(call: Call, upload: Upload, parts: Sequence[Part]) -> Object:
    """Make the finished object, which refers to the bytes of the parts without copying them."""
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
    """Compute the `Content-MD5` of all bytes, in time proportional to their number (P-51)."""
    sums = Checksums()
    for chunk in read_chunks(item, 0, item.size):
        sums.update(chunk)
    return checksums.format_md5(sums.md5)
