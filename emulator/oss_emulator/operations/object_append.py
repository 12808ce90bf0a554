"""Appendable objects: AppendObject, SealAppendObject."""

from oss_emulator.operations import objects, versions, worm, writing
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.protocol import checksums, dates, headers
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.parameters import is_number
from oss_emulator.storage.base import Object

MAX_SIZE = 5 * 1024**3
"""Maximum size of an appendable object in bytes (AppendObject)."""


@answers("POST /bucket/key?append", "AppendObject", takes=Takes.OBJECT, action="oss:PutObject")
def append_object(call: Call) -> Response:
    """Append bytes to an object; the first call creates it.

    Raises `MissingArgument` without a position, `PositionNotEqualToLength`, `ObjectNotAppendable`,
    `EntityTooLarge`, `FileImmutable`, and `InvalidRequest` in a bucket with object retention. The
    first call sets the metadata and tags. Later calls can change only the ACL (P-50) and keep the
    version id.
    """
    position = _position(call)
    if call.request.headers.get(headers.STORAGE_CLASS) == "DeepColdArchive":
        raise headers.invalid_argument(
            headers.STORAGE_CLASS, "DeepColdArchive", code=ErrorCase.DEEP_COLD_ARCHIVE
        )
    if worm.is_enabled(call.bucket.documents):
        raise OSSError(ErrorCase.OBJECT_WORM_EXCLUDES_APPENDING)
    current = call.storage.object(call.bucket.name, call.key)
    if current is None or current.delete_marker:
        item = writing.draft(call, kind="Appendable")
        _check_position(item, position)
        grown = _grow(call, item)
        version = writing.store(call, grown)
    else:
        writing.check_writable(call)
        writing.check_mutable(call, call.key, current.version_id)
        if current.kind != "Appendable" or current.sealed is not None:
            raise OSSError(ErrorCase.OBJECT_NOT_APPENDABLE)
        item = writing.with_acl(call, current)
        _check_position(item, position)
        writing.check_capacity(call, call.body.size)
        grown = _grow(call, item)
        call.storage.replace_object(call.bucket.name, grown)
        version = versions.version_header(call, grown)
    answer = {
        "ETag": grown.etag,
        objects.NEXT_POSITION: str(grown.size),
        "x-oss-hash-crc64ecma": str(grown.crc64),
        **objects.delay_header(call, call.body.size),
        **headers.encryption_of(grown.headers),
        **version,
    }
    return Response(200, answer)


@answers("POST /bucket/key?seal", "SealAppendObject")
def seal_append_object(call: Call) -> Response:
    """Seal an object against further appends; a second call does not change the time.

    Raises `NoSuchKey`, `ObjectNotAppendable`, `PositionNotEqualToLength`.
    """
    position = _position(call)
    item = versions.find(call)
    if item.kind != "Appendable":
        raise OSSError(ErrorCase.OBJECT_NOT_APPENDABLE)
    _check_position(item, position)
    sealed = call.request.received if item.sealed is None else item.sealed
    call.storage.replace_object(call.bucket.name, item._replace(sealed=sealed))
    time = dates.format_http(sealed)
    return Response(
        200, {"ETag": item.etag, objects.SEALED_TIME: time, **versions.version_header(call, item)}
    )


def _position(call: Call) -> int:
    text = call.request.query.get("position", "")
    if not text:
        raise OSSError(ErrorCase.POSITION_MISSING)
    if not is_number(text):
        raise OSSError(ErrorCase.POSITION_INVALID)
    return int(text)


def _check_position(item: Object, position: int) -> None:
    if position != item.size:
        # P-38
        raise OSSError(
            ErrorCase.POSITION_NOT_EQUAL_TO_LENGTH, headers={objects.NEXT_POSITION: str(item.size)}
        )


def _grow(call: Call, item: Object) -> Object:
    body = call.body
    size = item.size + body.size
    if size > MAX_SIZE:
        raise OSSError(ErrorCase.ENTITY_TOO_LARGE, MaxSizeAllowed=str(MAX_SIZE))
    crc64 = checksums.combine_crc64(item.crc64, body.crc64, body.size)
    return item._replace(
        content=item.content + body.content,
        size=size,
        crc64=crc64,
        etag=checksums.format_appended_etag(size, crc64),
        modified=call.request.received,
    )
