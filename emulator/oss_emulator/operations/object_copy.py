"""CopyObject."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from oss_emulator.operations import access_point, objects
from oss_emulator.operations.call import Body, Call
from oss_emulator.operations.objects import delay_header, find_source, source_version_header
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.operations.work import Pool, Work, Workplace
from oss_emulator.operations.writing import OBJECT_ACL, draft, store
from oss_emulator.protocol import client_encryption, conditions, dates, headers, tagging, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import FileRange, Response
from oss_emulator.storage.base import Object
from oss_emulator.storage.blobs import CorruptBlobError

MAX_SIZE = 5 * 1024**3
"""Maximum size of an object that one call can copy, in bytes (CopyObject)."""


def _gather_source(call: Call) -> Work | None:
    """Check the files of the source before `copy_object` does, while other requests can write.

    `copy_object` reports all errors.
    """
    with suppress(OSSError, OSError):
        named = conditions.parse_copy_source(call.request.headers[conditions.COPY_SOURCE])
        bucket = access_point.bucket_of(call.storage, named.bucket)
        source = call.storage.object(bucket, named.key, named.version_id)
        found = () if source is None else objects.unchecked(source)

        def check(place: Workplace) -> Body:
            with suppress(CorruptBlobError, OSError):
                for _ in place.steps(_check(found)):
                    pass
            return call.body

        return Work(Pool.COPIES, check) if found else None
    return None


def _check(pieces: Iterable[FileRange]) -> Iterator[bool]:
    for piece in pieces:
        assert piece.check is not None  # noqa: S101 - `unchecked` has set it
        yield from piece.check()


@answers(
    "PUT /bucket/key",
    "CopyObject",
    header=conditions.COPY_SOURCE,
    action="oss:PutObject",
    gather=_gather_source,
    takes=Takes.NOTHING,
)
def copy_object(call: Call) -> Response:
    """Copy an object within the region; a copy onto itself changes the metadata.

    A symbolic link is copied as a link. Raises what `draft` and `find_source` raise,
    `PreconditionFailed`, `NotModified`, `EntityTooLarge`; `CorruptBlobError` for a damaged source.
    """
    request = call.request.headers
    new = draft(call)
    named = conditions.parse_copy_source(request[conditions.COPY_SOURCE])
    source = find_source(call, named)
    conditions.check(request, source.etag, source.modified, conditions.COPY_CONDITIONS)
    if source.size > MAX_SIZE:
        raise OSSError(ErrorCase.COPY_SOURCE_TOO_LARGE, MaxSizeAllowed=str(MAX_SIZE))
    for _ in _check(objects.unchecked(source)):
        pass
    encryption = headers.encryption_of(new.headers)
    source_bucket = access_point.bucket_of(call.storage, named.bucket)
    onto_itself = (source_bucket, named.key) == (call.target.bucket, call.key)
    item = new._replace(
        content=source.content,
        size=source.size,
        etag=source.etag,
        crc64=source.crc64,
        kind=_kind(call, source, onto_itself),
        sealed=source.sealed,
        headers={**_metadata(call, source, onto_itself), **encryption},
        tags=new.tags if _replaces(call, f"{tagging.HEADER}-directive") else source.tags,
        symlink_target=source.symlink_target,
        acl=source.acl if onto_itself and _keeps_acl(call) else new.acl,
    )
    stored = store(call, item)
    found = {
        "ETag": item.etag,
        "x-oss-hash-crc64ecma": str(item.crc64),
        "x-oss-copied-size": str(item.size),
        "x-oss-ia-retrieve-flow-type": "0",
        **delay_header(call),
        **encryption,
        **source_version_header(call, named, source),
        **stored,
    }
    modified = dates.format_iso(item.modified)
    result = [("ETag", item.etag), ("LastModified", modified)]
    return xml.respond("CopyObjectResult", *result, headers=found)


def _metadata(call: Call, source: Object, onto_itself: bool) -> dict[str, str]:
    """Return the metadata of the copy: the source's or the request's.

    A copy onto itself uses the request's metadata regardless of the directive (CopyObject), or
    keeps its own if the request has none.
    """
    request = call.request.headers
    replaces = _replaces(call, "x-oss-metadata-directive")
    if replaces or (onto_itself and headers.sends_metadata(request)):
        return _replaced_metadata(request, source.headers)
    return headers.without_encryption(source.headers)


def _replaced_metadata(request: Mapping[str, str], source: Mapping[str, str]) -> dict[str, str]:
    """Return the request's metadata and the source's metadata that it cannot remove (P-53).

    The latter are the content type, unless the request sends one, and the metadata of client-side
    encryption. Raises `InvalidEncryptionRequest` if the request would change the encryption.
    """
    found, encryption = headers.select_stored(request), client_encryption.metadata(source)
    if encryption and not client_encryption.metadata(found).items() <= encryption.items():
        raise OSSError(ErrorCase.ENCRYPTION_SET_TWICE)
    if not request.get("content-type") and "Content-Type" in source:
        found["Content-Type"] = source["Content-Type"]
    return {**found, **encryption}


def _keeps_acl(call: Call) -> bool:
    """Whether a copy onto itself keeps the ACL (P-90).

    The ACL is lost if the request sets another, or replaces the metadata and encrypts (P-96).
    """
    request = call.request.headers
    encrypts = headers.ENCRYPTION in request and _replaces(call, "x-oss-metadata-directive")
    return not (request.get(OBJECT_ACL) or encrypts)


def _kind(call: Call, source: Object, onto_itself: bool) -> str:
    """Return the type of the copy: appendable only if just the metadata changes (AppendObject)."""
    if source.kind == "Appendable" and not (onto_itself and not call.bucket.versioning):
        return "Normal"
    return source.kind


def _replaces(call: Call, name: str) -> bool:
    """Whether a directive is REPLACE; the default is COPY."""
    directive = call.request.headers.get(name, "COPY")
    if directive.upper() not in ("COPY", "REPLACE"):
        raise headers.invalid_argument(name, directive, "The directive must be COPY or REPLACE.")
    return directive.upper() == "REPLACE"
