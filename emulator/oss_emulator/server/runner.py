"""Runs requests: the steps of `ServerStep`, each at once or, if it takes time, in a thread."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import ClassVar, Final, TypeAlias, TypeVar

from oss_referer.sources.masking import mask

from oss_emulator.control.controls import Controls
from oss_emulator.control.journal import JournalEntry
from oss_emulator.operations.admission import Admission, Refused, refuse
from oss_emulator.operations.call import NO_BODY, Body
from oss_emulator.operations.operation import Operation, Takes
from oss_emulator.pipeline.service import new_request_id
from oss_emulator.pipeline.steps import READS, ServerStep
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import FileRange, Piece, Request, Response
from oss_emulator.server import body, callback, wire
from oss_emulator.server.fetching import Fetches, Host
from oss_emulator.server.guard import Guard
from oss_emulator.server.pools import Leaving, Pools, never_leaves
from oss_emulator.server.waiting import ShortStep, Waiting, run_in_thread
from oss_emulator.server.wire import Exchange, apply_before
from oss_emulator.storage import base

LOG: Final = logging.getLogger("oss_emulator")

_T = TypeVar("_T")

StepRunner: TypeAlias = Callable[["RequestRunner", Exchange], Awaitable[None]]


class RequestRunner:
    """Runs the steps of `ServerStep`, each in the thread that the storage needs."""

    def __init__(
        self, controls: Controls, waiting: Waiting, ports: Callable[[], Collection[int]]
    ) -> None:
        """`ports` returns the server's own ports, which callbacks and tasks never call."""
        self._service = controls.service
        self._journal = controls.journal
        self._faults = controls.faults
        self._waiting = waiting
        self._ports = ports
        self._pools = Pools()
        self._writing = ThreadPoolExecutor(1, "oss-emulator-writing")
        host = Host(self._service, ports, self._answer_itself, self._execute_and_keep, self.change)
        self.fetches = Fetches(host)

    async def close(self) -> None:
        """End the tasks and the work in pools; call `end` when no request runs any more."""
        self._pools.close()
        await self.fetches.close()

    def end(self) -> None:
        self._writing.shutdown()

    async def change(self, work: Callable[[], _T]) -> _T:
        """Run work that changes the contents, in the thread that makes all changes in turn."""
        if self._service.storage.blocking:
            return await asyncio.get_running_loop().run_in_executor(self._writing, work)
        return work()

    async def answer(
        self, request: Request, guard: Guard | None = None, leaving: Leaving = never_leaves
    ) -> Exchange:
        """Admit a request and run its other steps; a failure refuses it.

        `guard` has the body; None for a request of the server itself, to which no planned fault
        applies. `leaving` ends work in pools when the client leaves.
        """
        try:
            result = self._service.admit(request)
        except Exception as error:
            admission = Admission(request, new_request_id(request.received))
            result = refuse(admission, error_of(request, error))
        if isinstance(result, Refused):
            exchange = Exchange(result.known, guard, leaving)
            self.answer_error(exchange, result.error)
            return exchange
        exchange = Exchange(result, guard, leaving)
        try:
            await self.run(exchange)
        except Exception as error:
            self.answer_error(exchange, error_of(request, error))
        return exchange

    async def run(self, exchange: Exchange) -> None:
        """Run the steps of an admitted request that follow `ADMIT`; raises `OSSError`."""
        for step in _needed(exchange.admission.operation, bool(self._faults.planned)):
            await step(self, exchange)

    def answer_error(self, exchange: Exchange, error: OSSError) -> None:
        refused = refuse(exchange.admission, error)
        exchange.admission, exchange.error = refused
        exchange.response = self._service.render(refused)

    async def _strike(self, exchange: Exchange) -> None:
        """Apply the fault that a test has planned for this request: delay or refuse it."""
        if exchange.guard is None:
            return
        exchange.fault = fault = self._faults.match(exchange.admission)
        if fault is not None:
            with self._waiting.hold():
                await apply_before(fault)

    async def _read_body(self, exchange: Exchange) -> None:
        """Read the body; a form is admitted by its fields before its file is read."""
        guard, admission = exchange.guard, exchange.admission
        if guard is None:
            return
        environment = self._service.environment
        if admission.operation.takes is not Takes.FORM:
            exchange.body = await body.read(guard, admission, environment)
            return
        form = body.FormBody(guard, admission.request)
        result = self._service.admit_form(admission, await form.read_fields())
        exchange.admission = result.known
        if isinstance(result, Refused):
            raise result.error
        exchange.body = await form.read_file(result, environment)

    async def _gather(self, exchange: Exchange) -> None:
        """Have a pool make a body from the storage, which takes time in proportion to its size."""
        admission, content = exchange.admission, exchange.body
        try:
            work = self._service.gather(admission, content)
        except FileNotFoundError:  # replaced or deleted between its record and its file
            work = self._service.gather(admission, content)
        if work is not None:
            exchange.body = await self._pools.make(work, exchange.leaving)

    async def _execute(self, exchange: Exchange) -> None:
        admission, content = exchange.admission, exchange.body
        try:
            if self._service.storage.blocking:
                exchange.response = await self._execute_on_disk(admission, content)
            else:
                exchange.response = self._service.execute(admission, content)
        except BaseException:
            if content.stream is not None:
                content.stream.close()
            raise
        exchange.body = NO_BODY  # frees its memory before the answer is sent

    async def _fetch(self, exchange: Exchange) -> None:
        if exchange.response.fetch:
            self.fetches.begin(exchange.admission.target.bucket, exchange.response.fetch)

    async def _call_back(self, exchange: Exchange) -> None:
        response = exchange.response
        if response.callback is not None:
            exchange.response = await callback.deliver(response.callback, response, self._ports())

    STEPS: ClassVar[Mapping[ServerStep, StepRunner]] = {
        ServerStep.FAULT: _strike,
        ServerStep.BODY: _read_body,
        ServerStep.GATHER: _gather,
        ServerStep.EXECUTE: _execute,
        ServerStep.FETCH: _fetch,
        ServerStep.CALLBACK: _call_back,
    }
    """The functions that run the steps after `ADMIT`; `ServerStep` has their order."""

    async def _answer_itself(self, request: Request) -> Response:
        """Answer a request for an object that the server sends to itself."""
        return (await self._answer_and_record(request))[0]

    async def send(self, request: Request) -> JournalEntry:
        """Answer a request without a body that no client has sent, and return its entry."""
        response, entry = await self._answer_and_record(request)
        wire.close_streams(response)
        return entry

    async def _answer_and_record(self, request: Request) -> tuple[Response, JournalEntry]:
        began = time.perf_counter()
        exchange = await self.answer(request)
        response = exchange.response
        seconds = time.perf_counter() - began
        whole = response.body
        sent = len(whole) if isinstance(whole, bytes) else wire.count_bytes(whole) or 0
        return response, self._journal.record(exchange.result, response, sent, seconds)

    async def _execute_and_keep(
        self, admission: Admission, content: Body, keep: Callable[[Response], None]
    ) -> Response:
        """Execute a request that writes, and `keep` its answer in the same transaction."""
        service = self._service

        def work() -> Response:
            try:
                with service.storage.transaction():
                    response = service.execute(admission, content)
                    keep(response)
                return response
            finally:
                service.storage.discard_unreferenced(content.content)

        return await self.change(work)

    async def _execute_on_disk(self, admission: Admission, content: Body) -> Response:
        """Execute a request that waits for a disk: a read here, others in the writing thread.

        Only this thread writes, so what a request has read cannot change before it writes.
        """
        if admission.request.method not in READS:
            return await self.change(partial(self._write, admission, content))
        try:
            return await self._read(admission, content)
        except FileNotFoundError:  # replaced or deleted between its record and its file
            return await self._read(admission, content)

    def _write(self, admission: Admission, content: Body) -> Response:
        try:
            return self._service.execute(admission, content)
        finally:
            self._service.storage.discard_unreferenced(content.content)

    async def _read(self, admission: Admission, content: Body) -> Response:
        response = self._service.execute(admission, content)
        if not isinstance(response.body, bytes):
            await check_files(response.body)
        return response


@lru_cache(1024)
def _needed(operation: Operation, faulty: bool) -> tuple[StepRunner, ...]:
    """Return the functions that run the steps that an operation needs, in their order."""
    idle = {
        ServerStep.ADMIT: True,  # it has already run
        ServerStep.FAULT: not faulty,
        ServerStep.BODY: operation.takes is Takes.NOTHING,
        ServerStep.GATHER: operation.gather is None,
        ServerStep.FETCH: operation.method in READS,  # reads begin no task,
        ServerStep.CALLBACK: operation.method in READS,  # and have no callback
    }
    return tuple(RequestRunner.STEPS[step] for step in ServerStep if not idle.get(step))


def error_of(request: Request, error: Exception) -> OSSError:
    """Return the error to answer with; a failure of the server is logged."""
    if isinstance(error, OSSError):
        return error
    reason, target = base.describe_failure(error), mask(request.target)
    if reason is None:
        LOG.exception("%s %s failed", request.method, target)
    else:
        LOG.error("%s %s failed: %s", request.method, target, reason)
    return OSSError(ErrorCase.INTERNAL_ERROR)


async def check_files(pieces: Iterable[Piece]) -> None:
    """Check files before they are sent; other checks get a turn after each piece of a file."""
    for piece in pieces:
        if isinstance(piece, FileRange) and piece.check is not None:
            checking = piece.check()
            while await run_in_thread(ShortStep.CHECK, next, checking, False):
                pass
