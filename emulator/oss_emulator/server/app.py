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
from oss_emulator.control.controls import Controls
from oss_emulator.control.faults import Fault
from oss_emulator.control.journal import Entry
from oss_emulator.control.metrics import Metrics
from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.operations.operation import Gather, Takes
from oss_emulator.pipeline.admission import Admitted, Refused
from oss_emulator.pipeline.service import READS, Service, new_request_id
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.headers import DECISION, EXPLAIN
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
    """Serves one service on one port, and on a second one for https where that is set."""

    def __init__(
        self,
        controls: Controls,
        access_log: TextIO | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        """`certificates` are needed for https, and for the CONNECT of a proxy's client."""
        super().__init__(controls.service.settings)
        self.controls = controls
        self.service = controls.service
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
            or self.controls.faults.planned
            or transport is None
            or transport.is_closing()
        ):
            return False
        began = time.perf_counter()
        request = connection.read(message.method, message.path, message.headers, message.version)
        if _is_aside(request, service):
            return False
        outcome = self._admit(request)
        response: Response | None = None
        if isinstance(outcome, Admitted):
            taken = body.at_hand(outcome, content)
            if taken is None:
                return False
            try:
                response = service.perform(outcome, taken)
            except Exception as error:
                outcome = outcome.refuse(_error_of(request, error))
        if isinstance(outcome, Refused):
            response = service.render(outcome)
        assert response is not None  # noqa: S101 - performed or refused
        if not wire.is_whole(response, outcome) or not content.at_eof():
            connection.begun = Begun(outcome, response, began)
            return False
        response = _explain(response, outcome)
        data, sent = wire.format(response, outcome, time.perf_counter() - began)
        transport.write(data)
        self._record(outcome, response, sent, time.perf_counter() - began)
        return True

    async def _serve(self, http: web.BaseRequest) -> web.StreamResponse:
        connection = cast("Connection", http.protocol)
        begun, connection.begun = connection.begun, None
        if begun is not None:
            return await self._finish(http, *begun)
        began = time.perf_counter()
        request = connection.read(http.method, http.raw_path, http.headers, http.version)
        if _is_aside(request, self.service):
            return await self._serve_aside(http, request, began)
        outcome, response, fault = await self._respond(http, request)
        return await self._finish(http, outcome, response, began, fault)

    async def _serve_aside(
        self, http: web.BaseRequest, request: Request, began: float
    ) -> web.StreamResponse:
        """Answer what is no call to OSS."""
        if request.method == "CONNECT":
            return self._connect(http, request, began)
        if sts_endpoint.is_asked(request, self.service):
            return await self._answer_sts(http, request, began)
        return await self._administer(http, request, began)

    async def _finish(
        self,
        http: web.BaseRequest,
        outcome: Admitted | Refused,
        response: Response,
        began: float,
        fault: Fault | None = None,
    ) -> web.StreamResponse:
        """The answer to a call that was performed."""
        if response.callback is not None:
            try:
                response = await callback.deliver(response.callback, response)
            except OSSError as error:
                assert isinstance(outcome, Admitted)  # noqa: S101 - as only such are performed
                outcome = outcome.refuse(error)
                response = self.service.render(outcome)
        response = _explain(response, outcome)
        if fault is None:
            return wire.Answer(response, outcome, began, self._record_answer)
        return FaultyAnswer(fault, response, outcome, began, self._record_answer)

    async def _answer_sts(
        self, http: web.BaseRequest, request: Request, began: float
    ) -> web.StreamResponse:
        request_id = new_request_id(request.received)
        try:
            given = await sts_endpoint.answer(http, request, self.service)
        except OSSError as error:
            return self._answer_refused(Refused(request, request_id, error), began)

        def record(answer: wire.Answer) -> None:
            journal, told = self.controls.journal, (answer.sent, answer.seconds)
            self._publish(journal.record_sts(request, request_id, given, *told))

        return wire.Answer(given.response, wire.Aside(request, request_id), began, record)

    def _connect(self, http: web.BaseRequest, request: Request, began: float) -> web.StreamResponse:
        """Answer a client that takes this server for a proxy and wants a connection through it."""
        try:
            return proxy.connect(http, self.service, self._certificates)
        except OSSError as error:
            refused = Refused(request, new_request_id(request.received), error)
            answer = self._answer_refused(refused, began)
            answer.force_close()
            return answer

    def _answer_refused(self, refused: Refused, began: float) -> wire.Answer:
        return wire.Answer(self.service.render(refused), refused, began, self._record_answer)

    async def _respond(
        self, http: web.BaseRequest, request: Request
    ) -> tuple[Admitted | Refused, Response, Fault | None]:
        """What became of a call, the answer to it, and what is to go wrong with it."""
        fault = None
        outcome = self._admit(request)
        try:
            if isinstance(outcome, Admitted):
                fault = self.controls.faults.strike(outcome.call)
                if fault is not None:
                    with self._waits():
                        await meet(fault)
            content = NO_BODY
            if isinstance(outcome, Admitted) and outcome.call.operation.takes is Takes.FORM:
                form = body.FormBody(http)
                outcome = self.service.admit_form(outcome, await form.read_fields())
                if isinstance(outcome, Admitted):
                    content = await form.read_file(outcome)
            elif isinstance(outcome, Admitted):
                content = await _read_body(http, outcome)
            if isinstance(outcome, Admitted):
                return outcome, await self._perform(outcome, content), fault
        except Exception as error:
            assert isinstance(outcome, Admitted)  # noqa: S101 - nothing is done for the refused
            outcome = outcome.refuse(_error_of(request, error))
        return outcome, self.service.render(outcome), fault

    def _admit(self, request: Request) -> Admitted | Refused:
        try:
            return self.service.admit(request)
        except Exception as error:
            return Refused(request, new_request_id(request.received), _error_of(request, error))

    async def _perform(self, admitted: Admitted, content: Body) -> Response:
        """Do what was asked for: here and now, or in the writing thread where a disk is waited for.

        One thread writes, so that what is looked at and then written belongs together.
        """
        if not self.service.storage.blocking:
            return self.service.perform(admitted, content)
        if admitted.request.method not in READS:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._writing, self._write, admitted, content)
        try:
            return await self._read(admitted, content)
        except FileNotFoundError:  # replaced or deleted between its record and its file
            return await self._read(admitted, content)

    def _write(self, admitted: Admitted, content: Body) -> Response:
        try:
            return self.service.perform(admitted, content)
        finally:
            self.service.storage.forget(content.content)

    async def _read(self, admitted: Admitted, content: Body) -> Response:
        response = self.service.perform(admitted, content)
        if not isinstance(response.body, bytes):
            await _verify(response.body)
        return response

    async def _administer(
        self, http: web.BaseRequest, request: Request, began: float
    ) -> web.StreamResponse:
        """Answer what is below `/_emulator/`."""
        service = self.service
        try:
            handler, rest = admin.find(request)
            if rest or request.path != admin.PREFIX + "health":
                admin.check_allowed(request, service.settings.admin_token)
                admin.check_alone(request, service.settings.workers)
            data = await body.read_document(http)
            asked = admin.Asked(self.controls, self._metrics, request, data, rest)
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
        aside = wire.Aside(request, new_request_id(request.received))
        return wire.Answer(response, aside, began)

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
        assert not isinstance(answer.outcome, wire.Aside)  # noqa: S101 - recorded otherwise
        self._record(answer.outcome, answer.response, answer.sent, answer.seconds)

    def _record(
        self, outcome: Admitted | Refused, response: Response, sent: int, seconds: float
    ) -> None:
        self._publish(self.controls.journal.record(outcome, response, sent, seconds))

    def _publish(self, entry: Entry) -> None:
        """Tell of a request that was answered; journal, metrics and logs tell the same."""
        self._metrics.count(entry)
        if LOG.isEnabledFor(logging.INFO):
            request, code = entry.request, f" {entry.code}" if entry.code else ""
            LOG.info("%s %s %d%s", request.method, request.target, entry.status, code)
        if self._access_log is not None:
            line = entry.to_line(self.service.storage)
            print(accesslog.format(line), file=self._access_log, flush=True)


def _error_of(request: Request, error: Exception) -> OSSError:
    """The error to answer with; what is a fault of the server is logged."""
    if isinstance(error, OSSError):
        return error
    reason = failure.describe(error)
    if reason is None:
        LOG.exception("%s %s failed", request.method, request.target)
    else:
        LOG.error("%s %s failed: %s", request.method, request.target, reason)
    return OSSError(Code.INTERNAL_ERROR)


def _is_aside(request: Request, service: Service) -> bool:
    """Whether a request is no call to OSS: one to a proxy, to STS, to the emulator itself."""
    host = request.host
    return (
        request.method == "CONNECT"
        or (request.path.startswith(admin.PREFIX) and service.addresses.is_endpoint(host))
        or sts_endpoint.is_host(host)
    )


async def _read_body(http: web.BaseRequest, admitted: Admitted) -> Body:
    """The body of a call, from the request or from the storage."""
    gather = admitted.call.operation.gather
    if gather is None:
        return await body.read(http, admitted)
    return await _gather(admitted.call, gather)


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


def _explain(response: Response, outcome: Admitted | Refused) -> Response:
    """Add the decision on the request, for a client that asks for it."""
    if EXPLAIN not in outcome.request.headers:
        return response
    decision = None if outcome.decision is None else explain.to_dict(outcome.decision)
    return response._replace(headers={**response.headers, DECISION: json.dumps(decision)})
