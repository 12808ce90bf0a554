"""Object versions, as operations find, describe, store and remove them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from random import getrandbits
from typing import NamedTuple

from oss_emulator.access import ObjectAcl, Permission, required_of_source
from oss_emulator.documents import (
    access_point,
    archive_direct_read,
    callback_policy,
    encryption,
    object_worm,
    worm,
)
from oss_emulator.operations import permissions
from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.operations.shared import locks
from oss_emulator.protocol import callback, checksums, client_encryption, dates, headers, tagging
from oss_emulator.protocol.address import decode_key
from oss_emulator.protocol.copy_source import CopySource
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Callback, FileRange
from oss_emulator.referer import Signing
from oss_emulator.storage import NULL_VERSION, Blob, Bucket, MemoryBlob, Object, Upload
from oss_emulator.storage.blobs import BlobFile, open_files, slices

VERSION_ID = "x-oss-version-id"
SOURCE_VERSION_ID = "x-oss-copy-source-version-id"
DELETE_MARKER = "x-oss-delete-marker"
OBJECT_ACL = "x-oss-object-acl"
DELAY = "x-oss-qos-delay-time"
NEXT_POSITION = "x-oss-next-append-position"
SEALED_TIME = "x-oss-sealed-time"


def find(call: Call) -> Object:
    """Find the version that a call names, by default the current one.

    Raises `NoSuchKey`, `NoSuchVersion`, and `MethodNotAllowed` for a named delete marker.
    """
    version_id = version_id_of(call) if call.request.query else None
    bucket, key = call.bucket, call.target.key
    item = call.storage.object(bucket.name, key, version_id)
    if item is None:
        raise _missing(call, bucket, key, version_id)
    if item.delete_marker:
        marker = {DELETE_MARKER: "true", VERSION_ID: item.version_id}
        if version_id is None and "if-modified-since" in call.request.headers:
            raise OSSError(
                ErrorCase.CONDITION_ON_DELETE_MARKER,
                headers=marker,
                ResourceType="DeleteMarker",
                Method=call.request.method,
                Header="If-Modified-Since",
            )  # S-31
        if version_id is None:
            raise OSSError(ErrorCase.NO_SUCH_KEY, headers=marker, Key=call.key)
        raise OSSError(
            ErrorCase.METHOD_NOT_ALLOWED,
            headers={**marker, "Allow": "DELETE"},
            Method=call.request.method,
            ResourceType="DeleteMarker",
        )
    return item


def version_id_of(call: Call) -> str | None:
    """Read the version id that a call names, None for none; raises `InvalidArgument` for ""."""
    version_id = call.version_id
    if version_id == "":
        raise headers.invalid_argument(
            "VersionId", version_id, "Version id can not be the empty string."
        )
    return version_id if version_id is None else check_version_id(version_id)


_VERSION_ID = re.compile(r"CAEQ[0-9A-Za-z._-]{16,}")


def check_version_id(version_id: str) -> str:
    """Return a well-formed version id; raises `InvalidArgument` for any other text."""
    if version_id != NULL_VERSION and not _VERSION_ID.fullmatch(version_id):
        raise headers.invalid_argument("VersionId", version_id, code=ErrorCase.INVALID_VERSION_ID)
    return version_id


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
    version_id = source.version_id and check_version_id(source.version_id)
    item = call.storage.object(bucket.name, source.key, version_id)
    actions = required_of_source(call.request.headers, source.version_id)
    permissions.check_origin(point)
    reading = call._replace(admission=replace(call.admission, access_point=point))
    permissions.check(reading, bucket, source.key, Permission.READ, item, actions)
    if item is None:
        raise _missing(call, bucket, source.key, version_id)
    if item.delete_marker:
        raise OSSError(ErrorCase.NO_SUCH_KEY, Key=source.key)
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
    permissions.check(call, bucket, key, Permission.READ, target, ("oss:GetObject",))
    if target is None or target.delete_marker:
        raise OSSError(ErrorCase.SYMLINK_TARGET_NOT_EXIST)
    if target.kind == "Symlink":
        raise OSSError(ErrorCase.INVALID_TARGET_TYPE)
    return target


def show(item: Object, target: Object) -> Object:
    """Return the object that GET and HEAD show for a link and its target, or for one plain object.

    The bytes, checksums and ETag are the target's, the time is the later of both, and the rest is
    the link's (HeadObject).
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


def _missing(call: Call, bucket: Bucket, key: str, version_id: str | None) -> OSSError:
    """Make the error for a missing version."""
    if version_id and call.storage.object(bucket.name, key) is not None:
        return OSSError(ErrorCase.NO_SUCH_VERSION, Key=key, VersionId=version_id)
    return OSSError(ErrorCase.NO_SUCH_KEY, Key=key)


def find_upload(call: Call, code: ErrorCase = ErrorCase.NO_SUCH_UPLOAD) -> Upload:
    """Find the multipart upload that the call names, for its key; raises `NoSuchUpload`."""
    upload_id = call.request.query["uploadId"]
    upload = call.storage.upload(call.bucket.name, upload_id)
    if upload is None or upload.draft.key != call.key:
        raise OSSError(code, UploadId=upload_id)
    return upload


ARCHIVES = ("Archive", "ColdArchive", "DeepColdArchive")
"""The storage classes whose objects must be restored before they can be read."""


def check_restored(call: Call, bucket: Bucket, item: Object) -> None:
    """Raise `InvalidObjectState` for an archived object that cannot be read now.

    A bucket may allow direct reads of the class Archive (PutBucketArchiveDirectRead), but not as
    the index or error page of a website (Access Archive objects in real time, limits).
    """
    if item.storage_class not in ARCHIVES:
        return
    visit = call.admission.visit
    in_its_place = visit is None or visit.key == call.key
    direct = in_its_place and archive_direct_read.is_enabled(bucket.documents)
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
    verify = None if blob.verified else blob.verify
    return FileRange(next(files), start, length, verify)


_CHUNK = 1024 * 1024
"""Bytes of a file to read at a time."""


def read_chunks(item: Object, offset: int, length: int) -> Iterator[bytes]:
    """Read a range of an object piece by piece; its files are open once this is called."""
    found = read(item, offset, length)
    pieces = (found,) if isinstance(found, bytes) else found
    return (chunk for piece in pieces for chunk in _chunks(piece))


def _chunks(piece: bytes | FileRange) -> Iterator[bytes]:
    if isinstance(piece, bytes):
        yield piece
        return
    if piece.verify is not None:
        piece.verify()
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


def describe(call: Call, item: Object) -> dict[str, str]:
    """Return the headers of every answer about an object (P-32)."""
    found = {
        **item.headers,
        "Accept-Ranges": "bytes",
        "ETag": item.etag,
        "Last-Modified": dates.format_http(item.modified),
        "x-oss-hash-crc64ecma": str(item.crc64),
        "x-oss-object-type": item.kind,
        "x-oss-storage-class": item.storage_class,
    }
    if call.bucket.versioning:
        found[VERSION_ID] = item.version_id
    if item.tags:
        found["x-oss-tagging-count"] = str(len(item.tags))
    if item.kind == "Appendable":
        found[NEXT_POSITION] = str(item.size)
    if item.documents:
        found.update(locks.describe(item))
    if item.sealed is not None:
        found[SEALED_TIME] = dates.format_http(item.sealed)
    if item.restore is not None:
        restore = restore_info(item, call.request.received)
        if restore is not None:
            found["x-oss-restore"] = restore
    return found


def overrides(call: Call) -> dict[str, str]:
    """Return the `response-*` parameters as headers.

    Anonymous requests may send none (GetObject).
    """
    query = call.request.query
    if headers.OVERRIDES.keys().isdisjoint(query):
        return {}
    found = {
        header: headers.text(name, query[name])
        for name, header in headers.OVERRIDES.items()
        if name in query
    }
    if call.signing is Signing.NONE:
        raise OSSError(ErrorCase.RESPONSE_HEADERS_OF_ANONYMOUS)
    return found


def content_md5(item: Object) -> dict[str, str]:
    """Return the `Content-MD5` of all bytes.

    Only objects put in one piece (HeadObject) or by sequential parts (P-51) are answered with it.
    """
    md5 = checksums.md5_of(item.etag) if item.kind == "Normal" else item.content_md5
    return {"Content-MD5": md5} if md5 else {}


def delay_header(call: Call, size: int = 0) -> dict[str, str]:
    """Return the header with the milliseconds by which a limit delays `size` bytes (P-52)."""
    limit = call.admission.requested_limit
    return {} if limit is None else {DELAY: str(size * 8 * 1000 // limit)}


def version_header(call: Call, item: Object) -> dict[str, str]:
    """Return the header with the version of the object, if the bucket is versioned."""
    return {VERSION_ID: item.version_id} if call.bucket.versioning else {}


def source_version_header(call: Call, source: CopySource, item: Object) -> dict[str, str]:
    """Return the header with the copied version, if the source's bucket is versioned."""
    bucket = call.storage.bucket(access_point.bucket_of(call.storage, source.bucket))
    kept = bucket is not None and bucket.versioning
    return {SOURCE_VERSION_ID: item.version_id} if kept else {}


def draft(call: Call, kind: str = "Normal", body: Body = NO_BODY, etag: str = "") -> Object:
    """Make the object that a request's headers describe, with the bytes of `body`.

    Raises `InvalidObjectName`, `FileAlreadyExists`, and what the headers raise.
    """
    request, bucket = call.request.headers, call.bucket
    check_writable(call)
    client_encryption.check(request)
    return Object(
        call.key,
        content=body.content,
        size=body.size,
        etag=etag,
        crc64=body.crc64,
        modified=call.request.received,
        owner=bucket.owner,  # not the caller
        kind=kind,
        storage_class=headers.storage_class(request, bucket.storage_class),
        acl=object_acl(call),
        headers={**headers.kept(request), **_encryption(call)},
        tags={} if call.tagging is None else tagging.parse_header(call.tagging),
        documents=locks.of_request(call),
    )


def _encryption(call: Call) -> dict[str, str]:
    """Return the encryption headers of a new object: the request's, or the bucket's default."""
    asked = headers.encryption(call.request.headers)
    return asked or encryption.headers_for(call.bucket.documents)


def check_writable(call: Call) -> None:
    """Raise `InvalidObjectName` or `FileAlreadyExists` if the object must not be written."""
    if call.key.startswith(("/", "\\")):
        raise OSSError(ErrorCase.INVALID_OBJECT_NAME)
    # A versioned bucket overwrites nothing, so the header has no effect (PutObject).
    if call.bucket.versioning or not headers.flag(call.request.headers, "x-oss-forbid-overwrite"):
        return
    if call.storage.object(call.bucket.name, call.key) is not None:
        raise OSSError(ErrorCase.FILE_ALREADY_EXISTS, Key=call.key)


def object_acl(call: Call) -> ObjectAcl:
    """Return the ACL of a new object.

    Raises `InvalidArgument`, and `AccessDenied` for a public ACL if public access is blocked.
    """
    value = call.request.headers.get(OBJECT_ACL)
    if value is None:
        return ObjectAcl.DEFAULT
    try:
        acl = ObjectAcl(value)
    except ValueError:
        code = ErrorCase.INVALID_OBJECT_ACL
        raise headers.invalid_argument(OBJECT_ACL, value, code=code) from None
    permissions.check_public(call, ErrorCase.PUBLIC_OBJECT_ACL, public=acl.public)
    return acl


def check_mutable(call: Call, key: str, version_id: str) -> None:
    """Raise `FileImmutable` if a version is protected.

    The bucket's retention policy protects it, or its own retention or legal hold.
    """
    documents, now = call.bucket.documents, call.request.received
    policy = worm.policy(documents)
    if policy is None and not object_worm.is_enabled(documents):
        return
    item = call.storage.object(call.bucket.name, key, version_id)
    if item is None or item.delete_marker:
        return
    if (policy is not None and policy.protects(item.modified, now)) or locks.hold(call, item):
        raise OSSError(ErrorCase.FILE_IMMUTABLE, Key=key)


def store(call: Call, item: Object) -> dict[str, str]:
    """Store the newest version of an object; returns the headers with its version id.

    Raises `FileImmutable` if it would replace a protected version.
    """
    bucket, version_id = call.bucket, _new_version_id(call)
    check_mutable(call, item.key, version_id)
    if item.version_id != version_id:
        item = item._replace(version_id=version_id)
    if object_worm.is_enabled(bucket.documents):
        item = locks.with_default(call, item)
    call.storage.put_object(bucket.name, item)
    return {VERSION_ID: version_id} if bucket.versioning else {}


class Put(NamedTuple):
    """An object that was put, and the headers and callback of the answer."""

    item: Object
    headers: dict[str, str]
    callback: Callback | None


def put(call: Call) -> Put:
    """Store the body as the object that the request's headers describe.

    Raises what `draft`, `callback_of` and `store` raise.
    """
    body = call.body
    item = draft(call, body=body, etag=checksums.format_etag(body.md5))
    callback = callback_of(call, item)
    answer = {
        "ETag": item.etag,
        "Content-MD5": checksums.format_md5(body.md5),
        "x-oss-hash-crc64ecma": str(item.crc64),
        **delay_header(call, body.size),
        **headers.encryption_of(item.headers),
        **store(call, item),
    }
    return Put(item, answer, callback)


def callback_of(call: Call, item: Object) -> Callback | None:
    """Return the callback to an application server that an upload asks for; None for none.

    Raises `InvalidArgument`, so call it before the object is stored (Callback).
    """
    request = call.request
    if call.form is not None:
        parameter, custom = callback.of_fields(call.form.fields)
    else:
        parameter, variables = callback.of_request(request)
        custom = callback.parse_variables(variables) if variables else {}
    if not parameter:
        return None
    name = callback.policy_name(parameter)
    if name is not None:
        parameter, kept = callback_policy.find(call.bucket.documents, name)
        custom = {**callback.parse_variables(kept), **custom}
    system: dict[str, str | int] = {
        "bucket": call.bucket.name,
        "object": item.key,
        "etag": item.etag.strip('"'),
        "size": item.size,
        "mimeType": item.headers.get("Content-Type", ""),
        "crc64": str(item.crc64),
        "clientIp": request.remote,
        "reqId": call.request_id,
        "operation": call.operation.name,
    }
    return callback.parse(parameter, system, custom)


class Removed(NamedTuple):
    """The result of a deletion."""

    version_id: str
    """The removed version or the new delete marker; "" in a bucket without versioning."""
    delete_marker: bool

    @property
    def headers(self) -> dict[str, str]:
        found = {VERSION_ID: self.version_id} if self.version_id else {}
        return {**found, DELETE_MARKER: "true"} if self.delete_marker else found


def remove(call: Call, key: str, version_id: str | None) -> Removed:
    """Delete a version permanently; without a version id, delete the object.

    In a versioned bucket the latter adds a delete marker. Raises `FileImmutable` if a protected
    version would go. In a bucket that was never versioned, the result has no version id, not even
    null (P-58).
    """
    bucket = call.bucket
    check_removable(call, key, version_id)
    if version_id is not None and bucket.versioning:
        item = call.storage.object(bucket.name, key, version_id)
        call.storage.delete_object(bucket.name, key, version_id)
        return Removed(version_id, item is not None and item.delete_marker)
    if not bucket.versioning:
        call.storage.delete_object(bucket.name, key, version_id or NULL_VERSION)
        return Removed("", delete_marker=False)
    marker = Object(
        key,
        content=(),
        size=0,
        etag="",
        crc64=0,
        modified=call.request.received,
        owner=bucket.owner,
        version_id=_new_version_id(call),
        delete_marker=True,
    )
    call.storage.put_object(bucket.name, marker)
    return Removed(marker.version_id, delete_marker=True)


def check_removable(call: Call, key: str, version_id: str | None) -> None:
    """Raise `FileImmutable` if the deletion would remove a protected version."""
    if version_id is not None:
        check_mutable(call, key, version_id)
    elif call.bucket.versioning != "Enabled":
        check_mutable(call, key, NULL_VERSION)


def _new_version_id(call: Call) -> str:
    """Make a version id; it is `null` while versioning is off or suspended."""
    if call.bucket.versioning != "Enabled":
        return NULL_VERSION
    # Ids grow with time, so that a listing can continue after a deleted version.
    return f"CAEQ{int(call.request.received * 1_000_000):016X}{getrandbits(128):032x}"
