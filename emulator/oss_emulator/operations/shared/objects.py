"""What the operations on objects share: finding a version, describing it, storing and removing."""

import re
from collections.abc import Iterator
from random import getrandbits
from typing import NamedTuple

from oss_emulator.access import ObjectAcl, Permission, required_of_source
from oss_emulator.documents import archive_direct_read, callback_policy, encryption, worm
from oss_emulator.operations import permissions
from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.protocol import callback, checksums, dates, headers, tagging
from oss_emulator.protocol.address import decode_key
from oss_emulator.protocol.copy_source import CopySource
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Callback, FileRange
from oss_emulator.storage import NULL_VERSION, Blob, Bucket, MemoryBlob, Object, Upload
from oss_emulator.storage.blobs import BlobFile, open_files, slices

VERSION_ID = "x-oss-version-id"
SOURCE_VERSION_ID = "x-oss-copy-source-version-id"
DELETE_MARKER = "x-oss-delete-marker"
NEXT_POSITION = "x-oss-next-append-position"
SEALED_TIME = "x-oss-sealed-time"


def find(call: Call) -> Object:
    """The version a call names, else the current one.

    Raises `NoSuchKey`, `NoSuchVersion`, and for a delete marker that is named `MethodNotAllowed`.
    """
    version_id = version_id_of(call)
    item = call.storage.object(call.bucket.name, call.key, version_id)
    if item is None:
        raise _missing(call, call.bucket, call.key, version_id)
    if item.delete_marker:
        marker = {DELETE_MARKER: "true", VERSION_ID: item.version_id}
        if version_id is None:
            raise OSSError(Code.NO_SUCH_KEY, headers=marker, Key=call.key)
        raise OSSError(
            Code.METHOD_NOT_ALLOWED,
            headers={**marker, "Allow": "DELETE"},
            Method=call.request.method,
            ResourceType="DeleteMarker",
        )
    return item


def version_id_of(call: Call) -> str | None:
    """The version a call names, None for the current one; raises `InvalidArgument` for ""."""
    version_id = call.request.query.get("versionId")
    if version_id == "":
        raise headers.invalid_argument(
            "versionId", version_id, "Version id can not be the empty string."
        )
    return version_id if version_id is None else check_version_id(version_id)


_VERSION_ID = re.compile(r"CAEQ[0-9A-Za-z]{16,}")


def check_version_id(version_id: str) -> str:
    """The id, if it has the form of those that are given out; raises `InvalidArgument`."""
    if version_id != NULL_VERSION and not _VERSION_ID.fullmatch(version_id):
        raise headers.invalid_argument("versionId", version_id, "Invalid version id specified.")
    return version_id


def find_source(call: Call, source: CopySource, *, through_link: bool = False) -> Object:
    """The version to copy from, which the caller must be allowed to read.

    A symbolic link is itself what is copied, or shown with its target's bytes `through_link`.
    Raises `NoSuchBucket`, `InvalidArgument` for what is no version id, `AccessDenied`,
    `NoSuchKey`, `NoSuchVersion`, `InvalidObjectState` for what is archived, and what `follow`
    raises.
    """
    bucket = call.storage.bucket(source.bucket)
    if bucket is None:
        raise OSSError(Code.NO_SUCH_BUCKET, BucketName=source.bucket)
    version_id = source.version_id and check_version_id(source.version_id)
    item = call.storage.object(bucket.name, source.key, version_id)
    actions = required_of_source(call.request.headers, source.version_id)
    permissions.check(call, bucket, source.key, Permission.READ, item, actions)
    if item is None:
        raise _missing(call, bucket, source.key, version_id)
    if item.delete_marker:
        raise OSSError(Code.NO_SUCH_KEY, Key=source.key)
    target = follow(call, bucket, item) if through_link else item
    check_restored(call, bucket, target)
    return show(item, target)


def follow(call: Call, bucket: Bucket, item: Object) -> Object:
    """The target of a symbolic link of a bucket; any other object itself (P-36).

    Raises `SymlinkTargetNotExist`, `InvalidTargetType`, and `AccessDenied` where the caller may
    not read the target.
    """
    if item.kind != "Symlink":
        return item
    key = decode_key(item.symlink_target)
    target = call.storage.object(bucket.name, key)
    permissions.check(call, bucket, key, Permission.READ, target, ("oss:GetObject",))
    if target is None or target.delete_marker:
        raise OSSError(Code.SYMLINK_TARGET_NOT_EXIST)
    if target.kind == "Symlink":
        raise OSSError(Code.INVALID_TARGET_TYPE)
    return target


def show(item: Object, target: Object) -> Object:
    """What GET and HEAD tell of an object that leads to a target, which may be itself.

    The bytes, their checksums and ETag are the target's, the time is the later of the two; the
    rest is the link's (HeadObject).
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
    """The error of a version that is not there."""
    if version_id and call.storage.object(bucket.name, key) is not None:
        return OSSError(Code.NO_SUCH_VERSION, Key=key, VersionId=version_id)
    return OSSError(Code.NO_SUCH_KEY, Key=key)


def find_upload(call: Call, code: Code = Code.NO_SUCH_UPLOAD) -> Upload:
    """The multipart upload a call names, which must be one of its key; raises `NoSuchUpload`."""
    upload_id = call.request.query["uploadId"]
    upload = call.storage.upload(call.bucket.name, upload_id)
    if upload is None or upload.draft.key != call.key:
        raise OSSError(code, UploadId=upload_id)
    return upload


ARCHIVES = ("Archive", "ColdArchive", "DeepColdArchive")
"""The storage classes whose objects are read only after a restore."""


def check_restored(call: Call, bucket: Bucket, item: Object) -> None:
    """Raise `InvalidObjectState` for an archived object that cannot be read now.

    Those of the class Archive can be where their bucket says so (PutBucketArchiveDirectRead),
    though not in the place of another page, as a website's index and error page are (Access
    Archive objects in real time, limits).
    """
    if item.storage_class not in ARCHIVES:
        return
    in_its_place = call.visit is None or call.visit.key == call.key
    direct = in_its_place and archive_direct_read.is_enabled(bucket.documents)
    if direct and item.storage_class == "Archive":
        return
    restore, now = item.restore, call.request.received
    if restore is None or not restore.done <= now < restore.until:
        raise OSSError(Code.INVALID_OBJECT_STATE, Key=item.key)


def read(item: Object, offset: int, length: int) -> bytes | tuple[bytes | FileRange, ...]:
    """Bytes of an object: those that are in memory, and where the others lie."""
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


def restore_info(item: Object, now: float) -> str | None:
    """How the restore of an object stands, as `x-oss-restore` says it; None where there is none."""
    if item.restore is None or item.restore.until <= now:
        return None
    if now < item.restore.done:
        return 'ongoing-request="true"'
    return f'ongoing-request="false", expiry-date="{dates.format_http(item.restore.until)}"'


def describe(call: Call, item: Object) -> dict[str, str]:
    """The headers that every answer about an object carries (P-32)."""
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
    if item.sealed is not None:
        found[SEALED_TIME] = dates.format_http(item.sealed)
    if item.restore is not None:
        restore = restore_info(item, call.request.received)
        if restore is not None:
            found["x-oss-restore"] = restore
    return found


def content_md5(item: Object) -> dict[str, str]:
    """The MD5 of all bytes, which only objects put in one piece are answered with (HeadObject)."""
    md5 = checksums.md5_of(item.etag) if item.kind == "Normal" else None
    return {} if md5 is None else {"Content-MD5": md5}


def version_header(call: Call, item: Object) -> dict[str, str]:
    """The header that tells which version an answer is about, where versions are kept."""
    return {VERSION_ID: item.version_id} if call.bucket.versioning else {}


def source_version_header(call: Call, source: CopySource, item: Object) -> dict[str, str]:
    """The header that tells which version was copied, where the source's bucket keeps versions."""
    bucket = call.storage.bucket(source.bucket)
    kept = bucket is not None and bucket.versioning
    return {SOURCE_VERSION_ID: item.version_id} if kept else {}


def draft(call: Call, kind: str = "Normal", body: Body = NO_BODY, etag: str = "") -> Object:
    """The object that a request's headers describe, without bytes unless they are given.

    Raises `InvalidObjectName`, `FileAlreadyExists`, and what the headers raise.
    """
    request, bucket = call.request.headers, call.bucket
    check_writable(call)
    return Object(
        call.key,
        content=body.content,
        size=body.size,
        etag=etag,
        crc64=body.crc64,
        modified=call.request.received,
        owner=bucket.owner,  # whoever puts it
        kind=kind,
        storage_class=headers.storage_class(request, bucket.storage_class),
        acl=object_acl(call),
        headers={**headers.kept(request), **_encryption(call)},
        tags=tagging.parse_header(request[tagging.HEADER]) if tagging.HEADER in request else {},
    )


def _encryption(call: Call) -> dict[str, str]:
    """How a new object is encrypted: as its request asks, else as its bucket does by default."""
    asked = headers.encryption(call.request.headers)
    return asked or encryption.headers_for(call.bucket.documents)


def check_writable(call: Call) -> None:
    """Raise `InvalidObjectName` or `FileAlreadyExists` where the object must not be written."""
    if call.key.startswith(("/", "\\")):
        raise OSSError(Code.INVALID_OBJECT_NAME)
    # Where versions are kept nothing is overwritten, so the header means nothing (PutObject).
    if call.bucket.versioning or not headers.flag(call.request.headers, "x-oss-forbid-overwrite"):
        return
    if call.storage.object(call.bucket.name, call.key) is not None:
        raise OSSError(Code.FILE_ALREADY_EXISTS, Key=call.key)


def object_acl(call: Call) -> ObjectAcl:
    """The ACL a new object is to have.

    Raises `InvalidArgument`, and `AccessDenied` for one that public access is blocked for.
    """
    value = call.request.headers.get("x-oss-object-acl")
    if value is None:
        return ObjectAcl.DEFAULT
    try:
        acl = ObjectAcl(value)
    except ValueError:
        code = Code.INVALID_OBJECT_ACL
        raise headers.invalid_argument("x-oss-object-acl", value, code=code) from None
    permissions.check_public(call, Code.PUBLIC_OBJECT_ACL, public=acl.public)
    return acl


def check_mutable(call: Call, key: str, version_id: str) -> None:
    """Raise `FileImmutable` for a version that the bucket's retention policy protects."""
    policy = worm.policy(call.bucket.documents)
    if policy is None:
        return
    item = call.storage.object(call.bucket.name, key, version_id)
    if item is None or item.delete_marker:
        return
    if policy.protects(item.modified, call.request.received):
        raise OSSError(Code.FILE_IMMUTABLE, Key=key)


def store(call: Call, item: Object) -> dict[str, str]:
    """Make this the newest version of its object; returns the headers that tell which.

    Raises `FileImmutable` where the version it takes the place of is protected.
    """
    bucket, version_id = call.bucket, _new_version_id(call)
    check_mutable(call, item.key, version_id)
    if item.version_id != version_id:
        item = item._replace(version_id=version_id)
    call.storage.put_object(bucket.name, item)
    return {VERSION_ID: version_id} if bucket.versioning else {}


class Put(NamedTuple):
    """An object that was put, and what is answered."""

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
        **headers.encryption_of(item.headers),
        **store(call, item),
    }
    return Put(item, answer, callback)


def callback_of(call: Call, item: Object) -> Callback | None:
    """The call to an application server that an upload asks for, None where it asks for none.

    Raises `InvalidArgument`, so it must be asked before the object is stored (Callback).
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
    """What a deletion did, as its answer tells it."""

    version_id: str
    """The version that went or the delete marker that came; "" in a bucket without versions."""
    delete_marker: bool

    @property
    def headers(self) -> dict[str, str]:
        found = {VERSION_ID: self.version_id} if self.version_id else {}
        return {**found, DELETE_MARKER: "true"} if self.delete_marker else found


def remove(call: Call, key: str, version_id: str | None) -> Removed:
    """Delete a version for good; none named, put a delete marker where versions are kept.

    Raises `FileImmutable` where what would go is protected.
    """
    bucket = call.bucket
    check_removable(call, key, version_id)
    if version_id is not None:
        item = call.storage.object(bucket.name, key, version_id)
        call.storage.delete_object(bucket.name, key, version_id)
        return Removed(version_id, item is not None and item.delete_marker)
    if not bucket.versioning:
        call.storage.delete_object(bucket.name, key, NULL_VERSION)
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
    """Raise `FileImmutable` where a deletion would end a protected version."""
    if version_id is not None:
        check_mutable(call, key, version_id)
    elif call.bucket.versioning != "Enabled":
        check_mutable(call, key, NULL_VERSION)


def _new_version_id(call: Call) -> str:
    """Where versions are suspended there is one version more at most, named null."""
    if call.bucket.versioning != "Enabled":
        return NULL_VERSION
    # A later version has the greater id, so a listing goes on behind one that was deleted.
    return f"CAEQ{int(call.request.received * 1_000_000):016X}{getrandbits(128):032x}"
