"""Reads the body of a request into a blob, with its checksums on the way."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.http import HttpVersion11

from emulator.dispatch import NO_BODY, Body, Call, Takes
from emulator.protocol.checksums import Checksums
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.xml import MAX_DOCUMENT
from emulator.storage import BlobWriter

MAX_OBJECT = 5 * 1024**3
"""Bytes of the largest object put at once (PutObject)."""

INLINE = 256 * 1024
"""Bytes that are hashed and stored without leaving the event loop; more go to a thread."""

_CONTINUE = "100-continue"


async def read(http: web.BaseRequest, call: Call) -> Body:
    """Read what the call's operation takes; raises `OSSError` for a body that will not do."""
    takes = call.operation.takes
    if takes is Takes.NOTHING:
        return NO_BODY
    limit = MAX_DOCUMENT if takes is Takes.DOCUMENT else MAX_OBJECT
    length = http.headers.get("content-length")
    if takes is Takes.OBJECT and length is None and "transfer-encoding" not in http.headers:
        raise OSSError(Code.MISSING_CONTENT_LENGTH)
    if length is not None and int(length) > limit:
        raise _too_large(takes, limit)
    if not http.can_read_body:
        return NO_BODY
    await _invite(http)
    sums, writer = Checksums(), call.storage.blob_writer()
    try:
        async for chunk in _chunks(http):
            if sums.size + len(chunk) > limit:
                raise _too_large(takes, limit)
            if len(chunk) < INLINE:
                _take(chunk, sums, writer)
            else:
                await asyncio.to_thread(_take, chunk, sums, writer)
    except (web.RequestPayloadError, asyncio.IncompleteReadError):
        raise OSSError(Code.INCOMPLETE_BODY) from None
    return Body((writer.finish(),) if sums.size else (), sums.size, sums.md5, sums.crc64)


async def _invite(http: web.BaseRequest) -> None:
    """Ask a client that waits for it to send its body (`Expect: 100-continue`)."""
    waits = http.version >= HttpVersion11 and http.headers.get("expect", "").lower() == _CONTINUE
    if waits and http.transport is not None:
        http.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _chunks(http: web.BaseRequest) -> AsyncIterator[bytes]:
    while chunk := await http.content.readany():
        yield chunk


def _take(chunk: bytes, sums: Checksums, writer: BlobWriter) -> None:
    sums.update(chunk)
    writer.write(chunk)


def _too_large(takes: Takes, limit: int) -> OSSError:
    if takes is Takes.OBJECT:
        return OSSError(Code.ENTITY_TOO_LARGE, MaxSizeAllowed=str(limit))
    detail = f"The document is larger than {limit} bytes."
    return OSSError(Code.MALFORMED_XML, ErrorDetail=detail)
