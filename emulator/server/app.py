"""One server: listens, answers each request by its service, ends in good order."""

import asyncio
import contextlib
import json
import logging
import time
from typing import Any, TextIO

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

import emulator
from emulator import accesslog, journal
from emulator.dispatch import Call
from emulator.protocol import errors
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.message import Request, Response
from emulator.server import body, wire
from emulator.service import Service, new_request_id

LOG = logging.getLogger("emulator")

MAX_HEADERS = 32 * 1024
"""Bytes of the longest request line or header field."""

SHUTDOWN_TIMEOUT = 30.0
"""Seconds that running requests get when the server ends."""


class Server:
    """Serves one `Service` on one port."""

    def __init__(self, service: Service, access_log: TextIO | None = None) -> None:
        self.service = service
        self._access_log = access_log
        self._runner: web.ServerRunner | None = None
        self._running = 0
        self._idle: asyncio.Event | None = None
        """Set once nothing runs any more; there only while the server ends."""

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which for 0 is a free one. Raises `OSError` if it is taken."""
        self._runner = web.ServerRunner(_Listener(self._answer), shutdown_timeout=SHUTDOWN_TIMEOUT)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, host, port, backlog=1024)
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        address: Any = self._runner.addresses[0]
        return int(address[1])

    async def stop(self) -> None:
        """Stop listening and let running requests finish."""
        if self._runner is None:
            return
        for site in self._runner.sites:
            await site.stop()
        # aiohttp's own ending drops what is still to come of a body, so uploads end first.
        self._idle = asyncio.Event()
        if self._running:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), SHUTDOWN_TIMEOUT)
        await self._runner.cleanup()

    async def _answer(self, http: web.BaseRequest) -> web.StreamResponse:
        self._running += 1
        try:
            answer = await self._serve(http)
        finally:
            self._running -= 1
            if self._idle is not None and not self._running:
                self._idle.set()
        if self._idle is not None:
            answer.force_close()
        return answer

    async def _serve(self, http: web.BaseRequest) -> web.StreamResponse:
        request = wire.read(http)
        call = self.service.receive(request)
        if request.path.startswith("/_emulator/") and self.service.is_endpoint(request.host):
            return wire.Answer(_admin(request), call.request_id, request.received)
        response = await self._respond(http, call)
        answer = wire.Answer(response, call.request_id, request.received)
        if call.error is not None and http.can_read_body and not http.content.at_eof():
            # The body was not read: what is left of it must not be taken for a next request.
            answer.force_close()
        if self._access_log is not None:
            await self._send_and_log(http, call, answer)
        return answer

    async def _respond(self, http: web.BaseRequest, call: Call) -> Response:
        try:
            self.service.admit(call)
            return self.service.perform(call, await body.read(http, call))
        except OSSError as error:
            return self.service.refuse(call, error)
        except Exception:
            LOG.exception("%s %s failed", call.request.method, call.request.target)
            return self.service.refuse(call, OSSError(Code.INTERNAL_ERROR))

    async def _send_and_log(self, http: web.BaseRequest, call: Call, answer: wire.Answer) -> None:
        await answer.prepare(http)
        await answer.write_eof()
        seconds = time.time() - call.request.received
        line = journal.line(call, answer.status, answer.sent, seconds)
        print(accesslog.format(line), file=self._access_log, flush=True)


def _admin(request: Request) -> Response:
    """What is below `/_emulator/`, beside OSS."""
    if request.path == "/_emulator/health":
        health = {"status": "ok", "version": emulator.__version__}
        return Response(200, {"Content-Type": "application/json"}, json.dumps(health).encode())
    text = f"{request.path} is not there; /_emulator/health is.\n"
    return Response(404, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())


class _Listener(web.Server):
    """aiohttp's low-level server, with connections that refuse bad HTTP as OSS refuses."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=self._loop,
            access_log=None,  # type: ignore[arg-type] # switches off aiohttp's own
            # A stored body is what was sent, whatever its Content-Encoding says.
            auto_decompress=False,
            max_line_size=MAX_HEADERS,
            max_field_size=MAX_HEADERS,
            tcp_keepalive=True,
        )


class _Connection(web.RequestHandler):
    """One connection."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or what failed unexpectedly, in the form of OSS."""
        if status >= 500:
            LOG.error("%s %s failed", request.method, request.rel_url, exc_info=exc)
            error = OSSError(Code.INTERNAL_ERROR)
        elif isinstance(exc, LineTooLong):
            error = OSSError(Code.REQUEST_HEADERS_TOO_LARGE)
        else:
            error = OSSError(Code.BAD_REQUEST, ErrorDetail=(message or "").partition("\n")[0])
        received = time.time()
        request_id = new_request_id(received)
        answer = wire.Answer(
            errors.render(error, request.method, request_id, ""), request_id, received
        )
        answer.force_close()
        return answer
