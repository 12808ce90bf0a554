"""What the operations on objects share: finding a version, describing it, storing and removing."""

from dataclasses import replace
from random import getrandbits
from typing import NamedTuple

from emulator.access import ObjectAcl
from emulator.dispatch import Call
from emulator.protocol import dates, headers
from emulator.protocol.errors import Code, OSSError
from emulator.storage import NULL_VERSION, Object

VERSION_ID = "x-oss-version-id"
DELETE_MARKER = "x-oss-delete-marker"


def find(call: Call) -> Object:
    """The version a call names, else the current one.

    Raises `NoSuchKey`, `NoSuchVersion`, and for a delete marker that is named `MethodNotAllowed`.
    """
    version_id = version_id_of(call)
    item = call.storage.object(call.bucket.name, call.key, version_id)
    if item is None:
        if version_id and call.storage.object(call.bucket.name, call.key) is not None:
            raise OSSError(Code.NO_SUCH_VERSION, Key=call.key, VersionId=version_id)
        raise OSSError(Code.NO_SUCH_KEY, Key=call.key)
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
    return version_id


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
    return found


def draft(call: Call, kind: str = "Normal") -> Object:
    """The object that a request's headers describe, still without bytes.

    Raises `InvalidObjectName`, `FileAlreadyExists`, and what the headers raise.
    """
    request = call.request.headers
    check_writable(call)
    return Object(
        call.key,
        content=(),
        size=0,
        etag="",
        crc64=0,
        modified=call.request.received,
        owner=call.bucket.owner,
        kind=kind,
        storage_class=headers.storage_class(request, call.bucket.storage_class),
        acl=object_acl(call),
        headers={**headers.kept(request), **headers.encryption(request)},
    )


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
    """The ACL a new object is to have; raises `InvalidArgument`."""
    value = call.request.headers.get("x-oss-object-acl", ObjectAcl.DEFAULT)
    if value not in set(ObjectAcl):
        raise headers.invalid_argument("x-oss-object-acl", value, code=Code.INVALID_OBJECT_ACL)
    return ObjectAcl(value)


def store(call: Call, item: Object) -> dict[str, str]:
    """Make this the newest version of its object; returns the headers that tell which."""
    version_id = _new_version_id(call)
    call.storage.put_object(call.bucket.name, replace(item, version_id=version_id))
    return {VERSION_ID: version_id} if call.bucket.versioning else {}


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
    """Delete a version for good; none named, put a delete marker where versions are kept."""
    bucket = call.bucket
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


def _new_version_id(call: Call) -> str:
    """Where versions are suspended there is one version more at most, named null."""
    if call.bucket.versioning != "Enabled":
        return NULL_VERSION
    return f"CAEQ{int(call.request.received * 1000):012X}{getrandbits(128):032x}"
