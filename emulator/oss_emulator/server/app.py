"""One server: listens, answers each request by its service, ends in good order."""

import asyncio
import contextlib
import json
import logging
import ssl
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TextIO, cast

from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader

from oss_emulator import accesslog
from oss_emulator.control import api as admin
from oss_emulator.control import events
from oss_emulator.control.faults import Fault
from oss_emulator.control.journal import DECISION, EXPLAIN
from oss_emulator.control.metrics import Metrics
from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.operations.operation import Gather, Takes
from oss_emulator.pipeline.service import READS, Service
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import FileRange, Request, Response
from oss_emulator.referer import explain
from oss_emulator.server import body, callback, proxy, sts_endpoint, wire
from oss_emulator.server.connection import LOG, Begun, Connection, Listener
from oss_emulator.server.endpoint import Endpoint
from oss_emulator.server.faulty import FaultyAnswer, meet
from oss_emulator.server.tls import Certificates
from oss_emulator.storage import failure

SHUTDOWN_TIMEOUT = 30.0
"""Seconds that running requests get when the server ends."""


class Server(Endpoint):
    """Serves one `Service` on one port, and on a second one for https where that is set."""

    def __init__(
        self,
        service: Service,
        access_log: TextIO | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        """`certificates` are needed for https, and for the CONNECT of a proxy's client."""
        super().__init__(service.settings)
        self.service = service
        self._access_log = access_log
        self._certificates = certificates
        self._metrics = Metrics()
        self._runner: web.ServerRunner | None = None
        self._running = 0
        self._writing = ThreadPoolExecutor(1, "oss-emulator-writing")
        self._waiting: set[asyncio.Task[Any]] = set()
        self._idle: asyncio.Event | None = None
        """Set once nothing runs any more; there only while the server ends."""

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which for 0 is a free one. Raises `OSError` if it is taken."""
        settings, certificates = self.service.settings, self._certificates
        context = None if certificates is None else certificates.default
        self._runner = web.ServerRunner(
            Listener(self.service, self._answer, self._answer_at_once),
            shutdown_timeout=SHUTDOWN_TIMEOUT,
        )
        await self._runner.setup()
        try:
            self.port = await self._listen(host, port, context if settings.tls else None)
            if settings.tls_port is not None:
                self.tls_port = await self._listen(host, settings.tls_port, context)
        except OSError:
            await self._runner.cleanup()
            raise
        return self.port

    async def _listen(self, host: str, port: int, context: ssl.SSLContext | None) -> int:
        assert self._runner is not None  # noqa: S101
        before = len(self._runner.addresses)
        # Of several workers each listens on the same port (see workers.py).
        shared = self.service.settings.workers > 1 or None
        site = web.TCPSite(
            self._runner, host, port, backlog=1024, ssl_context=context, reuse_port=shared
        )
        await site.start()
        address: Any = self._runner.addresses[before]
        return int(address[1])

    async def stop(self) -> None:
        """Stop listening and let running requests finish."""
        if self._runner is None:
            return
        for site in self._runner.sites:
            await site.stop()
        # aiohttp's own ending drops what is still to come of a body, so uploads end first.
        self._idle = asyncio.Event()
        for task in self._waiting:
            task.cancel()
        until = time.monotonic() + SHUTDOWN_TIMEOUT
        if self._running:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), SHUTDOWN_TIMEOUT)
        # Answers that are on their way have what is left of the time; 0 would be without end.
        self._runner._shutdown_timeout = max(0.1, until - time.monotonic())
        await self._runner.cleanup()
        self._writing.shutdown()

    async def _answer(self, http: web.BaseRequest) -> web.StreamResponse:
        self._running += 1
        try:
            answer = await self._serve(http)
        finally:
            self._running -= 1
            if self._idle is not None and not self._running:
                self._idle.set()
        # A body that was not read: what is left of it must not be taken for a next request, nor a
        # next request for what is left of it (P-05).
        if self._idle is not None or not http.content.at_eof():
            answer.force_close()
        return answer

    def _answer_at_once(
        self, connection: Connection, message: RawRequestMessage, content: StreamReader
    ) -> bool:
        """Answer a request that has come whole, if nothing has to be waited for; whether it is.

        What it has come to by then is left to `_serve`.
        """
        service, transport = self.service, connection.transport
        if (
            self._idle is not None
            or service.storage.blocking
            or service.faults.planned
            or transport is None
            or transport.is_closing()
        ):
            return False
        began = time.perf_counter()
        request = connection.read(message.method, message.path, message.headers, message.version)
        if _is_aside(request, service):
            return False
        call = service.receive(request)
        try:
            service.admit(call)
            taken = body.at_hand(call, content)
            if taken is None:
                return False
            response = service.perform(call, taken)
        except Exception as error:
            response = self._refuse(call, error)
        if not wire.is_whole(response, call) or not content.at_eof():
            connection.begun = Begun(call, response, began)
            return False
        response = self._share(call, response)
        data, sent = wire.format(response, call, time.perf_counter() - began)
        transport.write(data)
        self._record(call, response.status, sent, time.perf_counter() - began)
        return True

    async def _serve(self, http: web.BaseRequest) -> web.StreamResponse:
        connection = cast("Connection", http.protocol)
        begun, connection.begun = connection.begun, None
        if begun is not None:
            return await self._finish(http, *begun)
        began = time.perf_counter()
        request = connection.read(http.method, http.raw_path, http.headers, http.version)
        call = self.service.receive(request)
        if _is_aside(request, self.service):
            return await self._serve_aside(http, call, began)
        response, fault = await self._respond(http, call)
        return await self._finish(http, call, response, began, fault)

    async def _serve_aside(
        self, http: web.BaseRequest, call: Call, began: float
    ) -> web.StreamResponse:
        """Answer what is no call to OSS."""
        if call.request.method == "CONNECT":
            return self._connect(http, call, began)
        if sts_endpoint.is_asked(call.request, self.service):
            return await self._answer_sts(http, call, began)
        return await self._administer(http, call, began)

    async def _finish(
        self,
        http: web.BaseRequest,
        call: Call,
        response: Response,
        began: float,
        fault: Fault | None = None,
    ) -> web.StreamResponse:
        """The answer to a call that was performed."""
        if response.callback is not None:
            try:
                response = await callback.deliver(response.callback, response)
            except OSSError as error:
                response = self.service.refuse(call, error)
        response = self._share(call, response)
        if fault is None:
            return wire.Answer(response, call, began, self._record_answer)
        return FaultyAnswer(fault, response, call, began, self._record_answer)

    def _share(self, call: Call, response: Response) -> Response:
        """Add what the bucket's rules say of an answer, and the decision if it is asked for."""
        response = self.service.share(call, response)
        return _explained(response, call) if EXPLAIN in call.request.headers else response

    async def _answer_sts(
        self, http: web.BaseRequest, call: Call, began: float
    ) -> web.StreamResponse:
        try:
            response = await sts_endpoint.answer(http, call, self.service)
        except OSSError as error:
            response = self.service.refuse(call, error)
        return wire.Answer(response, call, began, self._record_answer)

    def _connect(self, http: web.BaseRequest, call: Call, began: float) -> web.StreamResponse:
        """Answer a client that takes this server for a proxy and wants a connection through it."""
        try:
            return proxy.connect(http, self.service, self._certificates)
        except OSSError as error:
            answer = wire.Answer(self.service.refuse(call, error), call, began, self._record_answer)
            answer.force_close()
            return answer

    async def _respond(self, http: web.BaseRequest, call: Call) -> tuple[Response, Fault | None]:
        """The answer to a call, and what is to go wrong with it."""
        fault = None
        try:
            self.service.admit(call)
            if self.service.faults.planned:
                fault = self.service.faults.strike(call)
                if fault is not None:
                    with self._waits():
                        await meet(fault)
            content = NO_BODY
            if call.operation.gather is not None:
                content = await _gather(call, call.operation.gather)
            elif call.operation.takes is not Takes.NOTHING:
                content = await body.read(http, call, self.service.admit_form)
            return await self._perform(call, content), fault
        except Exception as error:
            return self._refuse(call, error), fault

    def _refuse(self, call: Call, error: Exception) -> Response:
        """The answer to a call that failed, be it by a fault of the server."""
        if not isinstance(error, OSSError):
            request, reason = call.request, failure.describe(error)
            if reason is None:
                LOG.exception("%s %s failed", request.method, request.target)
            else:
                LOG.error("%s %s failed: %s", request.method, request.target, reason)
            error = OSSError(Code.INTERNAL_ERROR)
        return self.service.refuse(call, error)

    async def _perform(self, call: Call, content: Body) -> Response:
        """Do what was asked for: here and now, or in the writing thread where a disk is waited for.

        One thread writes, so that what is looked at and then written belongs together.
        """
        if not self.service.storage.blocking:
            return self.service.perform(call, content)
        if call.request.method not in READS:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._writing, self._write, call, content)
        try:
            return await self._read(call, content)
        except FileNotFoundError:  # replaced or deleted between its record and its file
            return await self._read(call, content)

    def _write(self, call: Call, content: Body) -> Response:
        try:
            return self.service.perform(call, content)
        finally:
            self.service.storage.forget(content.content)

    async def _read(self, call: Call, content: Body) -> Response:
        response = self.service.perform(call, content)
        if not isinstance(response.body, bytes):
            await _verify(response.body)
        return response

    async def _administer(
        self, http: web.BaseRequest, call: Call, began: float
    ) -> web.StreamResponse:
        """Answer what is below `/_emulator/`."""
        request, service = call.request, self.service
        try:
            handler, rest = admin.find(request)
            if rest or request.path != admin.PREFIX + "health":
                admin.check_allowed(request, service.settings.admin_token)
                admin.check_alone(request, service.settings.workers)
            data = await body.read_document(http)
            asked = admin.Asked(service, self._metrics, request, data, rest)
            with self._waits():
                if admin.follows(handler, request):
                    return await _stream(http, events.follow(asked))
                response = handler(asked)
                if not isinstance(response, Response):
                    response = await response
        except admin.Refusal as refusal:
            response = admin.reply({"error": refusal.sentence}, refusal.status)
        except OSSError as error:
            response = admin.reply(
                {"error": error.details.get("ErrorDetail", error.message)}, error.status
            )
        return wire.Answer(response, call, began)

    @contextlib.contextmanager
    def _waits(self) -> Iterator[None]:
        """Meanwhile a request waits for what may never come, so the server's end ends it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - aiohttp runs each request as a task
        self._waiting.add(task)
        try:
            yield
        finally:
            self._waiting.discard(task)

    def _record_answer(self, answer: wire.Answer) -> None:
        self._record(answer.call, answer.status, answer.sent, answer.seconds)

    def _record(self, call: Call, status: int, sent: int, seconds: float) -> None:
        """Remember a call that was answered; journal and access log tell the same."""
        entry = self.service.journal.record(call, status, sent, seconds)
        self._metrics.count(entry)
        if LOG.isEnabledFor(logging.INFO):
            code = "" if call.error is None else f" {call.error.code}"
            LOG.info("%s %s %d%s", call.request.method, call.request.target, status, code)
        if self._access_log is not None:
            print(accesslog.format(entry.to_line()), file=self._access_log, flush=True)


def _is_aside(request: Request, service: Service) -> bool:
    """Whether a request is no call to OSS: one to a proxy, to STS, to the emulator itself."""
    host = request.host
    return (
        request.method == "CONNECT"
        or (request.path.startswith(admin.PREFIX) and service.is_endpoint(host))
        or sts_endpoint.is_host(host)
    )


async def _gather(call: Call, gather: Gather) -> Body:
    """Read what is in the storage, in a thread: it takes as long as there are bytes."""
    try:
        work = gather(call)
    except FileNotFoundError:  # replaced or deleted between its record and its file
        work = gather(call)
    return await asyncio.to_thread(work)


async def _stream(http: web.BaseRequest, stream: AsyncGenerator[bytes]) -> web.StreamResponse:
    """Send events as they come, until the reader leaves or the server ends."""
    response = web.StreamResponse(headers=events.HEADERS)
    try:
        await response.prepare(http)
        async for event in stream:
            await response.write(event)
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        await stream.aclose()
    return response


async def _verify(pieces: Iterable[bytes | FileRange]) -> None:
    for piece in pieces:
        if isinstance(piece, FileRange) and piece.verify is not None:
            await asyncio.to_thread(piece.verify)


def _explained(response: Response, call: Call) -> Response:
    """The response with the decision on the request, for a client that asks for it."""
    decision = None if call.decision is None else explain.to_dict(call.decision)
    return response._replace(headers={**response.headers, DECISION: json.dumps(decision)})
