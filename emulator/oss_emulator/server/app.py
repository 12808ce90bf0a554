"""The server: it listens, has its service answer each request, and shuts down in order."""

import asyncio
import contextlib
import json
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TextIO, TypeVar

from aiohttp import web

from oss_emulator import accesslog
from oss_emulator.control import api as admin
from oss_emulator.control import console
from oss_emulator.control.api import events
from oss_emulator.control.controls import Controls
from oss_emulator.control.faults import Fault
from oss_emulator.control.journal import JournalEntry
from oss_emulator.control.metrics import Metrics
from oss_emulator.operations.call import NO_BODY, Body
from oss_emulator.operations.operation import Takes
from oss_emulator.pipeline.admission import Admitted, Refused
from oss_emulator.pipeline.service import READS, new_request_id
from oss_emulator.protocol.changes import ARN_IN_LOGS
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import DECISION, EXPLAIN
from oss_emulator.protocol.message import FileRange, Request, Response, Stream
from oss_emulator.referer import explanation
from oss_emulator.rpc import Product
from oss_emulator.server import body, callback, proxy, rpc_endpoint, sockets, wire
from oss_emulator.server.connections import Connections
from oss_emulator.server.endpoint import Endpoint
from oss_emulator.server.faulty import FaultyAnswer, apply_before
from oss_emulator.server.fetching import Fetches, Host
from oss_emulator.server.guard import Guard, Handlers
from oss_emulator.server.handshake import Listener, watch_failures
from oss_emulator.server.tls import Certificates
from oss_emulator.storage import failure

LOG: Final = logging.getLogger("oss_emulator")

SHUTDOWN_TIMEOUT: Final = 30.0
"""Seconds that running requests get to finish when the server ends."""

BACKLOG: Final = 1024
"""Connections that may wait to be accepted."""

_T = TypeVar("_T")


class Server(Endpoint):
    """Serves one service on one port, and on a second one for https if that is set."""

    def __init__(
        self,
        controls: Controls,
        access_log: TextIO | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        """`certificates` are needed for https and for clients that use this server as a proxy."""
        settings = controls.service.settings
        super().__init__(settings)
        self.controls = controls
        self.service = controls.service
        handlers = Handlers(
            answer=self._answer,
            connect=self._connect,
            refuse=self._format_refusal,
            report_tls=self._report_tls,
            now=controls.clock.now,
        )
        self.connections = Connections(settings)
        self.accept = partial(Guard, self.connections, handlers)
        """Makes the protocol of a new connection."""
        self._access_log = access_log
        self._certificates = certificates
        self._metrics = Metrics()
        self._listening: list[asyncio.Server | Listener] = []
        self._writing = ThreadPoolExecutor(1, "oss-emulator-writing")
        self._restore_loop: Callable[[], None] = lambda: None
        self._waiting: set[asyncio.Task[Any]] = set()
        """The requests that wait for an event that may never come."""
        self._fetches = Fetches(
            Host(
                self.service,
                lambda: self.ports,
                self._answer_itself,
                self._perform_with,
                self.change,
            )
        )

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port; 0 chooses a free one. Raises `OSError` if it is taken."""
        settings, certificates = self.service.settings, self._certificates
        context = None if certificates is None else certificates.default
        if certificates is not None:
            self._restore_loop = watch_failures()
        try:
            self.port = await self._listen(host, port, context if settings.tls else None)
            if settings.tls_port is not None:
                self.tls_port = await self._listen(host, settings.tls_port, context)
        except OSError:
            self._listen_no_more()
            self._restore_loop()
            raise
        self._fetches.resume()
        loop = asyncio.get_running_loop()
        restored = partial(loop.call_soon_threadsafe, self._fetches.resume)
        self.controls.snapshots.restored = restored  # it may be called in the writing thread
        return self.port

    async def _listen(self, host: str, port: int, context: ssl.SSLContext | None) -> int:
        # Each of several workers listens on the same port (see workers.py).
        shared = [socket.SO_REUSEPORT] if self.service.settings.workers > 1 else []
        bound = sockets.bind(host, port, socket.SO_REUSEADDR, *shared)
        for one in bound:
            if context is None:
                loop = asyncio.get_running_loop()
                self._listening.append(
                    await loop.create_server(self.accept, sock=one, backlog=BACKLOG)
                )
            else:
                listening = Listener(one, BACKLOG, self.connections, self.accept, context)
                self._listening.append(listening)
        return int(bound[0].getsockname()[1])

    def _listen_no_more(self) -> None:
        for listening in self._listening:
            listening.close()

    async def stop(self) -> None:
        """Stop listening and let running requests finish."""
        self._listen_no_more()
        for task in self._waiting:
            task.cancel()
        self.controls.snapshots.restored = lambda: None
        await self._fetches.close()
        await self.connections.close(SHUTDOWN_TIMEOUT)
        self._writing.shutdown()
        self._restore_loop()

    async def change(self, work: Callable[[], _T]) -> _T:
        """Run work that changes the contents where all changes are made, one after another."""
        if self.service.storage.blocking:
            return await asyncio.get_running_loop().run_in_executor(self._writing, work)
        return work()

    # One request, from arrival to journal

    async def _answer(self, http: web.BaseRequest, guard: Guard) -> bool:
        """Answer a request, from its head to its line in the journal; every request passes here.

        Returns whether the connection may stay open.
        """
        began = time.perf_counter()
        request = guard.read_request(self.controls.clock.now())
        outcome: wire.Outcome
        fault = None
        if (product := rpc_endpoint.find(request, self._is_endpoint)) is not None:
            outcome, response = await self._ask(product, http, request)
        elif (page := console.show(request, self._is_endpoint)) is not None:
            outcome = wire.NonOSSRequest(request, new_request_id(request.received))
            response = page
        elif self._is_administration(request):
            outcome, given = await self._administer(http, request)
            if given is None:
                return False  # it has been sent, event by event
            response = admin.protect(given)
        else:
            outcome, response, fault = await self._serve(http, request)
        if EXPLAIN in request.headers:
            response = _explain(response, outcome)
        if fault is None:
            answer = wire.Answer(http, guard, response, outcome, began)
        else:
            answer = FaultyAnswer(http, guard, response, outcome, began, fault)
        try:
            return await answer.send()
        finally:
            self._record(answer)

    async def _serve(
        self, http: web.BaseRequest, request: Request
    ) -> tuple[Admitted | Refused, Response, Fault | None]:
        """Admit and perform a request to OSS; returns the outcome, the response and the fault."""
        outcome = self._admit(request)
        fault, content = None, NO_BODY
        if isinstance(outcome, Admitted):
            try:
                fault = self.controls.faults.match(outcome.call)
                if fault is not None:
                    with self._waits():
                        await apply_before(fault)
                if outcome.call.operation.takes is Takes.FORM:
                    form = body.FormBody(http, request)
                    outcome = self.service.admit_form(outcome, await form.read_fields())
                    if isinstance(outcome, Admitted):
                        content = await form.read_file(outcome)
                elif outcome.call.operation.takes is not Takes.NOTHING:
                    content = await body.read(http, outcome)
                if isinstance(outcome, Admitted):
                    return outcome, await self._perform(outcome, content), fault
            except Exception as error:
                assert isinstance(outcome, Admitted)  # noqa: S101 - only calls are performed
                outcome = outcome.refuse(_error_of(request, error))
        return outcome, self.service.render(outcome), fault

    def _admit(self, request: Request) -> Admitted | Refused:
        try:
            return self.service.admit(request)
        except Exception as error:
            return Refused(request, new_request_id(request.received), _error_of(request, error))

    async def _answer_itself(self, request: Request) -> Response:
        """Answer a request for an object that the server sends to itself."""
        began = time.perf_counter()
        outcome = self._admit(request)
        if isinstance(outcome, Admitted):
            try:
                response = await self._perform(outcome, NO_BODY)
            except Exception as error:
                outcome = outcome.refuse(_error_of(request, error))
        if isinstance(outcome, Refused):
            response = self.service.render(outcome)
        seconds = time.perf_counter() - began
        whole = response.body
        sent = len(whole) if isinstance(whole, bytes) else wire.length(whole) or 0
        self._publish(self.controls.journal.record(outcome, response, sent, seconds))
        return response

    async def _perform(self, admitted: Admitted, content: Body) -> Response:
        """Perform a call, after it has gathered its body if it does that.

        Then begin the task that the call has created, and call the application server that its
        callback names.
        """
        if admitted.call.operation.gather is not None:
            content = await _gather(partial(self.service.gather, admitted, content))
        if self.service.storage.blocking:
            response = await self._perform_on_disk(admitted, content)
        else:
            response = self.service.perform(admitted, content)
        if response.fetch:
            self._fetches.begin(admitted.call.target.bucket, response.fetch)
        if response.callback is None:
            return response
        return await callback.deliver(response.callback, response, self.ports)

    async def _perform_with(
        self, admitted: Admitted, content: Body, keep: Callable[[Response], None]
    ) -> Response:
        """Perform a call that writes, and call `keep` with its answer in the same transaction."""
        service = self.service

        def work() -> Response:
            try:
                with service.storage.transaction():
                    response = service.perform(admitted, content)
                    keep(response)
                return response
            finally:
                service.storage.discard_unreferenced(content.content)

        return await self.change(work)

    async def _perform_on_disk(self, admitted: Admitted, content: Body) -> Response:
        """Perform a call that waits for a disk: a read here, anything else in the writing thread.

        One thread writes, so nothing changes between what a call reads and what it writes.
        """
        if admitted.request.method not in READS:
            return await self.change(partial(self._write, admitted, content))
        try:
            return await self._read(admitted, content)
        except FileNotFoundError:  # replaced or deleted between its record and its file
            return await self._read(admitted, content)

    def _write(self, admitted: Admitted, content: Body) -> Response:
        try:
            return self.service.perform(admitted, content)
        finally:
            self.service.storage.discard_unreferenced(content.content)

    async def _read(self, admitted: Admitted, content: Body) -> Response:
        response = self.service.perform(admitted, content)
        if not isinstance(response.body, bytes):
            await _verify(response.body)
        return response

    def _record(self, answer: wire.Answer) -> None:
        """Record an answered request in the journal, the metrics and the logs."""
        outcome, journal = answer.outcome, self.controls.journal
        sent, seconds = answer.sent, answer.seconds
        if not isinstance(outcome, wire.NonOSSRequest):
            self._publish(journal.record(outcome, answer.response, sent, seconds))
        elif outcome.rpc is not None:
            request, request_id = outcome.request, outcome.request_id
            self._publish(journal.record_rpc(request, request_id, outcome.rpc, sent, seconds))

    def _publish(self, entry: JournalEntry) -> None:
        self._metrics.count(entry)
        if self._access_log is not None:
            service = self.service
            with_arn = service.changes.follow(ARN_IN_LOGS)
            line = entry.to_line(service.storage, service.settings.region if with_arn else None)
            print(accesslog.format(line), file=self._access_log, flush=True)

    # Requests that are not for OSS

    def _connect(self, authority: str, request: Request) -> ssl.SSLContext | None:
        """Answer a client that uses this server as a proxy and asks for a connection."""
        return proxy.connect(authority, request, self.service, self._certificates)

    def _format_refusal(self, error: OSSError, request: Request | None) -> bytes:
        """Format the answer to a malformed request or a refused CONNECT."""
        began = time.perf_counter()
        original = request or Request.parse("", "/", (), self.controls.clock.now())
        refused = Refused(original, new_request_id(original.received), error)
        response = self.service.render(refused)
        if request is not None:
            seconds = time.perf_counter() - began
            entry = self.controls.journal.record(refused, response, len(response.body), seconds)
            self._publish(entry)
        return wire.format(response, refused, began)

    def _report_tls(self) -> None:
        """Name the right URLs to whoever sends https to the port for http."""
        https = self.https_endpoint or "a port that --tls-port opens"
        LOG.warning("A client began TLS on the port of %s; https needs %s", self.endpoint, https)

    async def _ask(
        self, product: Product, http: web.BaseRequest, request: Request
    ) -> tuple[wire.Outcome, Response]:
        """Have STS or KMS answer a request."""
        request_id = new_request_id(request.received)
        try:
            given = await rpc_endpoint.answer(http, request, product, self.service)
        except Exception as error:
            refused = Refused(request, request_id, _error_of(request, error))
            return refused, self.service.render(refused)
        return wire.NonOSSRequest(request, request_id, given), given.response

    def _is_endpoint(self, host: str) -> bool:
        """Whether a Host header names the service itself; a malformed one does not."""
        try:
            return self.service.addresses.is_endpoint(host)
        except OSSError:
            return False

    def _is_administration(self, request: Request) -> bool:
        """Whether a request is for the emulator itself, below `/_emulator/`."""
        return request.path.startswith(admin.PREFIX) and self._is_endpoint(request.host)

    async def _administer(
        self, http: web.BaseRequest, request: Request
    ) -> tuple[wire.Outcome, Response | None]:
        """Answer a request below `/_emulator/`; None for events, which have been sent on return."""
        aside = wire.NonOSSRequest(request, new_request_id(request.received))
        try:
            asked, route = await self._read_asked(http, request)
            with self._waits():
                if route.stream is None or not route.streams(request):
                    return aside, await self._handle(http, asked, route)
            stream = route.stream(asked)
        except Exception as failed:
            refusal = _refusal_of(request, failed)
            return aside, console.refuse(request, refusal, self.service.settings)
        with self._waits():
            await wire.send_events(http, events.HEADERS, stream)
        return aside, None

    async def _read_asked(
        self, http: web.BaseRequest, request: Request
    ) -> tuple[admin.ApiRequest, admin.Route]:
        """Check a request below `/_emulator/`, read its body and find its route."""
        settings = self.service.settings
        admin.check_no_callback(request)
        route, rest = console.find(request)
        if not route.open_to_all:
            admin.check_allowed(request, settings.admin_token)
            admin.check_alone(route, settings.workers)
        apart = route.takes_object or route.takes_file
        data = b"" if apart else await body.read_document(http)
        return admin.ApiRequest(
            self.controls, self.change, self._metrics, request, data, rest
        ), route

    async def _handle(
        self, http: web.BaseRequest, asked: admin.ApiRequest, route: admin.Route
    ) -> Response:
        """Have a route answer, itself or by a request of the owner; raises `OSSError`."""
        if route.takes_file:
            async with body.read_file(http, route.takes_file) as file:
                return await self._handle_asked(http, asked._replace(file=file), route)
        return await self._handle_asked(http, asked, route)

    async def _handle_asked(
        self, http: web.BaseRequest, asked: admin.ApiRequest, route: admin.Route
    ) -> Response:
        given = route.handler(asked)
        if not isinstance(given, admin.OwnerRequest):
            return given if isinstance(given, Response) else await given
        outcome = self.service.admit(given.request, self.service.accounts.owner)
        if isinstance(outcome, Refused):
            raise outcome.error
        content = NO_BODY
        if given.data is not None:
            content = Body.of(given.data)
        elif outcome.call.operation.takes is not Takes.NOTHING:
            content = await body.read(http, outcome)
        return given.finish(await self._perform(outcome, content))

    @contextlib.contextmanager
    def _waits(self) -> Iterator[None]:
        """Let the server cancel the request when it ends, because the request may wait for ever."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - aiohttp runs each request as a task
        self._waiting.add(task)
        try:
            yield
        finally:
            self._waiting.discard(task)


def _error_of(request: Request, error: Exception) -> OSSError:
    """Return the error to answer with; a failure of the server is logged."""
    if isinstance(error, OSSError):
        return error
    reason = failure.describe(error)
    if reason is None:
        LOG.exception("%s %s failed", request.method, request.target)
    else:
        LOG.error("%s %s failed: %s", request.method, request.target, reason)
    return OSSError(ErrorCase.INTERNAL_ERROR)


def _refusal_of(request: Request, failed: Exception) -> admin.Refusal:
    """Return the refusal to answer with below `/_emulator/`."""
    if isinstance(failed, admin.Refusal):
        return failed
    error = _error_of(request, failed)
    if not isinstance(failed, OSSError):
        return admin.Refusal(error.status, "The emulator failed; its log says why.")
    return admin.Refusal(error.status, str(error.details.get("ErrorDetail", error.message)))


def _explain(response: Response, outcome: wire.Outcome) -> Response:
    """Add the decision on the request; STS and the emulator's own pages make none."""
    if isinstance(outcome, wire.NonOSSRequest):
        return response
    decision = None if outcome.decision is None else explanation.to_dict(outcome.decision)
    return response._replace(headers={**response.headers, DECISION: json.dumps(decision)})


async def _gather(gather: Callable[[], Callable[[], Body]]) -> Body:
    """Read or make a body in a thread: that takes time in proportion to its size."""
    try:
        work = gather()
    except FileNotFoundError:  # replaced or deleted between its record and its file
        work = gather()
    return await asyncio.to_thread(work)


async def _verify(pieces: Iterable[bytes | FileRange | Stream]) -> None:
    for piece in pieces:
        if isinstance(piece, FileRange) and piece.verify is not None:
            await asyncio.to_thread(piece.verify)
