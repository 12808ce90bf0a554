"""Runs the tasks that fetch a URL and store its content (PutAsyncFetchTask, P-81)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from oss_emulator.operations import async_fetch
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.operations.async_fetch import (
    MAX_AGE,
    FetchTask,
    State,
    failure_callback,
    store_request,
    update,
)
from oss_emulator.operations.call import Body, Environment
from oss_emulator.operations.operation import Takes
from oss_emulator.protocol import checksums
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Callback, Request, Response
from oss_emulator.server import body_writer, callback
from oss_emulator.server.source import FetchFailedError, SourceUnavailableError, open_source
from oss_emulator.storage import base

if TYPE_CHECKING:
    from collections.abc import Collection

    from oss_emulator.pipeline.service import Service

LOG: Final = logging.getLogger("oss_emulator")

AT_A_TIME: Final = 4
"""Tasks that run at the same time; the others wait."""

TIMEOUT: Final = 300.0
"""Seconds that one attempt may take."""

PAUSES: Final = (1.0, 2.0)
"""Seconds before the second and before the third attempt, which is the last."""

_BUG: Final = "The emulator failed; see its log."


class Host(NamedTuple):
    """What the tasks need of their server."""

    service: Service
    ports: Callable[[], Collection[int]]
    answer: Callable[[Request], Awaitable[Response]]
    """Answers a request to OSS without a body, as if a client had sent it."""
    execute: Callable[[Admission, Body, Callable[[Response], None]], Awaitable[Response]]
    """Executes an admitted call without its callback; calls a function in the same transaction."""
    write: Callable[[Callable[[], None]], Awaitable[None]]
    """Calls a function that changes the storage; changes are made one after another."""


class Fetches:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._running: dict[str, asyncio.Task[None]] = {}
        """The running tasks of asyncio, by the id of the fetch task."""
        self._closed = False

    def begin(self, bucket: str, task_id: str) -> None:
        """Run a task in the background, unless it has ended, is running, or the server stops."""
        service = self._host.service
        if (running := self._running.get(task_id)) is not None:
            # A snapshot may have restored the task after this run ended it, so look again later.
            running.add_done_callback(lambda _: self.begin(bucket, task_id))
            return
        task = None if self._closed else self._find(bucket, task_id)
        if task is None or task.at(service.clock()).state.ended:
            return
        running = asyncio.ensure_future(self._run(bucket, task))
        self._running[task_id] = running
        running.add_done_callback(lambda _: self._running.pop(task_id))

    def resume(self) -> None:
        """Begin all unfinished tasks that are not running, after a start or a restored snapshot."""
        for bucket in self._host.service.storage.buckets():
            for task in async_fetch.of(bucket.documents):
                if not task.state.ended:
                    self.begin(bucket.name, task.id)

    async def close(self) -> None:
        """Cancel all tasks; the next server on the same storage resumes them."""
        self._closed = True
        for running in self._running.values():
            running.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _find(self, bucket: str, task_id: str) -> FetchTask | None:
        record = self._host.service.storage.bucket(bucket)
        return None if record is None else async_fetch.find(record.documents, task_id)

    async def _run(self, bucket: str, task: FetchTask) -> None:
        response = None
        try:
            async with asyncio.timeout(MAX_AGE):
                async with self._turns:
                    task, response = await self._attempt(bucket, task)
        except TimeoutError:
            task = task._replace(state=State.FAILED, message="The task took too long.")
        except Exception as error:
            LOG.error("the task %s failed", task.id, exc_info=error)
            task = task._replace(state=State.FAILED, message=_BUG)
        if response is not None and response.callback is not None:
            task = await self._call_back(task, response, response.callback)
        await self._keep(bucket, task)

    async def _attempt(self, bucket: str, task: FetchTask) -> tuple[FetchTask, Response | None]:
        """Fetch and store the object; try again if the source is unavailable.

        Returns the task, unfinished if its callback is due, and the answer of the upload or None.
        """
        if task.stored:
            return task.interrupted(), None  # it is unknown whether its callback was answered
        for pause in (*PAUSES, None):
            try:
                async with asyncio.timeout(TIMEOUT):
                    return await self._fetch(bucket, task)
            except FetchFailedError as error:
                message = str(error)
                break
            except (SourceUnavailableError, TimeoutError) as error:
                message = str(error) or f"The source took more than {TIMEOUT:.0f} seconds."
            # This waits for a write in progress, which may just have stored the object.
            await self._keep(bucket, task._replace(state=State.RETRY, message=message))
            stored = self._find(bucket, task.id)
            if stored is not None and stored.stored:
                return stored if stored.state.ended else stored.interrupted(), None
            if pause is not None:
                await asyncio.sleep(pause)
        await self._tell_failure(bucket, task)
        return task._replace(state=State.FAILED, message=message), None

    async def _fetch(self, bucket: str, task: FetchTask) -> tuple[FetchTask, Response]:
        """Fetch a URL and store the object.

        Raises `FetchFailedError` and `SourceUnavailableError`.
        """
        service = self._host.service
        async with open_source(self._host, task) as answer:
            request = store_request(bucket, task, answer.headers, service.clock())
            admitted = service.admit(request, service.accounts.owner)
            if isinstance(admitted, Refused):
                raise FetchFailedError(admitted.error.message)
            body = await _take(service.environment, answer.content)
        wanted, md5, problem = task.content_md5, checksums.format_md5(body.md5), ""
        if wanted not in ("", md5):
            problem = f"The content has the MD5 {md5}, not {wanted}."
        elif self._find(bucket, task.id) is None:  # reset or deleted meanwhile
            problem = "The task is gone."
        if problem:
            await self._host.write(lambda: service.storage.discard_unreferenced(body.content))
            raise FetchFailedError(problem)

        def stored(response: Response) -> FetchTask:
            state = State.SUCCESS if response.callback is None else State.RUNNING
            return task._replace(state=state, stored=True)

        def keep(response: Response) -> None:
            update(service.storage, bucket, stored(response))

        try:
            response = await self._host.execute(admitted, body, keep)
        except OSSError as error:
            raise FetchFailedError(error.message) from None
        return stored(response), response

    async def _call_back(self, task: FetchTask, response: Response, wanted: Callback) -> FetchTask:
        """Call the application server about the stored object; return the ended task."""
        try:
            await callback.deliver(wanted, response, self._host.ports())
        except OSSError as error:
            message = error.message
        except Exception as error:
            LOG.error("the callback of the task %s failed", task.id, exc_info=error)
            message = _BUG
        else:
            return task._replace(state=State.SUCCESS)
        return task._replace(state=State.CALLBACK_FAILED, message=message)

    async def _tell_failure(self, bucket: str, task: FetchTask) -> None:
        """Report a failure to the application server; if that fails too, only log it."""
        record = self._host.service.storage.bucket(bucket)
        if record is None or not task.callback:
            return
        try:
            wanted = failure_callback(record, task)
            if wanted is not None:
                await callback.deliver(wanted, Response(), self._host.ports())
        except OSSError as error:
            LOG.info("the callback of the failed task %s failed: %s", task.id, error.message)

    async def _keep(self, bucket: str, task: FetchTask) -> None:
        try:
            await self._host.write(lambda: self._update(bucket, task))
        except Exception as error:
            reason = base.describe_failure(error)
            if reason is None:
                raise
            LOG.error("the state of the task %s cannot be stored: %s", task.id, reason)

    def _update(self, bucket: str, task: FetchTask) -> None:
        """Store the state of a task, unless the stored task disagrees on whether it has an object.

        They disagree if a snapshot restored the task without the object (then the task begins again
        after this run), or if the object was stored just when the task timed out.
        """
        storage = self._host.service.storage
        with storage.transaction():
            stored = self._find(bucket, task.id)
            if stored is not None and stored.stored == task.stored:
                update(storage, bucket, task)


async def _take(environment: Environment, content: AsyncIterator[bytes]) -> Body:
    limit = environment.limits.object
    async with body_writer.begin(environment.storage, Takes.OBJECT) as taken:
        async for chunk in content:
            if taken.size + len(chunk) > limit:
                raise FetchFailedError(f"The content is larger than {limit} bytes.")
            await taken.take(chunk)
        return await taken.finish()
