"""The tags of an object."""

from collections.abc import Mapping

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.shared.objects import find, version_header
from oss_emulator.protocol import tagging, xml
from oss_emulator.protocol.message import Response

ROOT = "Tagging"


@answers("PUT /bucket/key?tagging", "PutObjectTagging")
def put_object_tagging(call: Call) -> Response:
    """Replace the tags of an object; its Last-Modified does not change.

    Raises `MalformedXML`, `InvalidTag`, `BadRequest`, `NoSuchKey`.
    """
    try:
        node = xml.parse(xml.escape_ampersands(call.body.read()), ROOT)
    except xml.DocumentError as error:
        error.ec = "0010-00000102" if isinstance(error, xml.RootError) else "0010-00000101"
        raise
    tags = tagging.parse_document(node)
    return Response(200, _set(call, tags))


@answers("GET /bucket/key?tagging", "GetObjectTagging")
def get_object_tagging(call: Call) -> Response:
    item = find(call)
    tags = tagging.format_document(item.tags.items())
    return xml.respond(ROOT, *tags, headers=version_header(call, item))


@answers("DELETE /bucket/key?tagging", "DeleteObjectTagging")
def delete_object_tagging(call: Call) -> Response:
    """Remove all tags of an object."""
    return Response(204, _set(call, {}))


def _set(call: Call, tags: Mapping[str, str]) -> dict[str, str]:
    item = find(call)
    call.storage.replace_object(call.bucket.name, item._replace(tags=tags))
    return version_header(call, item)
