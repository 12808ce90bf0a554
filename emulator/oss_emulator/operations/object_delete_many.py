"""DeleteMultipleObjects."""

from oss_emulator.access.authorize import Permission, required
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.versions import check_version_id
from oss_emulator.operations.writing import Removed, check_removable, remove
from oss_emulator.protocol import parameters, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response


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
            check_version_id(version_id)
        item = call.storage.object(call.bucket.name, key, version_id)
        actions = required(call.operation.action, call.request.headers, version_id)
        access = permissions.check(call, call.bucket, key, Permission.WRITE, item, actions=actions)
        check_removable(call, key, version_id)
    removed = [(key, version_id, remove(call, key, version_id)) for key, version_id in wanted]
    if node.text("Quiet").lower() == "true":
        return Response(access=access)
    write = parameters.encode if encoding else str
    deleted = [("Deleted", _deleted(write(key), named, done)) for key, named, done in removed]
    answer = xml.respond("DeleteResult", ("EncodingType", encoding), *deleted)
    return answer._replace(access=access)


def _deleted(key: str, version_id: str | None, removed: Removed) -> xml.Children:
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
