"""Reads the body of a request, in the form that its operation expects, up to a limit."""

from collections.abc import AsyncIterator
from typing import Final

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
from oss_emulator.server.guard import Guard
from oss_emulator.server.waiting import Throttle

SHORT: Final = 64 * 1024
"""Bytes up to which a body that stays in memory is read in one piece."""


PIECE: Final = 32 * 1024
"""Bytes of a form, or of a body in chunks of S3, to parse in one turn of the event loop."""

LINES: Final = 512
"""Lines in such a piece above which it is divided by 8: they may be chunks of one byte."""


async def read(guard: Guard, admission: Admission, environment: Environment) -> Body:
    """Read the body of a call whose operation takes one.

    Raises `OSSError` if it is malformed, incomplete or too large.
    """
    takes, limits = admission.operation.takes, environment.limits
    limit = limits.document if takes is Takes.DOCUMENT else limits.object
    length = int(admission.request.headers.get("content-length", -1))
    if (
        takes is Takes.OBJECT
        and length < 0
        and "transfer-encoding" not in admission.request.headers
    ):
        raise OSSError(ErrorCase.MISSING_CONTENT_LENGTH)
    if length > limit:
        raise _too_large(takes, limit)
    if not guard.has_body:
        if admission.payload is not None:
            admission.payload.reader().finish()
        return NO_BODY
    guard.invite()
    storage, throttled = environment.storage, admission.traffic_limit is not None
    if 0 < length <= SHORT and not throttled and not storage.blocking:
        return Body.of(b"".join([chunk async for chunk in _content(guard, admission)]))
    throttle = Throttle.of(admission.traffic_limit)
    async with body_writer.begin(storage, takes) as taken:
        async for chunk in _content(guard, admission):
            if taken.size + len(chunk) > limit:
                raise _too_large(takes, limit)
            await taken.take(chunk)
            await throttle.passed(len(chunk))
        return await taken.finish()


class FormBody:
    """Reads a form from a request: first its fields and, once they are admitted, its file."""

    def __init__(self, guard: Guard, request: Request) -> None:
        """Raises `OSSError` for a body that is not a form, has no length or is too large."""
        self._guard = guard
        self._md5 = request.headers.get("content-md5")
        self._reader = FormReader(request.headers.get("content-type", ""))
        self._chunks = _pieces(guard)
        self._whole = Checksums()
        self._begun = b""
        """The bytes of the file that arrived with the last field."""
        length = request.headers.get("content-length")
        if length is None and "transfer-encoding" not in request.headers:
            raise OSSError(ErrorCase.MISSING_CONTENT_LENGTH)
        if length is not None:
            Sizes().check_most(int(length))

    async def read_fields(self) -> Form:
        """Read the fields, up to the file; raises `OSSError`."""
        self._guard.invite()
        async for chunk in self._chunks:
            self._begun += self._feed(chunk)
            self._guard.form_memory.hold(self, self._reader.memory)
            if self._reader.form is not None:
                return self._reader.form
        return self._reader.finish()

    def close(self) -> None:
        """Let other forms take the memory of its fields."""
        self._guard.form_memory.free(self)

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


async def read_document(guard: Guard) -> bytes:
    """Read the body of a request to STS or the emulator; raises `OSSError` if it is too large."""
    if not guard.has_body:
        return b""
    guard.invite()
    document = bytearray()
    async for chunk in _chunks(guard):
        document += chunk
        if len(document) > MAX_DOCUMENT:
            raise _too_large(Takes.DOCUMENT, MAX_DOCUMENT)
    return bytes(document)


async def _chunks(guard: Guard) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; raises `OSSError` if it does not arrive completely."""
    while chunk := await guard.read():
        yield chunk


async def _pieces(guard: Guard) -> AsyncIterator[bytes]:
    """Yield the body in pieces; those that may take long have a turn of the event loop each."""
    while piece := await guard.read(PIECE):
        if piece.count(b"\n") <= LINES:
            yield piece
            continue
        for place in range(0, len(piece), PIECE // 8):
            await guard.turns.wait()
            yield piece[place : place + PIECE // 8]


async def _content(guard: Guard, admission: Admission) -> AsyncIterator[bytes]:
    """Yield the content of a body as it arrives; S3 may have framed it. Raises `OSSError`."""
    if admission.payload is None:
        async for chunk in _chunks(guard):
            yield chunk
        return
    reader = admission.payload.reader()
    async for chunk in _chunks(guard) if admission.payload.framing is None else _pieces(guard):
        if content := reader.feed(chunk):
            yield content
    reader.finish()


def _too_large(takes: Takes, limit: int) -> OSSError:
    if takes is Takes.OBJECT:
        return OSSError(ErrorCase.ENTITY_TOO_LARGE, MaxSizeAllowed=str(limit))
    detail = f"The document is larger than {limit} bytes."
    return OSSError(ErrorCase.MALFORMED_XML, ErrorDetail=detail)
