"""Makes, stores and removes versions of objects for operations."""

from random import getrandbits
from typing import NamedTuple

from oss_emulator.access.authorize import ObjectAcl
from oss_emulator.operations import configurations, worm
from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.operations.objects import delay_header
from oss_emulator.operations.versions import DELETE_MARKER, VERSION_ID
from oss_emulator.protocol import callback, checksums, client_encryption, headers, tagging
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Callback
from oss_emulator.storage.base import NULL_VERSION, Object

OBJECT_ACL = "x-oss-object-acl"


def draft(call: Call, kind: str = "Normal", body: Body = NO_BODY, etag: str = "") -> Object:
    """Make the object that a request's headers describe, with the bytes of `body`.

    Raises `InvalidObjectName`, `FileAlreadyExists`, and the errors of the headers and of the
    bucket's default encryption.
    """
    request, bucket = call.request.headers, call.bucket
    check_writable(call)
    client_encryption.check(request)
    encrypted = headers.encryption(request) or configurations.encryption_headers(bucket.documents)
    if encrypted:
        headers.check_key(encrypted)
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
        headers={**headers.select_stored(request), **encrypted},
        tags={} if call.tagging is None else tagging.parse_header(call.tagging),
        documents=worm.of_request(call),
    )


def check_writable(call: Call) -> None:
    """Raise `InvalidObjectName` or `FileAlreadyExists` if the object must not be written."""
    if call.key.startswith(("/", "\\")):
        raise OSSError(ErrorCase.INVALID_OBJECT_NAME)
    # In a versioned bucket nothing is overwritten, so the header has no effect (PutObject).
    if not headers.forbids_overwrite(call.request.headers) or call.bucket.versioning:
        return
    if call.storage.object(call.bucket.name, call.key) is not None:
        raise OSSError(ErrorCase.FILE_ALREADY_EXISTS, Key=call.key)


def object_acl(call: Call) -> ObjectAcl:
    """Return the ACL of a new object.

    Raises `InvalidArgument`, and `AccessDenied` for a public ACL if public access is blocked.
    """
    value = call.request.headers.get(OBJECT_ACL)
    if not value:  # an empty header is ignored (P-96)
        return ObjectAcl.DEFAULT
    try:
        acl = ObjectAcl(value)
    except ValueError:
        code = ErrorCase.INVALID_OBJECT_ACL
        raise headers.invalid_argument(OBJECT_ACL, value, code=code) from None
    configurations.check_public(call, ErrorCase.PUBLIC_OBJECT_ACL, public=acl.public)
    return acl


def with_acl(call: Call, item: Object) -> Object:
    """Return an object with the ACL of the request, or its present ACL without such a header."""
    asks = call.request.headers.get(OBJECT_ACL)
    return item._replace(acl=object_acl(call)) if asks else item


def check_mutable(call: Call, key: str, version_id: str) -> None:
    """Raise `FileImmutable` if a version is protected.

    The bucket's retention policy, the version's own retention or a legal hold can protect it.
    """
    documents, now = call.bucket.documents, call.request.received
    policy = worm.policy_of(documents)
    if policy is None and not worm.is_enabled(documents):
        return
    item = call.storage.object(call.bucket.name, key, version_id)
    if item is None or item.delete_marker:
        return
    if (policy is not None and policy.protects(item.modified, now)) or worm.protects(call, item):
        raise OSSError(ErrorCase.FILE_IMMUTABLE, Key=key)


def store(call: Call, item: Object) -> dict[str, str]:
    """Store a new version of an object and return the headers with its version id.

    Raises `FileImmutable` if it would replace a protected version, and `QuotaExceeded`.
    """
    bucket, version_id = call.bucket, _new_version_id(call)
    check_mutable(call, item.key, version_id)
    check_capacity(call, item.size)
    if item.version_id != version_id:
        item = item._replace(version_id=version_id)
    if worm.is_enabled(bucket.documents):
        item = worm.with_default(call, item)
    call.storage.put_object(bucket.name, item)
    return {VERSION_ID: version_id} if bucket.versioning else {}


def check_capacity(call: Call, size: int) -> None:
    """Raise `QuotaExceeded` if a bucket may not store `size` more bytes (P-96)."""
    capacity = configurations.capacity(call.bucket.documents)
    if capacity is None:
        return
    stored = sum(item.size for item in call.storage.versions(call.bucket.name))
    if stored + size > capacity:
        raise OSSError(ErrorCase.STORAGE_CAPACITY)


class Put(NamedTuple):
    """A stored object, and the headers and callback of the answer."""

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
        "x-oss-hash-crc64ecma": str(item.crc64),
        "Content-MD5": checksums.format_md5(body.md5),
        **delay_header(call, body.size),
        **headers.encryption_of(item.headers),
        **store(call, item),
    }
    return Put(item, answer, callback)


def callback_of(call: Call, item: Object) -> Callback | None:
    """Return the callback that an upload requests to an application server; None for none.

    Raises `InvalidArgument`, so call it before the object is stored (Callback).
    """
    request = call.request
    form = call.admission.form
    if form is not None:
        parameter, custom = callback.of_fields(form.fields)
    else:
        parameter, variables = callback.of_request(request)
        custom = callback.parse_variables(variables) if variables else {}
    if not parameter:
        return None
    name = callback.policy_name(parameter)
    if name is not None:
        parameter, stored = configurations.find_callback(call.bucket.documents, name)
        custom = {**callback.parse_variables(stored), **custom}
    system: dict[str, str | int] = {
        "bucket": call.bucket.name,
        "object": item.key,
        "etag": item.etag.strip('"'),
        "size": item.size,
        "mimeType": item.headers.get("Content-Type", ""),
        "crc64": str(item.crc64),
        "clientIp": request.remote,
        "reqId": call.admission.request_id,
        "operation": call.operation.name,
    }
    return callback.parse_callback(parameter, system, custom)


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

    In a versioned bucket the latter adds a delete marker. Raises `FileImmutable` if it would remove
    a protected version. In a bucket that was never versioned, the result has no version id, not
    even null (P-58).
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
    """Make a version id; `null` while versioning is off or suspended."""
    if call.bucket.versioning != "Enabled":
        return NULL_VERSION
    # Ids increase with time, so that a listing can continue after a deleted version.
    return f"CAEQ{int(call.request.received * 1_000_000):016X}{getrandbits(176):044x}"  # P-96
