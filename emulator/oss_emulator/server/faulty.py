"""Faults that a test has planned: delays, errors and broken answers."""

import asyncio

from aiohttp import web

from oss_emulator.control.faults import Fault
from oss_emulator.protocol.message import Response
from oss_emulator.server.guard import Guard
from oss_emulator.server.wire import Answer, Exchange

CRC64 = "x-oss-hash-crc64ecma"


class FaultyAnswer(Answer):
    """An answer that cuts its body or resets its connection."""

    def __init__(
        self, http: web.BaseRequest, guard: Guard, exchange: Exchange, began: float
    ) -> None:
        assert exchange.fault is not None  # noqa: S101 - other answers are not faulty
        self._fault = exchange.fault
        super().__init__(http, guard, exchange, began)
        self.response = _spoil(self._fault, exchange.response)
        self._in_pieces = True

    async def send(self) -> bool:
        if not self._fault.reset:
            return await super().send()
        self._guard.abort()
        return False

    async def _write(self, chunk: bytes) -> None:
        left = self._fault.cut_body - self.sent
        if self._fault.cut_body < 0 or len(chunk) <= left:
            await super()._write(chunk)
            return
        if left > 0:
            await super()._write(chunk[:left])
        self._guard.close()
        raise ConnectionResetError("a fault cuts the body here")


async def apply_before(fault: Fault) -> None:
    """Apply the part of a fault that precedes the operation: wait, then raise its error."""
    await asyncio.sleep(fault.latency + fault.throttle / 1000)
    error = fault.error
    if error is not None:
        raise error


def _spoil(fault: Fault, response: Response) -> Response:
    """Return the response with the headers that the fault asks for."""
    headers = dict(response.headers)
    if fault.throttle:
        headers["x-oss-qos-delay-time"] = str(fault.throttle)
    if fault.wrong_crc and CRC64 in headers:
        headers[CRC64] = str(int(headers[CRC64]) ^ 1)
    return response._replace(headers=headers)
