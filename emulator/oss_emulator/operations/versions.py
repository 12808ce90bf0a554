"""Finds the version of an object that a call names."""

import re
from typing import Final

from oss_emulator.operations.call import Call
from oss_emulator.protocol import headers
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.storage.base import NULL_VERSION, Bucket, Object

VERSION_ID: Final = "x-oss-version-id"
DELETE_MARKER: Final = "x-oss-delete-marker"


def find(call: Call) -> Object:
    """Find the version that a call names, by default the current one.

    Raises `NoSuchKey`, `NoSuchVersion`, and `MethodNotAllowed` for a named delete marker.
    """
    admission, bucket = call.admission, call.bucket
    version_id = version_id_of(call) if "versionId" in admission.request.query else None
    key = admission.target.key
    item = call.environment.storage.object(bucket.name, key, version_id)
    if item is None:
        raise missing(call, bucket, key, version_id)
    if item.delete_marker:
        marker = {DELETE_MARKER: "true", VERSION_ID: item.version_id}
        reads = call.request.method in ("GET", "HEAD")
        if version_id is None and reads and "if-modified-since" in call.request.headers:
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
    """Return the version id of a call, None for none; raises `InvalidArgument` if invalid."""
    version_id = call.version_id
    if version_id == "":
        raise headers.invalid_argument("VersionId", version_id, code=ErrorCase.VERSION_ID_EMPTY)
    return version_id if version_id is None else check_version_id(version_id)


_VERSION_ID = re.compile(r"CAEQ[0-9A-Za-z._-]{16,}")


def is_version_id(text: str) -> bool:
    return text == NULL_VERSION or _VERSION_ID.fullmatch(text) is not None


def check_version_id(version_id: str) -> str:
    """Return a well-formed version id; raises `InvalidArgument` for any other text."""
    if not is_version_id(version_id):
        raise headers.invalid_argument("VersionId", version_id, code=ErrorCase.INVALID_VERSION_ID)
    return version_id


def missing(call: Call, bucket: Bucket, key: str, version_id: str | None) -> OSSError:
    """Make the error for a missing object, or for a missing version of an object."""
    if version_id and call.storage.object(bucket.name, key) is not None:
        return OSSError(ErrorCase.NO_SUCH_VERSION, Key=key, VersionId=version_id)
    return OSSError(ErrorCase.NO_SUCH_KEY, Key=key)


def version_header(call: Call, item: Object) -> dict[str, str]:
    """Return the header with the version of the object, if the bucket is versioned."""
    return {VERSION_ID: item.version_id} if call.bucket.versioning else {}
