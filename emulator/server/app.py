"""One server: listens, answers each request by its service, ends in good order."""

import asyncio
import contextlib
import json
import logging
import ssl
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TextIO, cast

from aiohttp import web

from emulator import accesslog
from emulator.dispatch import NO_BODY, Body, Call, Gather, Takes
from emulator.faults import Fault
from emulator.journal import DECISION, EXPLAIN
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.message import FileRange, Response
from emulator.referer import explain
from emulator.server import admin, body, callback, events, proxy, sts_endpoint, wire
from emulator.server.certificates import Certificates
from emulator.server.connection import LOG, Connection, Listener
from emulator.server.endpoint import Endpoint
from emulator.server.faulty import FaultyAnswer, meet
from emulator.server.metrics import Metrics
from emulator.service import READS, Service
from emulator.storage import failure

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
            Listener(self.service, self._answer), shutdown_timeout=SHUTDOWN_TIMEOUT
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
        if self._running:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), SHUTDOWN_TIMEOUT)
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
        if self._idle is not None:
            answer.force_close()
        return answer

    async def _serve(self, http: web.BaseRequest) -> web.StreamResponse:
        began = time.perf_counter()
        connection = cast("Connection", http.protocol)
        now = self.service.clock.now()
        request = wire.read(http, now, connection.remote, connection.secure)
        call = self.service.receive(request)
        if request.method == "CONNECT":
            return self._connect(http, call, began)
        if sts_endpoint.is_asked(request, self.service):
            return await self._answer_sts(http, call, began)
        if request.path.startswith(admin.PREFIX) and self.service.is_endpoint(request.host):
            return await self._administer(http, call, began)
        response, fault = await self._respond(http, call)
        response = self.service.share(call, response)
        if EXPLAIN in request.headers:
            response = _explained(response, call)
        if fault is None:
            answer = wire.Answer(response, call, began, self._record)
        else:
            answer = FaultyAnswer(fault, response, call, began, self._record)
        if http.can_read_body:
            # The body was not read: what is left of it must not be taken for a next request, nor
            # a next request for what is left of it (P-05).
            answer.force_close()
        return answer

    async def _answer_sts(
        self, http: web.BaseRequest, call: Call, began: float
    ) -> web.StreamResponse:
        try:
            response = await sts_endpoint.answer(http, call, self.service)
        except OSSError as error:
            response = self.service.refuse(call, error)
        answer = wire.Answer(response, call, began, self._record)
        if not http.content.at_eof():
            answer.force_close()
        return answer

    def _connect(self, http: web.BaseRequest, call: Call, began: float) -> web.StreamResponse:
        """Answer a client that takes this server for a proxy and wants a connection through it."""
        try:
            return proxy.connect(http, self.service, self._certificates)
        except OSSError as error:
            answer = wire.Answer(self.service.refuse(call, error), call, began, self._record)
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
            response = await self._perform(call, content)
            if response.callback is not None:
                response = await callback.deliver(response.callback, response)
            return response, fault
        except OSSError as error:
            return self.service.refuse(call, error), fault
        except Exception as error:
            request, reason = call.request, failure.describe(error)
            if reason is None:
                LOG.exception("%s %s failed", request.method, request.target)
            else:
                LOG.error("%s %s failed: %s", request.method, request.target, reason)
            return self.service.refuse(call, OSSError(Code.INTERNAL_ERROR)), fault

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
                    return await events.follow(http, asked)
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

    def _record(self, answer: wire.Answer) -> None:
        """Remember a call that was answered; journal and access log tell the same."""
        journal = self.service.journal
        entry = journal.record(answer.call, answer.status, answer.sent, answer.seconds)
        self._metrics.count(entry)
        if LOG.isEnabledFor(logging.INFO):
            code = "" if answer.call.error is None else f" {answer.call.error.code}"
            request = answer.call.request
            LOG.info("%s %s %d%s", request.method, request.target, answer.status, code)
        if self._access_log is not None:
            print(accesslog.format(entry.to_line()), file=self._access_log, flush=True)


async def _gather(call: Call, gather: Gather) -> Body:
    """Read what is in the storage, in a thread: it takes as long as there are bytes."""
    try:
        work = gather(call)
    except FileNotFoundError:  # replaced or deleted between its record and its file
        work = gather(call)
    return await asyncio.to_thread(work)


async def _verify(pieces: Iterable[bytes | FileRange]) -> None:
    for piece in pieces:
        if isinstance(piece, FileRange) and piece.verify is not None:
            await asyncio.to_thread(piece.verify)


def _explained(response: Response, call: Call) -> Response:
    """The response with the decision on the request, for a client that asks for it."""
    decision = None if call.decision is None else explain.to_dict(call.decision)
    return response._replace(headers={**response.headers, DECISION: json.dumps(decision)})
