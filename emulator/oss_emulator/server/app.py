"""The server: listens, has its service answer each request, and shuts down gracefully."""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Awaitable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Final, TextIO

from aiohttp import web
from oss_referer.engine import explanation

from oss_emulator.control import console
from oss_emulator.control.api.access import protect
from oss_emulator.control.api.route import PREFIX
from oss_emulator.control.controls import Controls
from oss_emulator.control.metrics import Metrics, steps
from oss_emulator.operations.admission import Admission, Claimed, refuse
from oss_emulator.operations.operation import NO_OPERATION, Operation
from oss_emulator.pipeline import default_domain
from oss_emulator.pipeline.service import new_request_id
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.headers import DECISION, EXPLAIN
from oss_emulator.protocol.message import Request, Response
from oss_emulator.rpc import Product
from oss_emulator.server import rpc_endpoint, wire
from oss_emulator.server.administration import Administration
from oss_emulator.server.connections import Connections
from oss_emulator.server.guard import Guard, Handlers
from oss_emulator.server.handshake import Listener
from oss_emulator.server.listening import ALL_ADDRESSES, bind, grant_connect
from oss_emulator.server.runner import RequestRunner, error_of
from oss_emulator.server.tls import Certificates
from oss_emulator.server.waiting import Waiting
from oss_emulator.server.wire import Answer, Exchange, FaultyAnswer, close_streams

SHUTDOWN_TIMEOUT: Final = 30.0
"""Seconds for running requests to finish when the server stops."""

BACKLOG: Final = 1024
"""Connections that may wait to be accepted."""


class Server:
    """Serves one service on one port, and on a second one for https if that is set."""

    def __init__(
        self,
        controls: Controls,
        access_log: TextIO | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        """`certificates` are needed for https and for clients that use this server as a proxy."""
        self.settings = settings = controls.service.settings
        self.port = settings.port
        """The port; never 0 once the server listens."""
        self.tls_port = settings.tls_port
        """The port for https, None without one; never 0 once the server listens."""
        self.controls = controls
        self.service = controls.service
        self._is_endpoint = self.service.addresses.is_endpoint
        handlers = Handlers(
            answer=self._answer,
            connect=partial(grant_connect, self.service, certificates),
            format_error=self._format_error,
            report_tls=self._report_tls,
            now=controls.clock.now,
        )
        self.connections = Connections(settings)
        self.accept = partial(Guard, self.connections, handlers)
        """Makes the protocol of a new connection."""
        self.certificates = certificates
        metrics = Metrics()
        for step in steps(self.service, metrics, access_log).values():
            controls.journal.listen(step)
        self._waiting = Waiting()
        self._runner = RequestRunner(controls, self._waiting, lambda: self.ports)
        self.change = self._runner.change
        self._administration = Administration(controls, metrics, self._runner, self._waiting)
        self._listening: list[asyncio.Server | Listener] = []

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port; 0 chooses a free one. Raises `OSError` if it is taken."""
        settings, certificates = self.settings, self.certificates
        context = None if certificates is None else certificates.default
        try:
            self.port = await self._listen(host, port, context if settings.tls else None)
            if settings.tls_port is not None:
                self.tls_port = await self._listen(host, settings.tls_port, context)
        except OSError:
            self._listen_no_more()
            raise
        self._runner.fetches.resume()
        loop = asyncio.get_running_loop()
        restored = partial(loop.call_soon_threadsafe, self._runner.fetches.resume)
        self.controls.snapshots.restored = restored  # it may be called in the writing thread
        return self.port

    async def _listen(self, host: str, port: int, context: ssl.SSLContext | None) -> int:
        bound = bind(host, port)
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
        self._waiting.cancel()
        self.controls.snapshots.restored = lambda: None
        await self._runner.close()
        await self.connections.close(SHUTDOWN_TIMEOUT)
        self._runner.end()

    # The URLs at which this machine reaches the server

    @property
    def ports(self) -> frozenset[int]:
        """All ports that the server listens on."""
        return frozenset(port for port in (self.port, self.tls_port) if port is not None)

    @property
    def endpoint(self) -> str:
        """The URL of the port, such as `http://127.0.0.1:9000`."""
        return self._url("https" if self.settings.tls else "http", self.port)

    @property
    def https_endpoint(self) -> str | None:
        """The URL for https, None without https."""
        if self.tls_port is not None:
            return self._url("https", self.tls_port)
        return self.endpoint if self.settings.tls else None

    def _url(self, scheme: str, port: int) -> str:
        given = self.settings.host
        host = "127.0.0.1" if given in ALL_ADDRESSES else given  # oss2 refuses [::1]
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    # One request, from arrival to journal

    async def _answer(self, http: web.BaseRequest, guard: Guard) -> bool:
        """Answer a request that aiohttp has received, from its head to its line in the journal.

        Returns whether the connection may stay open.
        """
        began = time.perf_counter()
        request = guard.read_request(self.controls.clock.now())
        path, pending = request.path, None
        # For almost every request, this cheap test shows that it is for OSS.
        if path == "/" or path.startswith(_OWN_PATHS) or _is_own_host(request.host):
            pending = self._answer_unless_oss(http, guard, request)
        if pending is None:
            exchange = await self._runner.answer(request, guard, guard.leaving)
        elif (answered := await pending) is not None:
            exchange = answered
        else:
            return False  # the events have been sent
        if EXPLAIN in request.headers and exchange.recorded and exchange.rpc is None:
            exchange.response = _explain(exchange)
        answer = (Answer if exchange.fault is None else FaultyAnswer)(http, guard, exchange, began)
        try:
            return await answer.send()
        finally:
            response = answer.response
            if not isinstance(response.body, bytes):
                close_streams(response)
            if exchange.recorded:
                self.controls.journal.record(
                    exchange.result,
                    response,
                    answer.sent,
                    time.perf_counter() - began,
                    fault=exchange.fault,
                    rpc_error=None if exchange.rpc is None else exchange.rpc.error,
                )

    def _answer_unless_oss(
        self, http: web.BaseRequest, guard: Guard, request: Request
    ) -> Awaitable[Exchange | None] | None:
        """Return the coroutine that answers for STS, KMS, the console or the API; None for OSS."""
        if (product := rpc_endpoint.find(request, self._is_endpoint)) is not None:
            return self._answer_rpc(product, guard, request)
        if (page := console.show(request, self._is_endpoint)) is not None:
            return self._answer_with_page(request, page)
        if request.path.startswith(PREFIX) and self._is_endpoint(request.host):
            return self._administer(http, guard, request)
        return None

    # Requests that are not for OSS

    def _format_error(self, error: OSSError, request: Request | None) -> bytes:
        """Format the answer to a malformed request or a refused CONNECT."""
        began = time.perf_counter()
        original = request or Request.parse("", "/", (), self.controls.clock.now())
        refused = refuse(_begin(original), error)
        response = self.service.render(refused)
        if request is not None:
            seconds = time.perf_counter() - began
            self.controls.journal.record(refused, response, len(response.body), seconds)
        return wire.format_answer(refused, response, began)

    def _report_tls(self, remote: str) -> None:
        https = self.https_endpoint or "a port that --tls-port opens"
        said = f"A client began TLS on the port of {self.endpoint}; https needs {https}"
        self.connections.report_tls(remote, logging.WARNING, said)

    async def _answer_rpc(self, product: Product, guard: Guard, request: Request) -> Exchange:
        exchange = Exchange(_begin(request))
        try:
            answer = await rpc_endpoint.answer(guard, request, product, self.service)
        except Exception as error:
            self._runner.answer_error(exchange, error_of(request, error))
            return exchange
        exchange.admission = replace(
            exchange.admission,
            operation=_action(answer.action),
            caller=answer.caller,
            claimed=Claimed(answer.signing, answer.access_key_id),
        )
        exchange.response, exchange.rpc = answer.response, answer
        return exchange

    async def _answer_with_page(self, request: Request, page: Response) -> Exchange:
        return Exchange(_begin(request), response=page, recorded=False)

    async def _administer(
        self, http: web.BaseRequest, guard: Guard, request: Request
    ) -> Exchange | None:
        """Answer a request below `/_emulator/`; None for events, which have already been sent."""
        response = await self._administration.answer(http, guard, request)
        if response is None:
            return None
        return Exchange(_begin(request), response=protect(response), recorded=False)


_OWN_PATHS: Final = PREFIX.rstrip("/")


@lru_cache(1024)
def _is_own_host(host: str) -> bool:
    """Whether requests to a host may be for STS, for KMS or for the console, whatever the path."""
    return rpc_endpoint.is_host(host) or console.is_host(host)


def _begin(request: Request) -> Admission:
    """Return the admission of a request that runs no step of OSS."""
    return Admission(request, new_request_id(request.received))


@lru_cache(256)
def _action(name: str) -> Operation:
    """Return the operation by which the journal names an action of STS or KMS."""
    return replace(NO_OPERATION, name=name)


def _explain(exchange: Exchange) -> Response:
    """Add a header with the decision by the Referer rules and the rule of the host name."""
    response, decision = exchange.response, exchange.admission.decision
    told = None
    if decision is not None:
        rule = default_domain.find_rule_at_endpoint(exchange.admission, response)
        told = {
            **explanation.to_dict(decision),
            "default_domain": None if rule is None else rule.sentence,
        }
    return response._replace(headers={**response.headers, DECISION: json.dumps(told)})
