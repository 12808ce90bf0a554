"""Reads the body of a request, by what its operation takes and how much of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, TypeAlias

from aiohttp import web
from aiohttp.http import HttpVersion11
from aiohttp.streams import StreamReader

from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.operations.operation import Takes
from oss_emulator.protocol.checksums import Checksums, check_md5
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.form import Form, FormReader
from oss_emulator.protocol.form_policy import Sizes
from oss_emulator.protocol.xml import MAX_DOCUMENT
from oss_emulator.server import intake
from oss_emulator.server.connection import BrokenOffError
from oss_emulator.server.throttle import Throttle

SHORT: Final = 64 * 1024
"""Bytes of a body that is taken as a whole, if it is to stay in memory."""

_CONTINUE = "100-continue"
_MD5 = "content-md5"


AdmitForm: TypeAlias = Callable[[Call, Form], Sizes]


async def read(http: web.BaseRequest, call: Call, admit_form: AdmitForm) -> Body:
    """Read what the call's operation takes; raises `OSSError` for a body that will not do.

    A form is admitted by `admit_form` as soon as its fields are there, before its file is read.
    """
    takes = call.operation.takes
    if takes is Takes.NOTHING:
        return NO_BODY
    if takes is Takes.FORM:
        return await _read_form(http, call, admit_form)
    limit = _limit(call)
    length = int(http.headers.get("content-length", -1))
    if takes is Takes.OBJECT and length < 0 and "transfer-encoding" not in http.headers:
        raise OSSError(Code.MISSING_CONTENT_LENGTH)
    if length > limit:
        raise _too_large(takes, limit)
    if not http.can_read_body:
        return NO_BODY
    await _invite(http)
    if 0 < length <= SHORT and call.traffic_limit is None and not call.storage.blocking:
        return Body.of(b"".join([chunk async for chunk in _chunks(http)]))
    throttle = Throttle.of(call)
    async with intake.begin(call) as taken:
        async for chunk in _chunks(http):
            if taken.size + len(chunk) > limit:
                raise _too_large(takes, limit)
            await taken.take(chunk)
            await throttle.passed(len(chunk))
        return await taken.finish()


def at_hand(call: Call, content: StreamReader) -> Body | None:
    """The body that a call's operation takes, where it is short and has come with its head."""
    takes = call.operation.takes
    if call.operation.gather is not None or takes is Takes.FORM:
        return None
    if takes is Takes.NOTHING:
        return NO_BODY
    length = int(call.request.headers.get("content-length", -1))
    if not 0 <= length <= SHORT or length > _limit(call) or call.traffic_limit is not None:
        return None
    return Body.of(content.read_nowait()) if length else NO_BODY


def _limit(call: Call) -> int:
    """The most bytes that a call may send."""
    limits = call.limits
    return limits.document if call.operation.takes is Takes.DOCUMENT else limits.object


async def _read_form(http: web.BaseRequest, call: Call, admit_form: AdmitForm) -> Body:
    """Read the fields, have them admitted, then read the file as it comes."""
    reader = FormReader(http.headers.get("content-type", ""))
    length = http.headers.get("content-length")
    if length is None and "transfer-encoding" not in http.headers:
        raise OSSError(Code.MISSING_CONTENT_LENGTH)
    if length is not None:
        Sizes().check_most(int(length))
    await _invite(http)
    whole, sizes, throttle = Checksums(), None, Throttle.of(call)
    async with intake.begin(call) as taken:
        async for chunk in _chunks(http):
            content = reader.feed(chunk)
            if _MD5 in http.headers:
                whole.update(chunk)
            if sizes is None and reader.form is not None:
                sizes = admit_form(call, reader.form)
                throttle = Throttle.of(call)
            if content and sizes is not None:
                sizes.check_most(taken.size + len(content))
                await taken.take(content)
            await throttle.passed(len(chunk))
        reader.finish()
        if sizes is not None:  # as it is: a form that was read to its end has been admitted
            sizes.check(taken.size)
        check_md5(http.headers.get(_MD5), whole.md5)
        return await taken.finish()


async def read_document(http: web.BaseRequest) -> bytes:
    """Read a document that is no call to OSS; raises `OSSError` for one that is too large."""
    if not http.can_read_body:
        return b""
    await _invite(http)
    document = bytearray()
    async for chunk in _chunks(http):
        document += chunk
        if len(document) > MAX_DOCUMENT:
            raise _too_large(Takes.DOCUMENT, MAX_DOCUMENT)
    return bytes(document)


async def _invite(http: web.BaseRequest) -> None:
    """Ask a client that waits for it to send its body (`Expect: 100-continue`)."""
    waits = http.version >= HttpVersion11 and http.headers.get("expect", "").lower() == _CONTINUE
    if waits and http.transport is not None:
        http.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _chunks(http: web.BaseRequest) -> AsyncIterator[bytes]:
    """The body as it arrives; raises `OSSError` where no more of it comes."""
    try:
        while True:
            # As they are: `readany` would copy what has come into one piece.
            chunk, goes_on = await http.content.readchunk()
            if chunk:
                yield chunk
            elif not goes_on:
                return
    except BrokenOffError as broken:
        raise broken.error from None
    except (web.RequestPayloadError, asyncio.IncompleteReadError, ConnectionError):
        raise OSSError(Code.INCOMPLETE_BODY) from None


def _too_large(takes: Takes, limit: int) -> OSSError:
    if takes is Takes.OBJECT:
        return OSSError(Code.ENTITY_TOO_LARGE, MaxSizeAllowed=str(limit))
    detail = f"The document is larger than {limit} bytes."
    return OSSError(Code.MALFORMED_XML, ErrorDetail=detail)
