"""DeleteMultipleObjects."""

from emulator.access import Permission
from emulator.dispatch import Call, Resource, Takes, operation
from emulator.protocol import parameters, xml
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.message import Response

MAX_KEYS = 1000
"""Objects one request may delete."""


@operation(
    "DeleteMultipleObjects",
    "POST",
    Resource.BUCKET,
    "delete",
    permission=Permission.WRITE,
    takes=Takes.DOCUMENT,
)
def delete_multiple_objects(call: Call) -> Response:
    """Delete up to 1,000 objects; quietly, the answer is empty."""
    encoding = parameters.encoding_type(call.request.query)
    node = xml.parse(call.body.read(), "Delete")
    entries = node.all("Object")
    if not 0 < len(entries) <= MAX_KEYS:
        detail = f"{len(entries)} objects are named; 1 to {MAX_KEYS} can be deleted at once."
        raise OSSError(Code.MALFORMED_XML, ec="0016-00000608", ErrorDetail=detail)
    keys = [_key(entry) for entry in entries]
    for key in keys:
        call.storage.delete_object(call.bucket.name, key)
    if node.text("Quiet").lower() == "true":
        return Response()
    write = parameters.encode if encoding else str
    deleted = [("Deleted", [("Key", write(key))]) for key in keys]
    return xml.answer("DeleteResult", [("EncodingType", encoding), *deleted])


def _key(entry: xml.Node) -> str:
    node = entry.first("Key")
    if node is None or not node.value:
        raise OSSError(
            Code.MALFORMED_XML, ec="0016-00000608", ErrorDetail="An Object element has no Key."
        )
    return node.value
