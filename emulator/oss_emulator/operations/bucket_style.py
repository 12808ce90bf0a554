"""Styles of image processing: named instructions, kept and never carried out."""

import re

from oss_emulator.documents import schema
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Status, Takes, operation
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response

_PREFIX = "style/"
_NAME = re.compile(r"[0-9A-Za-z_.-]{1,64}")


@operation(
    "PutStyle",
    "PUT",
    Resource.BUCKET,
    "style&styleName",
    takes=Takes.DOCUMENT,
    status=Status.KEPT,
)
def put_style(call: Call) -> Response:
    """Add a style or replace it; raises `InvalidArgument` for its name or content."""
    name = call.request.query["styleName"]
    if not _NAME.fullmatch(name):
        message = "The name of a style has up to 64 letters, digits, and characters of _-."
        raise headers.invalid_argument("styleName", name, message)
    content = dict(schema.read(call.body.read(), "Style")).get("Content")
    if not content:
        raise OSSError(Code.INVALID_STYLE_CONTENT)
    now = dates.format_http(call.request.received)
    present = call.documents.get(_PREFIX + name)
    created = now if present is None else xml.parse(present, "Style").text("CreateTime")
    style = [
        ("Name", name),
        ("Content", content),
        ("CreateTime", created),
        ("LastModifyTime", now),
        ("Category", call.request.query.get("category", "image")),
    ]
    call.keep(_PREFIX + name, xml.format("Style", style))
    return Response()


@operation("GetStyle", "GET", Resource.BUCKET, "style&styleName", status=Status.KEPT)
def get_style(call: Call) -> Response:
    """A style by its name; raises `NoSuchStyle`."""
    name = call.request.query["styleName"]
    style = call.documents.get(_PREFIX + name)
    if style is None:
        raise OSSError(Code.NO_SUCH_STYLE, Style=name)
    return xml.reply(style)


@operation("ListStyle", "GET", Resource.BUCKET, "style", status=Status.KEPT)
def list_style(call: Call) -> Response:
    """All styles by name."""
    styles = call.documents_below(_PREFIX).values()
    return xml.answer(
        "StyleList", [("Style", xml.parse(style, "Style").content) for style in styles]
    )


@operation("DeleteStyle", "DELETE", Resource.BUCKET, "style&styleName", status=Status.KEPT)
def delete_style(call: Call) -> Response:
    """Remove a style; 204 whether it was there or not."""
    call.keep(_PREFIX + call.request.query["styleName"], None)
    return Response(204)
