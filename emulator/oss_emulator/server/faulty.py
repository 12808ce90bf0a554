"""An answer that goes wrong as a test asked for."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from oss_emulator.control.faults import Fault
from oss_emulator.protocol.message import Response
from oss_emulator.server import wire

CRC64 = "x-oss-hash-crc64ecma"


class FaultyAnswer(wire.Answer):
    """Cuts its body, resets its connection; all else is as in the answer it stands for."""

    piecewise = True

    def __init__(
        self,
        fault: Fault,
        response: Response,
        outcome: wire.Outcome,
        began: float,
        finished: Callable[[wire.Answer], None],
    ) -> None:
        super().__init__(_spoil(fault, response), outcome, began, finished)
        self._fault = fault

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        if self._fault.reset and request.transport is not None:
            request.transport.abort()
            if self._finished is not None:
                self._finished(self)  # nothing will be sent, so that it is over now
            raise ConnectionResetError("asked for")
        return await super().prepare(request)

    async def _write(self, chunk: bytes) -> None:
        left = self._fault.cut_body - self.sent
        if self._fault.cut_body < 0 or len(chunk) <= left:
            await super()._write(chunk)
            return
        if left > 0:
            await super()._write(chunk[:left])
        self._writer.send_headers()  # where they still wait for a first byte of the body
        await self._writer.drain()
        transport = self._writer.transport
        if transport is not None:
            transport.close()
        raise ConnectionResetError("asked for")


async def meet(fault: Fault) -> None:
    """What a fault does before anything is done: it waits, and may raise its error."""
    await asyncio.sleep(fault.latency)
    if fault.error is not None:
        raise fault.error


def _spoil(fault: Fault, response: Response) -> Response:
    """The response with the headers that the fault asks for."""
    if not fault.wrong_crc or CRC64 not in response.headers:
        return response
    wrong = str(int(response.headers[CRC64]) ^ 1)
    return response._replace(headers={**response.headers, CRC64: wrong})
