"""Finds, reads and describes versions of objects for operations."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from oss_referer import Signing

from oss_emulator.access.authorize import Permission, required_of_source
from oss_emulator.operations import access_point, permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.configurations import ARCHIVE_DIRECT_READ
from oss_emulator.operations.versions import VERSION_ID, check_version_id, missing
from oss_emulator.operations.worm import describe_locks
from oss_emulator.protocol import checksums, dates, headers
from oss_emulator.protocol.address import decode_key
from oss_emulator.protocol.conditions import CopySource, Range
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import FileRange
from oss_emulator.storage.base import Bucket, Object, Upload
from oss_emulator.storage.blobs import Blob, BlobFile, MemoryBlob, StoredBlob, open_files, slices

SOURCE_VERSION_ID = "x-oss-copy-source-version-id"
DELAY = "x-oss-qos-delay-time"
NEXT_POSITION = "x-oss-next-append-position"
SEALED_TIME = "x-oss-sealed-time"


def find_source(call: Call, source: CopySource, *, through_link: bool = False) -> Object:
    """Find the version to copy from; the caller must be allowed to read it.

    A symbolic link is copied as a link, or with the bytes of its target if `through_link`. Raises
    `NoSuchBucket`, `AccessDenied` also for a bucket of another region, `InvalidArgument` for a
    malformed version id, `NoSuchKey`, `NoSuchVersion`, `InvalidObjectState` for an archived object,
    and what `follow` raises.
    """
    point = access_point.find_alias(call.storage, source.bucket)
    bucket = call.storage.bucket(source.bucket if point is None else point.bucket)
    if bucket is None:
        raise OSSError(ErrorCase.NO_SUCH_BUCKET, BucketName=source.bucket)
    if bucket.region != call.bucket.region:
        raise OSSError(ErrorCase.OTHER_REGION)
    if source.version_id == "":
        raise headers.invalid_argument("VersionId", "", code=ErrorCase.COPY_SOURCE_VERSION_EMPTY)
    version_id = source.version_id and check_version_id(source.version_id)
    item = call.storage.object(bucket.name, source.key, version_id)
    actions = required_of_source(call.request.headers, source.version_id)
    permissions.check_origin(point)
    reading = call._replace(admission=replace(call.admission, access_point=point))
    permissions.check(reading, bucket, source.key, Permission.READ, item, actions=actions)
    if item is None:
        raise missing(call, bucket, source.key, version_id)
    if item.delete_marker:
        code = ErrorCase.SOURCE_IS_DELETE_MARKER if version_id else ErrorCase.NO_SUCH_KEY
        raise OSSError(code, Key=source.key)
    target = follow(reading, bucket, item) if through_link else item
    check_restored(call, bucket, target)
    return show(item, target)


def follow(call: Call, bucket: Bucket, item: Object) -> Object:
    """Return the target of a symbolic link in a bucket; any other object is returned unchanged
    (P-36).

    Raises `SymlinkTargetNotExist`, `InvalidTargetType`, and `AccessDenied` if the caller may not
    read the target.
    """
    if item.kind != "Symlink":
        return item
    key = decode_key(item.symlink_target)
    target = call.storage.object(bucket.name, key)
    permissions.check(call, bucket, key, Permission.READ, target, actions=("oss:GetObject",))
    if target is None or target.delete_marker:
        raise OSSError(ErrorCase.SYMLINK_TARGET_NOT_EXIST)
    if target.kind == "Symlink":
        raise OSSError(ErrorCase.INVALID_TARGET_TYPE)
    return target


def reach(call: Call, item: Object) -> Object:
    """Return the object that GetObject reads: for a link, with the bytes of its target.

    Raises what `follow` and `check_restored` raise.
    """
    return show(item, resolve(call, item))


def resolve(call: Call, item: Object) -> Object:
    """Return the object whose bytes GetObject reads: the target of a link, or the object itself.

    Raises what `follow` and `check_restored` raise.
    """
    if item.kind != "Symlink" and item.storage_class not in ARCHIVES:  # most objects
        return item
    target = follow(call, call.bucket, item)
    check_restored(call, call.bucket, target)
    return target


def show(item: Object, target: Object) -> Object:
    """Return the object that GET and HEAD describe for a link and its target.

    Bytes, checksums and ETag are from the target, the time is the later of both, and the rest is
    from the link (HeadObject). An object that is not a link is its own target.
    """
    if item is target:
        return item
    return item._replace(
        content=target.content,
        size=target.size,
        etag=target.etag,
        crc64=target.crc64,
        modified=max(item.modified, target.modified),
    )


def find_upload(call: Call, code: ErrorCase = ErrorCase.NO_SUCH_UPLOAD) -> Upload:
    """Find the multipart upload with the id and the key of the call; raises `NoSuchUpload`."""
    upload_id = call.request.query["uploadId"]
    if not upload_id:
        raise OSSError(ErrorCase.UPLOAD_ID_EMPTY, UploadId=upload_id)
    upload = call.storage.upload(call.bucket.name, upload_id)
    if upload is None or upload.draft.key != call.key:
        raise OSSError(code, UploadId=upload_id)
    return upload


ARCHIVES = ("Archive", "ColdArchive", "DeepColdArchive")
"""The storage classes whose objects must be restored before they can be read."""


def check_restored(call: Call, bucket: Bucket, item: Object) -> None:
    """Raise `InvalidObjectState` for an archived object that cannot be read now.

    A bucket may allow direct reads of Archive objects (PutBucketArchiveDirectRead), except for the
    index and error pages of a website (Access Archive objects in real time, limits).
    """
    if item.storage_class not in ARCHIVES:
        return
    visit = call.admission.visit
    in_its_place = visit is None or visit.key == call.key
    direct = in_its_place and ARCHIVE_DIRECT_READ.is_enabled(bucket.documents)
    if direct and item.storage_class == "Archive":
        return
    restore, now = item.restore, call.request.received
    if restore is None or not restore.done <= now < restore.until:
        checksum = {"x-oss-hash-crc64ecma": str(item.crc64)}  # P-90
        raise OSSError(ErrorCase.INVALID_OBJECT_STATE, headers=checksum, Key=item.key)


def read(item: Object, offset: int, length: int) -> bytes | tuple[bytes | FileRange, ...]:
    """Read a range of an object, as bytes in memory or as ranges of files."""
    if len(item.content) == 1 and isinstance(item.content[0], MemoryBlob):
        return item.content[0].read(offset, length)
    found = tuple(slices(item.content, offset, length))
    files = iter(open_files([blob for blob, _, _ in found if not isinstance(blob, MemoryBlob)]))
    return tuple(_piece(blob, files, start, taken) for blob, start, taken in found) or b""


def _piece(blob: Blob, files: Iterator[BlobFile], start: int, length: int) -> bytes | FileRange:
    if isinstance(blob, MemoryBlob):
        return blob.read(start, length)
    check = blob.check if isinstance(blob, StoredBlob) and not blob.verified else None
    return FileRange(next(files), start, length, check)


def read_ranges(item: Object, ranges: Iterable[Range]) -> Iterator[list[memoryview | FileRange]]:
    """Read several ranges of an object without copying bytes in memory.

    Each file is opened and checked only once.
    """
    found = [list(slices(item.content, offset, length)) for offset, length in ranges]
    blobs = {blob for taken in found for blob, _, _ in taken if not isinstance(blob, MemoryBlob)}
    files = dict(zip(blobs, open_files([*blobs]), strict=True))
    unchecked = {blob for blob in blobs if isinstance(blob, StoredBlob) and not blob.verified}
    for taken in found:
        pieces: list[memoryview | FileRange] = []
        for blob, start, length in taken:
            if isinstance(blob, MemoryBlob):
                pieces.append(memoryview(blob.data)[start : start + length])
            else:
                check = blob.check if isinstance(blob, StoredBlob) and blob in unchecked else None
                pieces.append(FileRange(files[blob], start, length, check))
                unchecked.discard(blob)
        yield pieces


def unchecked(item: Object) -> tuple[FileRange, ...]:
    """Return an empty range of each file to be checked before an answer describes the object."""
    found = [blob for blob in item.content if isinstance(blob, StoredBlob) and not blob.verified]
    files = zip(found, open_files(found), strict=True)
    return tuple(FileRange(file, 0, 0, blob.check) for blob, file in files)


_CHUNK = 1024 * 1024
"""Bytes of a file that are read at once."""


def read_chunks(item: Object, offset: int, length: int) -> Iterator[bytes]:
    """Iterate over a range of an object in chunks; the call itself opens the files."""
    found = read(item, offset, length)
    pieces = (found,) if isinstance(found, bytes) else found
    return (chunk for piece in pieces for chunk in _chunks(piece))


def _chunks(piece: bytes | FileRange) -> Iterator[bytes]:
    if isinstance(piece, bytes):
        yield piece
        return
    for _ in piece.check() if piece.check is not None else ():
        pass
    end = piece.offset + piece.length
    for start in range(piece.offset, end, _CHUNK):
        yield piece.read(start, min(_CHUNK, end - start))


def restore_info(item: Object, now: float) -> str | None:
    """Format the state of a restore for `x-oss-restore`; None if there is no restore."""
    if item.restore is None or item.restore.until <= now:
        return None
    if now < item.restore.done:
        return 'ongoing-request="true"'
    return f'ongoing-request="false", expiry-date="{dates.format_http(item.restore.until)}"'


def describe(call: Call, item: Object) -> Mapping[str, str]:
    """Return the headers of every answer about an object (P-32)."""
    shared, versioning = item.once(_described).shared, call.bucket.versioning
    if not versioning and item.restore is None:
        return shared
    found = dict(shared)
    if versioning:
        found[VERSION_ID] = item.version_id
    if item.restore is not None:
        restore = restore_info(item, call.request.received)
        if restore is not None:
            found["x-oss-restore"] = restore
    return found


def with_content_md5(answer: Mapping[str, str], item: Object) -> Mapping[str, str]:
    """Return the headers of an answer with all bytes of an object: these and its `Content-MD5`."""
    shared, whole = item.once(_described)
    return whole if answer is shared else {**answer, **content_md5(item)}


class _Described(NamedTuple):
    """The headers that depend only on the version."""

    shared: Mapping[str, str]
    whole: Mapping[str, str]
    """The headers of an answer with all bytes."""


def _described(item: Object) -> _Described:
    found = {  # in the order of the service (S-09)
        "Accept-Ranges": "bytes",
        "ETag": item.etag,
        "Last-Modified": dates.format_http(item.modified),
        "x-oss-object-type": item.kind,
        "x-oss-hash-crc64ecma": str(item.crc64),
        "x-oss-storage-class": item.storage_class,
        **item.headers,
    }
    if item.tags:
        found["x-oss-tagging-count"] = str(len(item.tags))
    if item.kind == "Appendable":
        found[NEXT_POSITION] = str(item.size)
    if item.documents:
        found.update(describe_locks(item))
    if item.sealed is not None:
        found[SEALED_TIME] = dates.format_http(item.sealed)
    return _Described(found, {**found, **content_md5(item)})


def overrides(call: Call) -> dict[str, str]:
    """Return the `response-*` parameters as headers.

    Raises `InvalidRequest` if an anonymous request has any (GetObject).
    """
    query = call.admission.request.query
    if headers.OVERRIDES.keys().isdisjoint(query):
        return {}
    found = {
        header: headers.text(name, query[name])
        for name, header in headers.OVERRIDES.items()
        if name in query
    }
    if call.admission.claimed.signing is Signing.NONE:
        raise OSSError(ErrorCase.RESPONSE_HEADERS_OF_ANONYMOUS)
    return found


def content_md5(item: Object) -> dict[str, str]:
    """Return the header `Content-MD5` of all bytes.

    Only objects put in one piece (HeadObject) or in sequential parts (P-51) have this header.
    """
    md5 = checksums.md5_of(item.etag) if item.kind == "Normal" else item.content_md5
    return {"Content-MD5": md5} if md5 else {}


def delay_header(call: Call, size: int = 0) -> dict[str, str]:
    """Return the header with the milliseconds that a traffic limit delays `size` bytes (P-52)."""
    admission = call.admission
    limit = admission.requested_limit() if admission.trusted else admission.traffic_limit
    return {} if limit is None else {DELAY: str(size * 8 * 1000 // limit)}


def source_version_header(call: Call, source: CopySource, item: Object) -> dict[str, str]:
    """Return the header with the copied version, if the source's bucket is versioned."""
    bucket = call.storage.bucket(access_point.bucket_of(call.storage, source.bucket))
    versioned = bucket is not None and bucket.versioning
    return {SOURCE_VERSION_ID: item.version_id} if versioned else {}
