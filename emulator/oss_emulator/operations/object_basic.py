"""Objects: put, get, describe and delete them, one or many, and set their ACLs."""

from collections.abc import Mapping
from dataclasses import replace
from random import getrandbits
from uuid import UUID

from oss_emulator.access.authorize import Permission, required
from oss_emulator.operations import objects, permissions, versions, writing
from oss_emulator.operations.call import Call
from oss_emulator.operations.configurations import access_monitor
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.protocol import checksums, conditions, headers, parameters, xml
from oss_emulator.protocol.conditions import Range
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Piece, Response
from oss_emulator.storage.base import Object


@answers("PUT /bucket/key", "PutObject", takes=Takes.OBJECT)
def put_object(call: Call) -> Response:
    """Store an object; raises what `draft` raises, `NotImplemented`, `InvalidCRC64`."""
    request = call.request.headers
    conditions.check_none(request)
    checksums.check_crc64(request.get("x-oss-hash-crc64ecma"), call.body.crc64)
    _, answer, callback = writing.put(call)
    return Response(200, answer, callback=callback)


@answers("GET /bucket/key", "GetObject")
def get_object(call: Call) -> Response:
    """Return the bytes of an object, one range or several ranges (`multi-range`)."""
    request, found = call.admission.request, versions.find(call)
    target = objects.resolve(call, found)
    item = objects.show(found, target)
    conditions.check(request.headers, item.etag, item.modified)
    answer = objects.describe(call, item)
    added = objects.overrides(call) if request.query else {}
    ranges = _ranges(request.headers, item.size) if "range" in request.headers else ()
    sent = sum(part.length for part in ranges) if ranges else item.size
    added |= objects.delay_header(call, sent)
    if added:
        answer = {**answer, **added}
    if not ranges:
        accepted = request.headers.get("accept-encoding")
        if accepted is not None and conditions.takes_gzip(accepted, answer, item.size):
            answer = conditions.describe_gzip(answer)
            return Response(200, answer, objects.read(item, 0, item.size), compress=True)
        answer = objects.with_content_md5(answer, target)
        return Response(200, answer, objects.read(item, 0, item.size), timed=item.size > 0)
    if len(ranges) > 1:
        return _answer_ranges(item, answer, ranges)
    (part,) = ranges
    answer = {**answer, "Content-Range": part.within(item.size)}
    return Response(206, answer, objects.read(item, part.offset, part.length))


def _ranges(request: Mapping[str, str], size: int) -> tuple[Range, ...]:
    """Return the requested ranges; empty for the whole object."""
    standard = request.get("x-oss-range-behavior") == "standard"
    if request.get("x-oss-multi-range-behavior") == "multi-range":
        return conditions.parse_ranges(request["range"], size, standard=standard)
    part = conditions.parse_range(request["range"], size, standard=standard)
    return () if part is None else (part,)


def _answer_ranges(item: Object, answer: Mapping[str, str], ranges: tuple[Range, ...]) -> Response:
    """Answer with several ranges in the requested order, each after its own headers (P-95)."""
    boundary = UUID(int=getrandbits(128), version=4)
    body: list[Piece] = []
    for part, pieces in zip(ranges, objects.read_ranges(item, ranges), strict=True):
        head = (
            f"--{boundary}\r\nContent-type: {answer['Content-Type']}\r\n"
            f"Content-range: {part.within(item.size)}\r\n\r\n"
        )
        body += [headers.encode(head), *pieces, b"\r\n"]
    body.append(f"--{boundary}--\r\n".encode())
    kind = {"Content-Type": f"multipart/byteranges;boundary={boundary}"}
    return Response(206, {**answer, **kind}, tuple(body))


@answers("HEAD /bucket/key", "HeadObject", action="oss:GetObject")
def head_object(call: Call) -> Response:
    """Return the headers of GetObject without the bytes."""
    request, found = call.request.headers, versions.find(call)
    target = objects.follow(call, call.bucket, found)
    item = objects.show(found, target)
    conditions.check(request, item.etag, item.modified, shown=headers.metadata(item.headers))
    answer = objects.describe(call, item)
    if conditions.takes_gzip(request.get("accept-encoding", ""), answer, item.size):
        answer = conditions.describe_gzip(answer)
        return Response(200, answer, objects.unchecked(target), compress=True)
    answer = {**objects.with_content_md5(answer, target), "Content-Length": str(item.size)}
    if target.kind == "Multipart" and conditions.is_compressible(answer):
        answer["Vary"] = "Accept-Encoding"  # S-07
    return Response(200, answer, objects.unchecked(target))


_META = ("ETag", "Last-Modified", "x-oss-hash-crc64ecma", "x-oss-object-type", "x-oss-version-id")


@answers("HEAD /bucket/key?objectMeta", "GetObjectMeta", action="oss:GetObject")
def head_object_meta(call: Call) -> Response:
    """Return the ETag, size and time of an object; for a symbolic link, those of the link.

    The answer to GET is like that to HEAD: the size in `Content-Length` and no body (P-56).
    """
    item = versions.find(call)
    meta = objects.describe(call, item)
    shown = {name: meta[name] for name in _META if name in meta}
    if access_monitor.is_enabled(call.bucket.documents):
        # Reads are not recorded, so the last known access is the write.
        shown["x-oss-last-access-time"] = meta["Last-Modified"]
    shown["Content-Length"] = str(item.size)
    ends = call.request.method == "GET" and item.size > 0
    return Response(200, shown, objects.unchecked(item), ends_connection=ends)


get_object_meta = replace(head_object_meta, method="GET")


@answers("DELETE /bucket/key", "DeleteObject")
def delete_object(call: Call) -> Response:
    """Delete an object; answers 204 even if it is missing."""
    return Response(204, writing.remove(call, call.key, versions.version_id_of(call)).headers)


# A link is deleted like any object; oss2 sends the query `symlink` of GetSymlink also to DELETE.
delete_symlink = replace(delete_object, subresource="symlink")


@answers("POST /bucket?delete", "DeleteMultipleObjects", action="oss:DeleteObject", needs_md5=True)
def delete_multiple_objects(call: Call) -> Response:
    """Delete up to 1,000 objects; in quiet mode the answer is empty.

    Nothing is deleted unless the caller may delete each of them.
    """
    encoding = parameters.encoding_type(call.request)
    try:
        node = xml.parse(call.body.read(), "Delete")
    except xml.RootError:
        raise _malformed("0016-00000608", "the root node is not named Delete.") from None  # S-33
    except xml.DocumentError as error:
        raise _malformed("0016-00000607", str(error)) from None
    entries = node.all("Object")
    most = call.environment.limits.keys
    if not entries:
        raise _malformed("0016-00000615", "The element Object is missing in Delete.")
    if len(entries) > most:
        raise _malformed("0016-00000608", f"{len(entries)} objects are named; the limit is {most}.")
    wanted = [(_key(entry), entry.text("VersionId") or None) for entry in entries]
    access = None
    for key, version_id in wanted:
        if version_id is not None:
            versions.check_version_id(version_id)
        item = call.storage.object(call.bucket.name, key, version_id)
        actions = required(call.operation.action, call.request.headers, version_id)
        access = permissions.check(call, call.bucket, key, Permission.WRITE, item, actions=actions)
        writing.check_removable(call, key, version_id)
    removed = [
        (key, version_id, writing.remove(call, key, version_id)) for key, version_id in wanted
    ]
    if node.text("Quiet").lower() == "true":
        return Response(access=access)
    write = parameters.encode if encoding else str
    deleted = [("Deleted", _deleted(write(key), named, done)) for key, named, done in removed]
    answer = xml.respond("DeleteResult", ("EncodingType", encoding), *deleted)
    return answer._replace(access=access)


def _deleted(key: str, version_id: str | None, removed: writing.Removed) -> xml.Children:
    marker = removed.delete_marker
    return [
        ("Key", key),
        ("VersionId", version_id),
        ("DeleteMarker", True if marker else None),
        ("DeleteMarkerVersionId", removed.version_id if marker else None),
    ]


def _key(entry: xml.Node) -> str:
    node = entry.first("Key")
    if node is None:
        raise _malformed("0016-00000613", "An Object element has no Key.")
    if not node.value:
        raise _malformed("0016-00000611", "The Key of an Object element is empty.")
    return node.value


def _malformed(ec: str, detail: str) -> OSSError:
    return OSSError(ErrorCase.MALFORMED_XML, ec=ec, ErrorDetail=detail)


@answers("PUT /bucket/key?acl", "PutObjectACL", action="oss:PutObjectAcl")
def put_object_acl(call: Call) -> Response:
    """Set the ACL of an object; with `default` the bucket's ACL applies.

    Raises `MissingArgument` without the header (P-58), `InvalidArgument`, `NoSuchKey`.
    """
    if not call.request.headers.get(writing.OBJECT_ACL):
        raise OSSError(ErrorCase.OBJECT_ACL_MISSING)
    acl, found = writing.object_acl(call), versions.find(call)
    call.storage.replace_object(call.bucket.name, found._replace(acl=acl))
    return Response(200, versions.version_header(call, found))


@answers("GET /bucket/key?acl", "GetObjectACL", action="oss:GetObjectAcl")
def get_object_acl(call: Call) -> Response:
    found = versions.find(call)
    return xml.respond(
        "AccessControlPolicy",
        ("Owner", call.owner(found.owner)),
        ("AccessControlList", [("Grant", found.acl)]),
        headers=versions.version_header(call, found),
    )
