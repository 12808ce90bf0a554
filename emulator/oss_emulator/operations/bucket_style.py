"""Styles of image processing: put, read, list and delete them by name."""

from oss_emulator.documents import style
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response


@answers("PUT /bucket?style&styleName", "PutStyle")
def put_style(call: Call) -> Response:
    """Add or replace a style; raises `InvalidArgument` for its name or content."""
    name, category = (call.request.query["styleName"], call.request.query.get("category", "image"))
    style.check_name(name)
    stored_as = style.PREFIX + name
    present, now = call.documents.get(stored_as), call.request.received
    call.keep(stored_as, style.format(call.body.read(), name, category, present, now))
    return Response()


@answers("GET /bucket?style&styleName", "GetStyle")
def get_style(call: Call) -> Response:
    """Return a style by its name; raises `NoSuchStyle`."""
    name = call.request.query["styleName"]
    missing = OSSError(ErrorCase.NO_SUCH_STYLE, Style=name)
    return xml.reply(call.document(style.PREFIX + name, missing))


@answers("GET /bucket?style", "ListStyle")
def list_style(call: Call) -> Response:
    """List all styles in the order of their creation (P-58)."""
    documents = call.documents.items()
    styles = [document for name, document in documents if name.startswith(style.PREFIX)]
    found = [("Style", xml.parse(document, "Style").content) for document in styles]
    return xml.respond("StyleList", *found)


@answers("DELETE /bucket?style&styleName", "DeleteStyle")
def delete_style(call: Call) -> Response:
    """Remove a style; answers 204 even if there was none."""
    call.keep(style.PREFIX + call.request.query["styleName"], None)
    return Response(204)
