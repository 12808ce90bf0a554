"""The metadata index of a bucket: open it, close it, read its state. It cannot be queried."""

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Status, Takes, operation
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import Code, OSSError, listed
from oss_emulator.protocol.message import Response

SUBRESOURCE = "metaQuery"
_MODES = ("basic", "semantic")
_SCAN = 3
"""Seconds after which an opened index is reported as running."""


@operation(
    "OpenMetaQuery",
    "POST",
    Resource.BUCKET,
    f"{SUBRESOURCE}&comp=add",
    takes=Takes.DOCUMENT,
    status=Status.KEPT,
)
def open_meta_query(call: Call) -> Response:
    """Open the index; raises `MetaQueryAlreadyExist`."""
    mode = call.request.query.get("mode", "basic")
    if mode not in _MODES:
        raise headers.invalid_argument(
            "mode", mode, f"Mode {mode!r} is unknown; use {listed(_MODES)}."
        )
    if SUBRESOURCE in call.documents:
        raise OSSError(Code.META_QUERY_ALREADY_EXISTS)
    opened = [("CreateTime", dates.format_iso(call.request.received)), ("MetaQueryMode", mode)]
    call.keep(SUBRESOURCE, xml.format("MetaQueryStatus", opened))
    return Response()


@operation("GetMetaQueryStatus", "GET", Resource.BUCKET, SUBRESOURCE, status=Status.KEPT)
def get_meta_query_status(call: Call) -> Response:
    """Return the state of the open index; raises `MetaQueryNotExist`."""
    document = call.documents.get(SUBRESOURCE)
    if document is None:
        raise OSSError(Code.NO_SUCH_META_QUERY)
    opened = xml.parse(document, "MetaQueryStatus")
    created = opened.text("CreateTime")
    running = call.request.received >= (dates.parse_iso(created) or 0) + _SCAN
    return xml.answer(
        "MetaQueryStatus",
        [
            ("State", "Running" if running else "Ready"),
            ("Phase", "IncrementalScanning" if running else "FullScanning"),
            ("CreateTime", created),
            ("UpdateTime", created),
            ("MetaQueryMode", opened.text("MetaQueryMode")),
        ],
    )


@operation(
    "CloseMetaQuery", "POST", Resource.BUCKET, f"{SUBRESOURCE}&comp=delete", status=Status.KEPT
)
def close_meta_query(call: Call) -> Response:
    """Close the index; succeeds even if it is not open."""
    call.keep(SUBRESOURCE, None)
    return Response()
