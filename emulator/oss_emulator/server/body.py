"""Reads the body of a request, in the form that its operation expects, up to a limit."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web
from aiohttp.http import HttpVersion11
from oss_referer.sources.markup import MAX_DOCUMENT

from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import NO_BODY, Body, Environment
from oss_emulator.operations.operation import Takes
from oss_emulator.protocol.checksums import Checksums, check_md5
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import Form, FormReader
from oss_emulator.protocol.form_policy import Sizes
from oss_emulator.protocol.message import Request
from oss_emulator.server import body_writer
from oss_emulator.server.waiting import Throttle

SHORT: Final = 64 * 1024
"""Bytes up to which a body that stays in memory is read in one piece."""

_CONTINUE = "100-continue"


async def read(http: web.BaseRequest, admission: Admission, environment: Environment) -> Body:
    """Read the body of a call whose operation takes one.

    Raises `OSSError` if it is malformed, incomplete or too large.
    """
    takes, limits = admission.operation.takes, environment.limits
    limit = limits.document if takes is Takes.DOCUMENT else limits.object
    length = int(admission.request.headers.get("content-length", -1))
    if takes is Takes.OBJECT and length < 0 and "transfer-encoding" not in http.headers:
        raise OSSError(ErrorCase.MISSING_CONTENT_LENGTH)
    if length > limit:
        raise _too_large(takes, limit)
    if not http.can_read_body:
        if admission.payload is not None:
            admission.payload.reader().finish()
        return NO_BODY
    await _invite(http)
    storage, throttled = environment.storage, admission.traffic_limit is not None
    if 0 < length <= SHORT and not throttled and not storage.blocking:
        return Body.of(b"".join([chunk async for chunk in _content(http, admission)]))
    throttle = Throttle.of(admission.traffic_limit)
    async with body_writer.begin(storage, takes) as taken:
        async for chunk in _content(http, admission):
            if taken.size + len(chunk) > limit:
                raise _too_large(takes, limit)
            await taken.take(chunk)
            await throttle.passed(len(chunk))
        return await taken.finish()


class FormBody:
    """Reads a form from a request: first its fields and, once they are admitted, its file."""

    def __init__(self, http: web.BaseRequest, request: Request) -> None:
        """Raises `OSSError` for a body that is not a form, has no length or is too large."""
        self._http = http
        self._md5 = request.headers.get("content-md5")
        self._reader = FormReader(request.headers.get("content-type", ""))
        self._chunks = _chunks(http)
        self._whole = Checksums()
        self._begun = b""
        """The bytes of the file that arrived with the last field."""
        length = http.headers.get("content-length")
        if length is None and "transfer-encoding" not in http.headers:
            raise OSSError(ErrorCase.MISSING_CONTENT_LENGTH)
        if length is not None:
            Sizes().check_most(int(length))

    async def read_fields(self) -> Form:
        """Read the fields, up to the file; raises `OSSError`."""
        await _invite(self._http)
        async for chunk in self._chunks:
            self._begun += self._feed(chunk)
            if self._reader.form is not None:
                return self._reader.form
        return self._reader.finish()

    async def read_file(self, admission: Admission, environment: Environment) -> Body:
        """Read the file of an admitted form; raises `OSSError`."""
        throttle = Throttle.of(admission.traffic_limit)
        async with body_writer.begin(environment.storage, Takes.FORM) as taken:
            await _take(taken, self._begun, admission)
            await throttle.passed(len(self._begun))
            async for chunk in self._chunks:
                await _take(taken, self._feed(chunk), admission)
                await throttle.passed(len(chunk))
            self._reader.finish()
            check_md5(self._md5, self._whole.md5)
            return await taken.finish()

    def _feed(self, chunk: bytes) -> bytes:
        if self._md5 is not None:
            self._whole.update(chunk)
        return self._reader.feed(chunk)


async def _take(taken: body_writer.BodyWriter, content: bytes, admission: Admission) -> None:
    if content:
        admission.sizes.check_most(taken.size + len(content))
        await taken.take(content)


async def read_document(http: web.BaseRequest) -> bytes:
    """Read the body of a request to STS or the emulator; raises `OSSError` if it is too large."""
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
    """Send `100 Continue` if the client waits for it (`Expect: 100-continue`)."""
    waits = http.version >= HttpVersion11 and http.headers.get("expect", "").lower() == _CONTINUE
    if waits and http.transport is not None and not http.transport.is_closing():
        http.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _chunks(http: web.BaseRequest) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; raises `OSSError` if it does not arrive completely."""
    if not http.can_read_body:
        return  # all requests share aiohttp's empty body, which reports its end only once
    try:
        while True:
            # Not `readany`, which would copy all received chunks into one piece.
            chunk, goes_on = await http.content.readchunk()
            if chunk:
                yield chunk
            elif not goes_on:
                return
    except (web.RequestPayloadError, asyncio.IncompleteReadError, ConnectionError):
        raise OSSError(ErrorCase.INCOMPLETE_BODY) from None


async def _content(http: web.BaseRequest, admission: Admission) -> AsyncIterator[bytes]:
    """Yield the content of a body as it arrives; S3 may have framed it. Raises `OSSError`."""
    if admission.payload is None:
        async for chunk in _chunks(http):
            yield chunk
        return
    reader = admission.payload.reader()
    async for chunk in _chunks(http):
        if content := reader.feed(chunk):
            yield content
    reader.finish()


def _too_large(takes: Takes, limit: int) -> OSSError:
    if takes is Takes.OBJECT:
        return OSSError(ErrorCase.ENTITY_TOO_LARGE, MaxSizeAllowed=str(limit))
    detail = f"The document is larger than {limit} bytes."
    return OSSError(ErrorCase.MALFORMED_XML, ErrorDetail=detail)
