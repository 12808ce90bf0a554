"""Performs admitted requests: at once, or in a thread if that takes time."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from oss_emulator.control.journal import Journal, JournalEntry
from oss_emulator.operations.admission import Admission, Refused, refuse
from oss_emulator.operations.call import NO_BODY, Body
from oss_emulator.pipeline.service import Service, new_request_id
from oss_emulator.pipeline.steps import READS
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import FileRange, Request, Response, Stream
from oss_emulator.server import callback, wire
from oss_emulator.server.fetching import Fetches, Host
from oss_emulator.server.pools import Leaving, Pools, stays
from oss_emulator.server.threads import ShortStep, take
from oss_emulator.storage import failure

LOG: Final = logging.getLogger("oss_emulator")

_T = TypeVar("_T")


class Performer:
    """Performs requests in the thread that the storage needs; begins their callbacks and tasks."""

    def __init__(
        self, service: Service, journal: Journal, ports: Callable[[], Collection[int]]
    ) -> None:
        """`ports` returns the server's own ports, which callbacks and tasks never call."""
        self._service = service
        self._journal = journal
        self._ports = ports
        self._pools = Pools()
        self._writing = ThreadPoolExecutor(1, "oss-emulator-writing")
        host = Host(service, ports, self._answer_itself, self._perform_with, self.change)
        self.fetches = Fetches(host)

    async def close(self) -> None:
        """End the tasks and the work in pools; call `end` when no request runs any more."""
        self._pools.close()
        await self.fetches.close()

    def end(self) -> None:
        """End the thread that writes."""
        self._writing.shutdown()

    async def change(self, work: Callable[[], _T]) -> _T:
        """Run work that changes the contents where all changes are made, one after another."""
        if self._service.storage.blocking:
            return await asyncio.get_running_loop().run_in_executor(self._writing, work)
        return work()

    def admit(self, request: Request) -> Admission | Refused:
        """Admit a request; a failure of the server refuses it."""
        try:
            return self._service.admit(request)
        except Exception as error:
            admission = Admission(request, new_request_id(request.received))
            return refuse(admission, error_of(request, error))

    async def perform(
        self, admission: Admission, content: Body, leaving: Leaving = stays
    ) -> Response:
        """Gather the body of a request if its operation does that, then perform the request.

        Then begin the task that it has created, and call the application server that its callback
        names. `leaving` ends the gathering when the client leaves.
        """
        if admission.operation.gather is not None:
            content = await self._gather(admission, content, leaving)
        try:
            if self._service.storage.blocking:
                response = await self._perform_on_disk(admission, content)
            else:
                response = self._service.perform(admission, content)
        except BaseException:
            if content.stream is not None:
                content.stream.close()
            raise
        if response.fetch:
            self.fetches.begin(admission.target.bucket, response.fetch)
        if response.callback is None:
            return response
        return await callback.deliver(response.callback, response, self._ports())

    async def _gather(self, admission: Admission, content: Body, leaving: Leaving) -> Body:
        """Have a pool read or make a body: that takes time in proportion to its size."""
        try:
            work = self._service.gather(admission, content)
        except FileNotFoundError:  # replaced or deleted between its record and its file
            work = self._service.gather(admission, content)
        return await self._pools.make(work, leaving)

    async def _answer_itself(self, request: Request) -> Response:
        """Answer a request for an object that the server sends to itself."""
        return (await self._answer(request))[0]

    async def send(self, request: Request) -> JournalEntry:
        """Answer a request without a body that no client has sent, and return its entry.

        Planned faults do not strike it.
        """
        response, entry = await self._answer(request)
        wire.close(response)
        return entry

    async def _answer(self, request: Request) -> tuple[Response, JournalEntry]:
        began = time.perf_counter()
        outcome = self.admit(request)
        if isinstance(outcome, Admission):
            try:
                response = await self.perform(outcome, NO_BODY)
            except Exception as error:
                outcome = refuse(outcome, error_of(request, error))
        if isinstance(outcome, Refused):
            response = self._service.render(outcome)
        seconds = time.perf_counter() - began
        whole = response.body
        sent = len(whole) if isinstance(whole, bytes) else wire.length(whole) or 0
        return response, self._journal.record(outcome, response, sent, seconds)

    async def _perform_with(
        self, admission: Admission, content: Body, keep: Callable[[Response], None]
    ) -> Response:
        """Perform a request that writes, and `keep` its answer in the same transaction."""
        service = self._service

        def work() -> Response:
            try:
                with service.storage.transaction():
                    response = service.perform(admission, content)
                    keep(response)
                return response
            finally:
                service.storage.discard_unreferenced(content.content)

        return await self.change(work)

    async def _perform_on_disk(self, admission: Admission, content: Body) -> Response:
        """Perform a request that waits for a disk: a read here, others in the writing thread.

        One thread writes, so nothing changes between what a request reads and what it writes.
        """
        if admission.request.method not in READS:
            return await self.change(partial(self._write, admission, content))
        try:
            return await self._read(admission, content)
        except FileNotFoundError:  # replaced or deleted between its record and its file
            return await self._read(admission, content)

    def _write(self, admission: Admission, content: Body) -> Response:
        try:
            return self._service.perform(admission, content)
        finally:
            self._service.storage.discard_unreferenced(content.content)

    async def _read(self, admission: Admission, content: Body) -> Response:
        response = self._service.perform(admission, content)
        if not isinstance(response.body, bytes):
            await check_files(response.body)
        return response


def error_of(request: Request, error: Exception) -> OSSError:
    """Return the error to answer with; a failure of the server is logged."""
    if isinstance(error, OSSError):
        return error
    reason = failure.describe(error)
    if reason is None:
        LOG.exception("%s %s failed", request.method, request.target)
    else:
        LOG.error("%s %s failed: %s", request.method, request.target, reason)
    return OSSError(ErrorCase.INTERNAL_ERROR)


async def check_files(pieces: Iterable[bytes | FileRange | Stream]) -> None:
    """Check files before they are sent; a large one lets others pass after each of its pieces."""
    for piece in pieces:
        if isinstance(piece, FileRange) and piece.check is not None:
            checking = piece.check()
            while await take(ShortStep.CHECK, next, checking, False):
                pass
