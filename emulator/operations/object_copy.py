"""CopyObject."""

from dataclasses import replace
from urllib.parse import unquote

from emulator.access import ObjectAcl, Permission, authorize
from emulator.dispatch import Call, Resource, operation
from emulator.objects import draft, store
from emulator.protocol import conditions, dates, headers, xml
from emulator.protocol.address import Target, decode_key
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.message import Response, parse_query
from emulator.storage import Object

SOURCE = "x-oss-copy-source"


@operation(
    "CopyObject",
    "PUT",
    Resource.OBJECT,
    permission=Permission.WRITE,
    header=SOURCE,
    action="oss:PutObject",
)
def copy_object(call: Call) -> Response:
    """Copy an object within the region; onto itself it changes the metadata."""
    request = call.request.headers
    new = draft(call)
    target, version_id = locate(request[SOURCE])
    source = find_source(call, target, version_id)
    conditions.check(request, source.etag, source.modified, f"{SOURCE}-")
    encryption = headers.encryption(request)
    item = replace(
        new,
        content=source.content,
        size=source.size,
        etag=source.etag,
        crc64=source.crc64,
        # An appendable object is copied to one that no longer is (CopyObject).
        kind="Normal" if source.kind == "Appendable" else source.kind,
        headers={**_metadata(call, source, target == call.target), **encryption},
    )
    stored = store(call, item)
    answer = xml.answer(
        "CopyObjectResult",
        [("ETag", item.etag), ("LastModified", dates.format_iso(item.modified))],
    )
    found = {"ETag": item.etag, "x-oss-hash-crc64ecma": str(item.crc64), **encryption, **stored}
    return replace(answer, headers={**answer.headers, **found})


def locate(header: str) -> tuple[Target, str | None]:
    """Read `/bucket/key?versionId=…`, percent-encoded; raises `InvalidArgument`."""
    path, _, query = header.partition("?")
    bucket, _, key = path.removeprefix("/").partition("/")
    if not bucket or not key:
        raise headers.invalid_argument(SOURCE, header, code=Code.INVALID_COPY_SOURCE)
    return Target(unquote(bucket), decode_key(key)), parse_query(query).get("versionId")


def find_source(call: Call, target: Target, version_id: str | None) -> Object:
    """The version to copy from, which the caller must be allowed to read; raises `NoSuchKey`."""
    bucket = call.storage.bucket(target.bucket)
    if bucket is None:
        raise OSSError(Code.NO_SUCH_BUCKET, BucketName=target.bucket)
    item = call.storage.object(bucket.name, target.key, version_id)
    verdict = authorize(
        call.caller,
        bucket.owner,
        Permission.READ,
        bucket.acl,
        item.acl if item is not None else ObjectAcl.DEFAULT,
    )
    if not verdict.allowed:
        raise OSSError(Code.OBJECT_ACL_READ)
    if item is None or item.delete_marker:
        raise OSSError(Code.NO_SUCH_KEY, Key=target.key)
    return item


def _metadata(call: Call, source: Object, onto_itself: bool) -> dict[str, str]:
    """What the copy keeps: the source's metadata, or the request's.

    Onto itself the metadata of the request is used whatever the directive says (CopyObject); a
    request that sends none changes nothing but the rest.
    """
    request = call.request.headers
    directive = request.get("x-oss-metadata-directive", "COPY")
    if directive.upper() not in ("COPY", "REPLACE"):
        raise headers.invalid_argument(
            "x-oss-metadata-directive", directive, "The directive must be COPY or REPLACE."
        )
    if directive.upper() == "REPLACE" or (onto_itself and headers.sends_metadata(request)):
        return headers.kept(request)
    return headers.without_encryption(source.headers)
